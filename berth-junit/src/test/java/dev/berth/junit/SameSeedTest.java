package dev.berth.junit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.capture.Capture;
import dev.berth.host.Host;
import dev.berth.host.UdpSocket;
import dev.berth.network.Conversation;
import dev.berth.network.LinkProfile;
import dev.berth.network.LossModel;
import dev.berth.network.Network;
import dev.berth.network.NetworkObserver;
import dev.berth.network.VirtualTime;
import dev.berth.sockets.BerthServerSocketFactory;
import dev.berth.sockets.BerthSocketFactory;
import dev.berth.wire.Endpoint;
import dev.berth.wire.Packet;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The same seed makes the same file of packets, octet by octet: in every run, in every JVM, on every machine. What is
/// captured has threads and scripts, TCP and UDP, both families, a router, loss, jitter, duplicates, reordering, a cut,
/// a crash and a restart.
@Timeout(300)
class SameSeedTest {
    /// SHA-256 of the file that seed 42 makes, wherever it is made. A change of the protocol's behaviour, or of what a
    /// capture looks like, changes it: then the new one is written here, once it has come out on two machines.
    private static final String DIGEST_OF_42 = "f681e682b93fb648c593f17d602fe0c00b7171a56b02b2adf0787d8b8e7919e6";

    private static final int RUNS = 100;
    private static final int OCTETS = 60_000;
    private static final Duration HOUR = Duration.ofHours(1);

    /// A whole run, as the file that a user would get.
    private static byte[] capture(long seed) throws IOException {
        AtomicReference<Network> running = new AtomicReference<>();
        Capture capture = Capture.ring(64 << 20, () -> {
            Network network = running.get();
            return network == null ? 0 : network.time().now();
        });
        LinkProfile link = LinkProfile.PERFECT
                .latency(Duration.ofMillis(5))
                .jitter(Duration.ofMillis(2))
                .bandwidth(50_000_000)
                .loss(LossModel.bursts(0.01, 2))
                .duplicate(0.005)
                .reorder(0.01, Duration.ofMillis(3));
        NetworkObserver notes = new NetworkObserver() {
            @Override
            public void started(Host host) {
                capture.watch(host);
                host.addresses().forEach(address -> capture.name(address, host.name()));
            }

            @Override
            public void dropped(Packet packet, String why) {
                capture.note(packet, why);
            }
        };
        try (Network network = Network.builder("lab")
                .virtualTime(seed)
                .mtu(1_500)
                .observer(notes)
                .subnet("front", "10.1.0.0/24", "fd00:1::/64")
                .subnet("back", "10.2.0.0/24", "fd00:2::/64")
                .router("gw", "front", "back")
                .host("server", plan -> plan.in("back").link(link).around(capture::around))
                .host("client", plan -> plan.in("front").link(link).around(capture::around))
                .host("other", plan -> plan.in("front").around(capture::around))
                .build()) {
            running.set(network);
            converse(network);
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        capture.dump(file, "seed " + seed);
        assertThat(capture.forgotten() + capture.missed()).isZero();
        return file.toByteArray();
    }

    private static Host host(Network network, String name) {
        return network.find(name).orElseThrow();
    }

    private static void converse(Network network) throws IOException {
        VirtualTime time = network.time();
        network.script("server").listen(7, Conversation::echo);
        Conversation overIpv6 = network.script("other")
                .connect(new Endpoint(network.addresses("server").getLast(), 7))
                .sendPattern(OCTETS);
        ServerSocket server = new BerthServerSocketFactory(host(network, "server")).createServerSocket(80);
        VirtualTime.Turn serving = time.start("server", () -> {
            for (int i = 0; i < 3; i++) {
                try (Socket accepted = server.accept()) {
                    accepted.getOutputStream().write(accepted.getInputStream().readAllBytes());
                }
            }
        });
        InetAddress address =
                InetAddress.getByAddress(network.addresses("server").getFirst().octets());
        for (int i = 0; i < 3; i++) {
            time.start("client " + i, () -> {
                try (Socket socket = new BerthSocketFactory(host(network, "client")).createSocket(address, 80)) {
                    socket.getOutputStream().write(new byte[OCTETS]);
                    socket.shutdownOutput();
                    assertThat(socket.getInputStream().readAllBytes()).hasSize(OCTETS);
                }
            });
        }
        time.start("datagrams", () -> {
            try (UdpSocket socket = host(network, "client").openUdpSocket()) {
                for (int i = 0; i < 20; i++) {
                    socket.send(
                            new byte[i],
                            0,
                            i,
                            new Endpoint(network.addresses("server").get(i % 2), 9));
                    time.sleep(Duration.ofMillis(7));
                }
            }
        });
        time.advance(Duration.ofMillis(40));
        network.partition("client").lasting(Duration.ofSeconds(2));
        assertThat(time.runUntil(() -> serving.isDone() && overIpv6.received() == OCTETS, HOUR))
                .isTrue();
        network.crash("server");
        overIpv6.send("nobody is there");
        time.advance(Duration.ofSeconds(3));
        network.restart("server");
        assertThat(time.runUntil(() -> overIpv6.failure() != null, HOUR)).isTrue();
        assertThat(overIpv6.failure()).hasMessage("Connection reset");
    }

    private static String digest(byte[] file) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(file));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_hundred_runs_are_one_and_the_one_of_other_machines() throws IOException {
        byte[] first = capture(42);
        assertThat(first).hasSizeGreaterThan(4 * OCTETS);
        for (int i = 1; i < RUNS; i++) {
            assertThat(capture(42)).isEqualTo(first);
        }
        assertThat(digest(first))
                .as("the digest in this file: new only if the protocol or the form of a capture has changed")
                .isEqualTo(DIGEST_OF_42);
    }

    @Test
    void every_other_seed_makes_another_file() throws IOException {
        Set<String> digests = new HashSet<>();
        for (long seed = 0; seed < 20; seed++) {
            digests.add(digest(capture(seed)));
        }
        assertThat(digests).hasSize(20).doesNotContain(DIGEST_OF_42);
    }
}
