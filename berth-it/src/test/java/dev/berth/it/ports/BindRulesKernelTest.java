package dev.berth.it.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NetworkNamespace;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The rules of Linux by the running kernel: the same lists of socket calls, for all pairs of sockets on one port, are
/// carried out by kernel sockets in a network namespace and on Berth's port table. Where Berth differs on purpose,
/// [Difference] says so.
@Tag("netns")
@Timeout(300)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BindRulesKernelTest {
    private static final System.Logger LOGGER = System.getLogger(BindRulesKernelTest.class.getName());

    @TempDir
    Path directory;

    @Test
    void tcp_sockets_share_ports_as_on_the_kernel() throws IOException {
        compare(BindMoves.tcp());
    }

    @Test
    void tcp_sockets_on_one_port_connect_as_on_the_kernel() throws IOException {
        compare(BindMoves.tcpOnOneTuple());
    }

    @Test
    void udp_sockets_share_ports_and_get_datagrams_as_on_the_kernel() throws IOException {
        compare(BindMoves.udp());
    }

    @Test
    void connected_udp_sockets_share_a_tuple_as_on_the_kernel() throws IOException {
        compare(BindMoves.udpOnOneTuple());
    }

    private void compare(List<BindMoves.Case> cases) throws IOException {
        List<List<String>> kernel = onKernel(cases);
        Map<Difference, Integer> explained = new EnumMap<>(Difference.class);
        List<String> unexplained = new ArrayList<>();
        for (int i = 0; i < cases.size(); i++) {
            List<String> berth = TableSockets.make(cases.get(i).moves());
            Difference difference = Difference.of(cases.get(i), kernel.get(i), berth);
            if (difference != null) {
                explained.merge(difference, 1, Integer::sum);
            } else if (!berth.equals(kernel.get(i))) {
                unexplained.add(cases.get(i).name() + "\n  " + cases.get(i).moves() + "\n  kernel " + kernel.get(i)
                        + "\n  Berth  " + berth);
            }
        }
        LOGGER.log(System.Logger.Level.INFO, "{0} cases, different on purpose: {1}", cases.size(), explained);
        assertThat(unexplained).isEmpty();
    }

    private List<List<String>> onKernel(List<BindMoves.Case> cases) throws IOException {
        assumeTrue(NetworkNamespace.isAvailableFor(getClass()), "needs root, ip and /dev/net/tun");
        Path script = directory.resolve("kernel_sockets.py");
        try (InputStream source = getClass().getResourceAsStream("kernel_sockets.py")) {
            Files.copy(Objects.requireNonNull(source), script);
        }
        Path moves = directory.resolve("moves");
        Files.write(moves, cases.stream().map(BindMoves.Case::moves).toList());
        try (NetworkNamespace namespace = NetworkNamespace.create()) {
            boolean python = namespace.run("python3", "--version").exit() == 0;
            if (!python) {
                LOGGER.log(System.Logger.Level.WARNING, "*** SKIPPED: {0}: there is no python3 ***", getClass());
            }
            assumeTrue(python, "needs python3");
            for (int host : new int[] {1, 2, 9}) {
                namespace.check("ip", "address", "add", "10.0.0." + host + "/32", "dev", "lo");
                namespace.check("ip", "address", "add", "fd00::" + host + "/128", "dev", "lo", "nodad");
            }
            // Clients get ports that no case has.
            namespace.check("sh", "-c", "echo 61000 65535 > /proc/sys/net/ipv4/ip_local_port_range");
            NetworkNamespace.Outcome outcome =
                    namespace.run(Duration.ofMinutes(3), "python3", script.toString(), moves.toString());
            assertThat(outcome.exit()).as(outcome.output()).isZero();
            List<List<String>> answers = outcome.output()
                    .lines()
                    .map(line -> List.of(line.split(" ")))
                    .toList();
            assertThat(answers).hasSameSizeAs(cases);
            return answers;
        }
    }
}
