package dev.berth.it.kernel;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.util.Random;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// A link that reorders: of the packets in each direction, one of so many is overtaken by the next few.
final class UnevenLink implements Link {
    private static final int FURTHEST = 5;

    private final Link link;
    private final boolean segmented;
    private final Reordering outbound;
    private final Reordering inbound;

    /// @param segmented whether packets may stand for several segments
    /// @param oneIn one of so many packets is overtaken
    UnevenLink(Link link, boolean segmented, int oneIn, long seed) {
        this.link = link;
        this.segmented = segmented;
        outbound = new Reordering(oneIn, seed);
        inbound = new Reordering(oneIn, seed + 1);
    }

    @Override
    public LinkInfo info() {
        LinkInfo info = link.info();
        return segmented ? info : new LinkInfo(info.name(), info.mtu(), info.checksumOffload(), 0);
    }

    @Override
    public void start(LinkReceiver receiver) throws IOException {
        link.start(new LinkReceiver() {
            @Override
            public BufferPool pool() {
                return receiver.pool();
            }

            @Override
            public boolean received(Packet packet) {
                inbound.pass(packet, receiver::received);
                return true;
            }

            @Override
            public void down(String reason) {
                receiver.down(reason);
            }
        });
    }

    @Override
    public void transmit(Packet packet) {
        outbound.pass(packet, link::transmit);
    }

    @Override
    public void flush() {
        link.flush();
    }

    @Override
    public void close() {
        link.close();
    }

    private static final class Reordering {
        private final int oneIn;
        private final Random random;
        private final ReentrantLock lock = new ReentrantLock();
        private Packet held;
        private int overtakers;

        Reordering(int oneIn, long seed) {
            this.oneIn = oneIn;
            random = new Random(seed);
        }

        void pass(Packet packet, Consumer<Packet> next) {
            Packet released = null;
            lock.lock();
            try {
                if (held == null && random.nextInt(oneIn) == 0) {
                    held = packet;
                    overtakers = 1 + random.nextInt(FURTHEST);
                    return;
                }
                if (held != null && --overtakers == 0) {
                    released = held;
                    held = null;
                }
            } finally {
                lock.unlock();
            }
            next.accept(packet);
            if (released != null) {
                next.accept(released);
            }
        }
    }
}
