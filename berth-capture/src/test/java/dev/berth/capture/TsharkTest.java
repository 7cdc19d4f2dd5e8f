package dev.berth.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What Wireshark's reader says about captures.
@Timeout(60)
class TsharkTest {
    private static final long TIME = 1_700_000_000_123_456_789L;

    @TempDir
    static Path directory;

    private final Packets packets = new Packets();

    @BeforeAll
    static void findTshark() throws Exception {
        boolean there;
        try {
            there = run(List.of("tshark", "--version")).contains("TShark");
        } catch (IOException e) {
            there = false;
            System.err.println("*** SKIPPED: " + TsharkTest.class.getName() + " needs tshark: " + e + " ***");
        }
        assumeTrue(there, "needs tshark");
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(command)
                .redirectOutput(output.toFile())
                .redirectError(directory.resolve("errors").toFile())
                .start();
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(command + " took too long");
        }
        String errors = Files.readString(directory.resolve("errors"));
        assertThat(process.exitValue()).as(errors).isZero();
        return Files.readString(output);
    }

    private static List<String> tshark(Path file, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("tshark", "-n", "-r", file.toString()));
        for (String protocol : List.of("ip", "tcp", "udp")) {
            command.addAll(List.of("-o", protocol + ".check_checksum:TRUE"));
        }
        command.addAll(List.of(arguments));
        return run(command).lines().toList();
    }

    private Path everyKind() throws IOException {
        Path path = directory.resolve("kinds.pcapng");
        try (Capture capture = Capture.to(Files.newOutputStream(path), () -> TIME)) {
            Capture.Origin link = capture.origin("berth0");
            Capture.Origin loopback = capture.origin("lo");
            for (boolean ipv6 : new boolean[] {false, true}) {
                for (int length : new int[] {0, 1, 2, 3, 1_001, 1_400}) {
                    link.record(Direction.OUTBOUND, packets.udp(ipv6, Packets.pattern(length)));
                    link.record(
                            Direction.INBOUND,
                            packets.contiguous(packets.tcp(ipv6, TcpHeader.ACK, Packets.pattern(length))));
                    Packet complete = packets.tcp(ipv6, TcpHeader.ACK, Packets.pattern(length));
                    complete.completeChecksum();
                    loopback.record(Direction.OUTBOUND, complete);
                }
                Packet many = packets.tcp(ipv6, TcpHeader.ACK | TcpHeader.PSH, Packets.pattern(60_001));
                many.segmentSize = 1_400;
                link.record(Direction.OUTBOUND, many);
                Packet datagrams = packets.contiguous(packets.udp(ipv6, Packets.pattern(10_001)));
                datagrams.segmentSize = 1_000;
                link.record(Direction.INBOUND, datagrams);
                loopback.record(Direction.OUTBOUND, packets.tcp(ipv6, TcpHeader.ACK, Packets.pattern(65_000)));
            }
        }
        return path;
    }

    @Test
    void all_checksums_are_good_and_nothing_is_malformed() throws Exception {
        Path path = everyKind();
        int perVersion = 18 + 43 + 11 + 1;
        List<String> status = tshark(
                path,
                "-T",
                "fields",
                "-E",
                "separator=,",
                "-e",
                "ip.checksum.status",
                "-e",
                "tcp.checksum.status",
                "-e",
                "udp.checksum.status");
        assertThat(status).hasSize(2 * perVersion);
        assertThat(status.subList(0, perVersion)).allMatch(line -> line.equals("1,1,") || line.equals("1,,1"));
        assertThat(status.subList(perVersion, 2 * perVersion))
                .allMatch(line -> line.equals(",1,") || line.equals(",,1"));
        assertThat(tshark(path, "-Y", "_ws.malformed || _ws.expert.severity == error"))
                .isEmpty();
        assertThat(tshark(path, "-Y", "tcp.checksum.status == 0 || udp.checksum.status == 0"))
                .isEmpty();
    }

    @Test
    void interfaces_times_and_directions_are_shown() throws Exception {
        List<String> lines = tshark(
                everyKind(),
                "-c",
                "3",
                "-T",
                "fields",
                "-E",
                "separator=,",
                "-e",
                "frame.interface_name",
                "-e",
                "frame.time_epoch",
                "-e",
                "frame.packet_flags_direction");
        assertThat(lines).hasSize(3);
        assertThat(lines.get(0)).startsWith("berth0,1700000000.123456789,").endsWith("2");
        assertThat(lines.get(1)).startsWith("berth0,1700000000.123456789,").endsWith("1");
        assertThat(lines.get(2)).startsWith("lo,1700000000.123456789,").endsWith("2");
    }

    @Test
    void a_wrong_checksum_would_be_noticed() throws Exception {
        Path path = directory.resolve("wrong.pcapng");
        Packet packet = packets.tcp(false, TcpHeader.ACK, Packets.pattern(10));
        packet.checksum = Packet.CHECKSUM_COMPLETE; // a lie: the field holds the pseudo-header sum
        try (Capture capture = Capture.open(path)) {
            capture.origin("berth0").record(Direction.OUTBOUND, packet);
        }
        assertThat(tshark(path, "-T", "fields", "-e", "tcp.checksum.status")).containsExactly("0");
    }
}
