package dev.berth.gateway.shared;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.network.Guest;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// The holder's end of a member's link, from when it is accepted; a guest of the network once it has said who it is.
///
/// A member that does not read loses packets, once 4 MiB wait, and holds nobody up.
final class ServedMember implements Link, LinkLoop.Client, FrameChannel.Reader {
    private static final int LIMIT = 4 << 20;

    /// So many octets leave at once, before the batch ends.
    static final int EARLY = 128 << 10;

    private final SharedNetwork network;
    private final FrameChannel frames;
    private final LinkInfo info;
    private final LongAdder overflow = new LongAdder();
    private final LongAdder malformed = new LongAdder();
    private volatile @Nullable LinkReceiver receiver;

    // Of the loop's thread
    final long acceptedAt = System.nanoTime();
    private boolean gone;

    volatile @Nullable Guest guest;
    private volatile long pid;
    private volatile String program = "";

    ServedMember(SharedNetwork network, SocketChannel channel, LinkLoop loop, LinkInfo info) throws IOException {
        this.network = network;
        this.info = info;
        frames = new FrameChannel(channel, loop.selector(), LIMIT, this);
    }

    /// Who says that it is, for people.
    void introduce(long process, String what) {
        pid = process;
        program = what;
    }

    long pid() {
        return pid;
    }

    String program() {
        return program;
    }

    /// Packets for it that were dropped because it did not take them.
    long overflow() {
        return overflow.sum();
    }

    /// Packets of it that said of themselves what cannot be.
    long malformed() {
        return malformed.sum();
    }

    /// Sends a text, of which lines that have no room are left out; one that does not fit into all that waits is lost
    /// with the member.
    void send(Message message) {
        frames.send(message.toString(FrameChannel.LONGEST_TEXT));
    }

    @Override
    public void ready(SelectionKey key) {
        String reason = null;
        if (key.isWritable()) {
            frames.writable();
        }
        try {
            if (key.isReadable() && !frames.read(this)) {
                reason = "it has left";
            }
        } catch (ProtocolException e) {
            network.countBroken();
            reason = "it sent a " + e.getMessage();
        } catch (IOException e) {
            reason = String.valueOf(e.getMessage());
        } catch (RuntimeException e) {
            end("what it sent makes the network fail"); // nobody knows where its next frame begins
            throw e;
        }
        LinkReceiver to = receiver;
        if (to != null) {
            to.receivedAll();
        }
        if (reason != null) {
            end(reason);
        }
    }

    /// Takes the member off the network. On the loop's thread.
    void end(String reason) {
        if (!gone) {
            gone = true;
            network.left(this, reason);
        }
    }

    @Override
    public void text(String text) throws IOException {
        if (!gone) {
            network.said(this, Message.parse(text));
        }
    }

    @Override
    public void packet(ByteBuffer from, int length, boolean partialChecksum) throws IOException {
        if (gone) {
            return;
        }
        LinkReceiver to = receiver;
        if (to == null) {
            throw new ProtocolException("packet before it said who it is");
        }
        if (length > info.mtu()) {
            throw new ProtocolException("packet of " + length + " octets");
        }
        Packet packet = FrameChannel.take(from, length, partialChecksum, to.pool());
        if (packet == null) {
            malformed.increment();
        } else {
            to.receivedMore(packet);
        }
    }

    @Override
    public LinkInfo info() {
        return info;
    }

    @Override
    public void start(LinkReceiver network) {
        receiver = network;
    }

    @Override
    public void transmit(Packet packet) {
        int waiting = frames.offer(packet);
        packet.release();
        if (waiting < 0) {
            overflow.increment();
        } else if (waiting > EARLY) {
            frames.flush();
        }
    }

    @Override
    public void flush() {
        frames.flush();
    }

    @Override
    public void close() {
        frames.close();
    }
}
