package dev.berth.ethernet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.host.UdpSocket;
import dev.berth.tun.FrameInput;
import dev.berth.tun.FrameSocket;
import dev.berth.wire.ArpHeader;
import dev.berth.wire.DhcpMessage;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The two kinds of UNIX sockets, with clients on the kernel's sockets.
@Timeout(120)
class FrameServersTest extends SegmentOfTwo {
    @Override
    EthernetSegment.Builder settings(EthernetSegment.Builder builder) {
        return builder.staticAddresses(true).limits(4, 8, 16);
    }

    /// A client in QEMU's framing.
    private static final class Client implements AutoCloseable {
        private final SocketChannel channel;
        private final DataInputStream in;
        private final DataOutputStream out;

        Client(Path path) throws IOException {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
            in = new DataInputStream(Channels.newInputStream(channel));
            out = new DataOutputStream(Channels.newOutputStream(channel));
        }

        void send(byte[] frame) throws IOException {
            ByteBuffer framed = ByteBuffer.allocate(4 + frame.length);
            framed.putInt(frame.length).put(frame);
            out.write(framed.array());
        }

        byte[] receive() throws IOException {
            byte[] frame = new byte[in.readInt()];
            in.readFully(frame);
            return frame;
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    @Test
    void several_clients_come_to_a_stream_socket_and_go() throws Exception {
        Path path = temporary.resolve("net.sock");
        try (FrameServer server = segment.listenStream(path);
                Client one = new Client(server.path());
                Client two = new Client(server.path())) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                    .isEqualTo("rw-------");
            one.send(GuestFrames.dhcp(MAC, DhcpMessage.DISCOVER, "0.0.0.0", ""));
            assertThat(GuestFrames.yours(one.receive())).startsWith("10.0.2.");
            two.send(GuestFrames.arp(MAC + 1, ArpHeader.REQUEST, "10.0.2.50", "10.0.2.10"));
            assertThat(ScriptedGuest.isArp(two.receive())).isTrue();
            assertThat(segment.ports()).hasSize(2);
            assertThat(network.isTaken(IpAddress.parse("10.0.2.50"))).isTrue();

            two.close();
            await("its address is free", () -> !network.isTaken(IpAddress.parse("10.0.2.50")));
            await("its port is gone", () -> segment.ports().size() == 1);
            assertThat(segment.counters().arpReplies()).isEqualTo(1);
        }
        assertThat(segment.ports()).isEmpty();
        assertThat(path).doesNotExist();
    }

    @Test
    void frames_may_come_in_pieces_and_many_at_once() throws Exception {
        try (FrameServer server = segment.listenStream(temporary.resolve("net.sock"));
                Client client = new Client(server.path())) {
            byte[] ask = GuestFrames.arp(MAC, ArpHeader.REQUEST, "10.0.2.50", "10.0.2.10");
            ByteBuffer framed = ByteBuffer.allocate(100 * (4 + ask.length));
            for (int i = 0; i < 100; i++) {
                framed.putInt(ask.length).put(ask);
            }
            byte[] all = framed.array();
            for (int at = 0; at < all.length; ) {
                int size = Math.min(1 + at % 97, all.length - at);
                client.out.write(all, at, size);
                at += size;
            }
            for (int i = 0; i < 100; i++) {
                assertThat(ScriptedGuest.isArp(client.receive())).isTrue();
            }
        }
    }

    @Test
    void a_client_that_speaks_something_else_is_cut_off_and_others_are_not() throws Exception {
        try (FrameServer server = segment.listenStream(temporary.resolve("net.sock"));
                Client good = new Client(server.path());
                Client bad = new Client(server.path())) {
            bad.out.write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThatThrownBy(bad::receive).isInstanceOf(IOException.class);
            good.send(GuestFrames.arp(MAC, ArpHeader.REQUEST, "10.0.2.50", "10.0.2.10"));
            assertThat(ScriptedGuest.isArp(good.receive())).isTrue();
            await("one is left", () -> segment.ports().size() == 1);
        }
    }

    @Test
    void a_client_that_does_not_read_holds_nobody_up() throws Exception {
        try (FrameServer server = segment.listenStream(temporary.resolve("net.sock"));
                Client slow = new Client(server.path());
                Client good = new Client(server.path());
                UdpSocket socket = web.openUdpSocket()) {
            slow.send(GuestFrames.arp(MAC, ArpHeader.REQUEST, "10.0.2.50", "10.0.2.10"));
            good.send(GuestFrames.arp(MAC + 1, ArpHeader.REQUEST, "10.0.2.51", "10.0.2.10"));
            await(
                    "both have their addresses",
                    () -> network.isTaken(IpAddress.parse("10.0.2.50"))
                            && network.isTaken(IpAddress.parse("10.0.2.51")));
            byte[] data = new byte[1_400];
            for (int i = 0; i < 10_000; i++) {
                socket.send(data, 0, data.length, new Endpoint(IpAddress.parse("10.0.2.50"), 9));
            }
            assertThat(network.dropped()).as("what a slow guest cannot take").isPositive();
            assertThat(ScriptedGuest.isArp(good.receive())).isTrue();
            socket.send(new byte[] {7}, 0, 1, new Endpoint(IpAddress.parse("10.0.2.51"), 9));
            assertThat(good.receive()).endsWith(7);

            // It reads again, and gets what has waited, in whole frames.
            assertThat(ScriptedGuest.isArp(slow.receive())).isTrue();
            for (int i = 0; i < 1_000; i++) {
                assertThat(slow.receive()).hasSize(14 + 28 + 1_400);
            }
        }
    }

    @Test
    void no_more_clients_are_let_in_than_may_be() throws Exception {
        try (FrameServer server = segment.listenStream(temporary.resolve("net.sock"))) {
            Client[] clients = new Client[5];
            for (int i = 0; i < clients.length; i++) {
                clients[i] = new Client(server.path());
            }
            assertThatThrownBy(() -> clients[4].receive()).isInstanceOf(IOException.class);
            await("it was counted", () -> segment.refusedGuests() == 1);
            assertThat(segment.ports()).hasSize(4);
            clients[0].close();
            await("there is room", () -> segment.ports().size() == 3);
            try (Client late = new Client(server.path())) {
                late.send(GuestFrames.arp(MAC, ArpHeader.REQUEST, "10.0.2.50", "10.0.2.10"));
                assertThat(ScriptedGuest.isArp(late.receive())).isTrue();
            }
            for (Client client : clients) {
                client.close();
            }
        }
    }

    @Test
    void a_path_that_is_taken_is_left_alone_and_one_that_was_left_behind_is_used() throws Exception {
        Path path = temporary.resolve("net.sock");
        Files.writeString(path, "not a socket");
        assertThatThrownBy(() -> segment.listenStream(path)).hasMessageContaining("is no socket");
        assertThatThrownBy(() -> segment.listenDatagram(path)).hasMessageContaining("is no socket");
        Files.delete(path);
        try (FrameServer first = segment.listenStream(path)) {
            assertThatThrownBy(() -> segment.listenStream(first.path())).hasMessageContaining("is in use by");
        }
        try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(path));
        }
        assertThat(path).exists();
        segment.listenStream(path).close();
        Path tooLong = temporary.resolve("x".repeat(120));
        assertThatThrownBy(() -> segment.listenDatagram(tooLong)).hasMessageContaining("at most 107 octets");
    }

    /// Each of the two finds out that the other is there, and neither loses its file.
    @Test
    void a_live_socket_is_taken_by_nobody_and_its_owner_is_named() throws Exception {
        Path path = temporary.resolve("net.sock");
        String self = "process " + ProcessHandle.current().pid() + " (";
        try (FrameServer first = segment.listenDatagram(path)) {
            assertThatThrownBy(() -> segment.listenDatagram(path))
                    .hasMessageStartingWith(path + " is in use by " + self);
            assertThatThrownBy(() -> segment.listenStream(path)).hasMessageStartingWith(path + " is in use by " + self);
            assertThat(first.path()).exists();
        }
        assertThat(path).doesNotExist();
        try (FrameServer first = segment.listenStream(path)) {
            assertThatThrownBy(() -> segment.listenDatagram(path))
                    .hasMessageStartingWith(path + " is in use by " + self);
            assertThat(first.path()).exists();
        }
        FrameSocket left = FrameSocket.bind(path, 1);
        left.start(new Nobody());
        left.close();
        assertThat(path).exists();
        segment.listenDatagram(path).close();
        assertThat(path).doesNotExist();
    }

    private static final class Nobody implements FrameInput {
        @Override
        public void frame(int sender, byte[] bytes, int length) {}

        @Override
        public void endOfBatch() {}

        @Override
        public void left(int sender) {}

        @Override
        public void ended(String reason) {}
    }

    @Test
    void a_file_that_somebody_else_has_put_in_its_place_stays() throws Exception {
        Path path = temporary.resolve("net.sock");
        for (boolean stream : new boolean[] {true, false}) {
            FrameServer server = stream ? segment.listenStream(path) : segment.listenDatagram(path);
            Files.delete(path);
            Files.writeString(path, "another");
            server.close();
            assertThat(path).hasContent("another");
            Files.delete(path);
        }
    }

    /// Somebody who looks all the time never sees rights for others.
    @Test
    void a_socket_has_its_rights_from_the_first_moment_on() throws Exception {
        Path path = temporary.resolve("net.sock");
        Set<String> seen = ConcurrentHashMap.newKeySet();
        AtomicBoolean done = new AtomicBoolean();
        Thread looking = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                try {
                    seen.add(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
                } catch (IOException e) {
                    // it is not there now
                }
            }
        });
        try {
            for (int i = 0; i < 100 || seen.isEmpty() && i < 10_000; i++) {
                segment.listenStream(path).close();
                segment.listenDatagram(path).close();
            }
        } finally {
            done.set(true);
            looking.join();
        }
        assertThat(seen).containsExactly("rw-------");
        assertThat(temporary.toFile().list()).as("what was made on the way").isEmpty();
    }

    private static final String PYTHON = """
            import os, socket, sys
            server, own = sys.argv[1:3]
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(own)
            s.settimeout(20)
            s.connect(server)
            s.send(b'VFKT')
            for frame in sys.argv[3:]:
                s.send(bytes.fromhex(frame))
                print(s.recv(70000).hex(), flush=True)
            # Many at once, more than the kernel keeps for one socket.
            for _ in range(200):
                s.send(bytes.fromhex(sys.argv[3]))
            print(sum(len(s.recv(70000)) > 0 for _ in range(200)), flush=True)
            """;

    @Test
    void a_datagram_socket_takes_one_frame_in_each() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "needs python3: Java has no such sockets");
        try (FrameServer server = segment.listenDatagram(temporary.resolve("net.sock"))) {
            HexFormat hex = HexFormat.of();
            Process client = new ProcessBuilder(
                            "/usr/bin/python3",
                            "-c",
                            PYTHON,
                            server.path().toString(),
                            temporary.resolve("client.sock").toString(),
                            hex.formatHex(GuestFrames.arp(MAC, ArpHeader.REQUEST, "10.0.2.50", "10.0.2.10")),
                            hex.formatHex(GuestFrames.dhcp(MAC, DhcpMessage.DISCOVER, "0.0.0.0", "")))
                    .redirectErrorStream(true)
                    .start();
            String output = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(client.waitFor()).as(output).isZero();
            String[] lines = output.split("\n");
            assertThat(ScriptedGuest.isArp(hex.parseHex(lines[0]))).isTrue();
            assertThat(GuestFrames.yours(hex.parseHex(lines[1]))).startsWith("10.0.2.");
            assertThat(lines[2]).isEqualTo("200");
            assertThat(segment.counters().dropped(FrameDrop.OVERFLOW)).isZero();

            // Nobody is there any more: the first frame that cannot be sent tells.
            await("the guest is gone", () -> {
                try (UdpSocket socket = web.openUdpSocket()) {
                    socket.send(new byte[1], 0, 1, new Endpoint(IpAddress.parse("10.0.2.50"), 9));
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
                return segment.ports().isEmpty();
            });
        }
    }
}
