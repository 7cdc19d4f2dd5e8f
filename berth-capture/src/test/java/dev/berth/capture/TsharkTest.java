package dev.berth.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.wire.Bytes;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
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

    private static List<String> fields(Path file, String... names) throws Exception {
        List<String> arguments = new ArrayList<>(
                List.of("-T", "fields", "-E", "separator=|", "-o", "tcp.relative_sequence_numbers:FALSE"));
        for (String name : names) {
            arguments.addAll(List.of("-e", name));
        }
        return tshark(file, arguments.toArray(new String[0]));
    }

    @Test
    void the_fields_are_those_that_our_reader_sees() throws Exception {
        Path path = everyKind();
        List<String> expected = new ArrayList<>();
        try (PcapngReader reader = PcapngReader.open(path)) {
            for (PcapngBlock.Packet packet; (packet = reader.nextPacket()) != null; ) {
                expected.add(described(packet));
            }
        }
        assertThat(fields(
                        path,
                        "frame.time_epoch",
                        "frame.interface_name",
                        "frame.len",
                        "ip.src",
                        "ip.dst",
                        "ip.len",
                        "ip.id",
                        "ip.ttl",
                        "ipv6.src",
                        "ipv6.dst",
                        "ipv6.plen",
                        "ipv6.flow",
                        "udp.srcport",
                        "udp.dstport",
                        "udp.length",
                        "tcp.srcport",
                        "tcp.dstport",
                        "tcp.seq_raw",
                        "tcp.ack_raw",
                        "tcp.window_size_value",
                        "tcp.len",
                        "tcp.options.timestamp.tsval"))
                .containsExactlyElementsOf(expected);
    }

    private static String described(PcapngBlock.Packet packet) {
        byte[] bytes = packet.bytes();
        List<Object> all = new ArrayList<>();
        long nanos = packet.epochNanos();
        all.add(nanos / 1_000_000_000L + "." + String.format("%09d", nanos % 1_000_000_000L));
        all.add(packet.captureInterface().name());
        all.add(packet.originalLength());
        boolean ipv6 = bytes[0] >>> 4 == 6;
        int at = ipv6 ? 40 : 20;
        if (ipv6) {
            all.addAll(List.of("", "", "", "", ""));
            all.add(new IpAddress(Bytes.i64(bytes, 8), Bytes.i64(bytes, 16)));
            all.add(new IpAddress(Bytes.i64(bytes, 24), Bytes.i64(bytes, 32)));
            all.add(Bytes.u16(bytes, 4));
            all.add(String.format("0x%06x", Bytes.i32(bytes, 0) & 0xfffff));
        } else {
            all.add(IpAddress.ofIpv4(Bytes.i32(bytes, 12)));
            all.add(IpAddress.ofIpv4(Bytes.i32(bytes, 16)));
            all.add(Bytes.u16(bytes, 2));
            all.add(String.format("0x%04x", Bytes.u16(bytes, 4)));
            all.add(Bytes.u8(bytes, 8));
            all.addAll(List.of("", "", "", ""));
        }
        if (bytes[ipv6 ? 6 : 9] == 17) {
            all.addAll(List.of(Bytes.u16(bytes, at), Bytes.u16(bytes, at + 2), Bytes.u16(bytes, at + 4)));
            all.addAll(List.of("", "", "", "", "", "", ""));
        } else {
            all.addAll(List.of("", "", ""));
            all.addAll(List.of(Bytes.u16(bytes, at), Bytes.u16(bytes, at + 2)));
            all.addAll(List.of(Bytes.u32(bytes, at + 4), Bytes.u32(bytes, at + 8), Bytes.u16(bytes, at + 14)));
            all.add(bytes.length - at - TcpHeader.headerLength(bytes, at));
            all.add(Bytes.u32(bytes, at + 24));
        }
        return all.stream().map(Object::toString).collect(Collectors.joining("|"));
    }

    @Test
    void comments_names_and_statistics_are_shown() throws Exception {
        Path path = directory.resolve("notes.pcapng");
        try (Capture capture = Capture.ring(1, () -> TIME)) {
            Capture.Origin origin = capture.origin("db", "the database");
            capture.name(IpAddress.parse("192.0.2.1"), "client.test");
            capture.name(IpAddress.parse("2001:db8:7::2"), "db6.test");
            Packet lost = packets.udp(false, Packets.pattern(10));
            origin.record(Direction.OUTBOUND, lost);
            origin.record(Direction.OUTBOUND, packets.udp(true, Packets.pattern(10)));
            capture.note(lost, "dropped by rule: 2 % loss");
            capture.note(lost, "grün");
            capture.dump(path, "test x", "seed 7");
        }
        assertThat(fields(path, "frame.comment", "frame.interface_description"))
                .containsExactly("dropped by rule: 2 % loss,grün|the database", "|the database");
        List<String> named = run(List.of(
                        "tshark",
                        "-N",
                        "n",
                        "-r",
                        path.toString(),
                        "-T",
                        "fields",
                        "-e",
                        "ip.src_host",
                        "-e",
                        "ipv6.dst_host"))
                .lines()
                .toList();
        assertThat(named).containsExactly("client.test\t", "\tdb6.test");
        assertThat(run(List.of("capinfos", path.toString())))
                .contains("test x")
                .contains("seed 7")
                .contains("nanosecond")
                .contains("Name = db");
        assertThat(tshark(path, "-Y", "_ws.malformed || _ws.expert.severity == error"))
                .isEmpty();
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
