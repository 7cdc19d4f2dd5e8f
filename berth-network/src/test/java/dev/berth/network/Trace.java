package dev.berth.network;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongSupplier;

/// Everything that passes the links of some hosts, each octet with its time, as one digest.
final class Trace {
    private final MessageDigest digest;
    private final byte[] bytes = new byte[65_536];
    private final byte[] time = new byte[8];
    LongSupplier clock = () -> 0;
    long packets;

    Trace() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private void add(Packet packet) {
        Bytes.put64(time, 0, clock.getAsLong());
        digest.update(time);
        digest.update(bytes, 0, packet.copyTo(bytes, 0));
        packets++;
    }

    String text() {
        return HexFormat.of().formatHex(digest.digest());
    }

    HostPlan around(HostPlan plan) {
        return plan.around(Traced::new);
    }

    private final class Traced implements Link {
        private final Link link;

        Traced(Link link) {
            this.link = link;
        }

        @Override
        public LinkInfo info() {
            return link.info();
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
                    add(packet);
                    return receiver.received(packet);
                }

                @Override
                public void ready() {
                    receiver.ready();
                }

                @Override
                public void down(String reason) {
                    receiver.down(reason);
                }
            });
        }

        @Override
        public void transmit(Packet packet) {
            add(packet);
            link.transmit(packet);
        }

        @Override
        public boolean isReady() {
            return link.isReady();
        }

        @Override
        public void flush() {
            link.flush();
        }

        @Override
        public void close() {
            link.close();
        }
    }
}
