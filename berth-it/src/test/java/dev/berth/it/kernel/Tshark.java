package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// Wireshark's reader, as a judge of captured packets.
final class Tshark {
    private static final System.Logger LOGGER = System.getLogger(Tshark.class.getName());
    private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();
    private static final int LIMIT_SECONDS = 120;

    /// What no packet may be: malformed, an error, or wrongly checksummed. The kernel quotes packets in its ICMP
    /// errors as they came through the TUN device, with partial checksums, so what ICMP quotes is not looked at.
    private static final String WRONG = "_ws.malformed || icmp.checksum.status == 0 || icmpv6.checksum.status == 0"
            + " || (!icmp && !icmpv6 && (_ws.expert.severity == error || ip.checksum.status == 0"
            + " || tcp.checksum.status == 0 || udp.checksum.status == 0))";

    private Tshark() {}

    /// Fails if `tshark` finds anything wrong in `file`; says so in the log, once per `test`, if there is no
    /// `tshark`.
    static void check(Path file, Class<?> test) throws Exception {
        if (isThere(file, test)) {
            assertThat(read(file, WRONG)).isEmpty();
        }
    }

    private static boolean isThere(Path file, Class<?> test) throws Exception {
        try {
            return run(file.resolveSibling("tshark.version"), List.of("tshark", "--version"))
                    .contains("TShark");
        } catch (IOException e) {
            if (TOLD.add(test.getName())) {
                LOGGER.log(
                        System.Logger.Level.WARNING,
                        "*** SKIPPED: the captures of {0} need tshark: {1} ***",
                        test.getName(),
                        e.getMessage());
            }
            return false;
        }
    }

    /// One line for each packet of `file` that passes `filter`.
    static List<String> read(Path file, String filter) throws Exception {
        List<String> command = new ArrayList<>(List.of("tshark", "-n", "-r", file.toString(), "-Y", filter));
        // What the programs say to each other is octets here, not what tshark would take it for.
        command.addAll(List.of("-d", "tcp.port==1-65535,data", "-d", "udp.port==1-65535,data"));
        for (String protocol : List.of("ip", "tcp", "udp")) {
            command.addAll(List.of("-o", protocol + ".check_checksum:TRUE"));
        }
        command.addAll(List.of("-o", "tcp.desegment_tcp_streams:FALSE"));
        return run(file.resolveSibling("tshark.out"), command).lines().toList();
    }

    private static String run(Path output, List<String> command) throws IOException, InterruptedException {
        Path errors = output.resolveSibling("tshark.err");
        Process process = new ProcessBuilder(command)
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile())
                .start();
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(command + " took too long");
        }
        assertThat(process.exitValue())
                .as("%s: %s", command, Files.readString(errors))
                .isZero();
        return Files.readString(output);
    }
}
