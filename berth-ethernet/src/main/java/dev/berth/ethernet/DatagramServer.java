package dev.berth.ethernet;

import dev.berth.tun.FrameInput;
import dev.berth.tun.FrameSocket;
import dev.berth.tun.SocketFile;
import java.io.IOException;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Guests at a UNIX datagram socket, one frame in each datagram: QEMU's `-netdev dgram` and vfkit. Who sends from a
/// socket with an address is a guest. vfkit's first datagram is the four letters VFKT, which is no frame.
final class DatagramServer implements FrameServer, FrameInput {
    private static final System.Logger LOGGER = System.getLogger(DatagramServer.class.getName());
    private static final byte[] HELLO = {'V', 'F', 'K', 'T'};

    private final EthernetSegment segment;
    private final Path path;
    private final SocketFile file;
    private final FrameSocket socket;
    private final @Nullable PeerCarrier[] guests;
    private boolean told; // that somebody was turned away

    private DatagramServer(EthernetSegment segment, Path path, SocketFile file, FrameSocket socket, int limit) {
        this.segment = segment;
        this.path = path;
        this.file = file;
        this.socket = socket;
        guests = new PeerCarrier[limit];
    }

    static DatagramServer listen(EthernetSegment segment, Path path, int limit) throws IOException {
        SocketFile.clear(path, SelectorProvider.provider());
        FrameSocket socket = FrameSocket.bind(path, limit);
        boolean started = false;
        try {
            DatagramServer server = new DatagramServer(segment, path, SocketFile.at(path), socket, limit);
            socket.start(server);
            started = true;
            return server;
        } finally {
            if (!started) {
                socket.close();
                Files.deleteIfExists(path);
            }
        }
    }

    @Override
    public Path path() {
        return path;
    }

    @Override
    public void frame(int sender, byte[] bytes, int length) {
        PeerCarrier guest = guests[sender];
        if (guest == null || guest.closed) {
            guest = join(sender);
        }
        FrameReceiver receiver = guest == null ? null : guest.receiver;
        if (receiver != null && !isHello(bytes, length)) {
            receiver.frame(bytes, 0, length);
        }
    }

    private static boolean isHello(byte[] bytes, int length) {
        for (int i = 0; i < HELLO.length; i++) {
            if (length != HELLO.length || bytes[i] != HELLO[i]) {
                return false;
            }
        }
        return true;
    }

    private @Nullable PeerCarrier join(int sender) {
        PeerCarrier guest = new PeerCarrier(sender);
        try {
            EthernetPort port = segment.attachNext("vm", guest);
            guests[sender] = guest;
            port.whenEnded(reason ->
                    LOGGER.log(System.Logger.Level.INFO, "Guest {0} at {1} has gone: {2}", port.name(), path, reason));
            return guest;
        } catch (IOException e) {
            if (!told) {
                told = true;
                LOGGER.log(System.Logger.Level.WARNING, "A guest at {0} was turned away: {1}", path, e.getMessage());
            }
        } catch (RuntimeException e) {
            LOGGER.log(System.Logger.Level.WARNING, "A guest at " + path + " was not let in", e);
        }
        socket.forget(sender);
        return null;
    }

    @Override
    public void endOfBatch() {
        for (PeerCarrier guest : guests) {
            FrameReceiver receiver = guest == null ? null : guest.receiver;
            if (receiver != null) {
                receiver.endOfBatch();
            }
        }
    }

    @Override
    public void left(int sender) {
        PeerCarrier guest = guests[sender];
        guests[sender] = null;
        if (guest != null) {
            guest.end("Nobody is at its socket any more.");
        }
    }

    @Override
    public void ended(String reason) {
        for (PeerCarrier guest : guests) {
            if (guest != null) {
                guest.end(reason);
            }
        }
    }

    @Override
    public void close() {
        socket.close();
        try {
            file.remove();
        } catch (IOException e) {
            LOGGER.log(System.Logger.Level.WARNING, "Removing the socket " + path + " failed", e);
        }
    }

    @Override
    public String toString() {
        return "DatagramServer[" + path + "]";
    }

    /// One guest.
    private final class PeerCarrier implements FrameCarrier {
        private final int peer;
        private volatile boolean closed;
        private volatile @Nullable FrameReceiver receiver;

        PeerCarrier(int peer) {
            this.peer = peer;
        }

        @Override
        public String name() {
            return path + "#" + peer;
        }

        @Override
        public void start(FrameReceiver frames) {
            receiver = frames;
        }

        @Override
        public boolean send(byte[] bytes, int at, int length) {
            return !closed && socket.send(peer, bytes, at, length);
        }

        void end(String reason) {
            FrameReceiver last = receiver;
            receiver = null;
            if (last != null) {
                last.ended(reason);
            }
        }

        @Override
        public void close() {
            closed = true;
            receiver = null;
        }
    }
}
