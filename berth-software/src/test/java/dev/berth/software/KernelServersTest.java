package dev.berth.software;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.host.Host;
import dev.berth.sockets.BerthSocketFactory;
import dev.berth.sockets.HostScope;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import dev.berth.tun.TunLink;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Unmodified clients on Berth, with servers on the kernel as their peers: PostgreSQL and Redis, through a TUN device.
class KernelServersTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String DEVICE = "berth0";
    private static final String SERVER = "10.7.0.1";
    private static final String CLIENT = "10.7.0.2";
    private static final String URL = "jdbc:postgresql://" + SERVER + "/postgres";

    private NetworkNamespace namespace;
    private Path directory;

    @BeforeEach
    void begin() throws IOException {
        assumeTrue(NetworkNamespace.isAvailableFor(KernelServersTest.class));
        directory = Files.createTempDirectory("berth-servers");
        namespace = NetworkNamespace.create();
        namespace.check("ip", "tuntap", "add", "dev", DEVICE, "mode", "tun", "vnet_hdr");
        namespace.check("ip", "addr", "add", SERVER + "/24", "dev", DEVICE);
        namespace.check("ip", "link", "set", "dev", DEVICE, "up");
    }

    @AfterEach
    void end() throws IOException {
        if (namespace != null) {
            namespace.close();
            remove(directory);
        }
    }

    private static void remove(Path directory) throws IOException {
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static Optional<Path> postgres() {
        try (Stream<Path> versions = Files.exists(Path.of("/usr/lib/postgresql"))
                ? Files.list(Path.of("/usr/lib/postgresql"))
                : Stream.empty()) {
            return versions.map(version -> version.resolve("bin"))
                    .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
                    .findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Session {
        void run() throws IOException, SQLException;
    }

    private void withPostgres(Session session) throws IOException, SQLException {
        Optional<Path> bin = postgres();
        SoftwareRun.assume(KernelServersTest.class, bin.isPresent(), "PostgreSQL is not installed.");
        String data = directory.resolve("data").toString();
        // The server refuses to be root's.
        namespace.check("chown", "nobody", directory.toString());
        String[] user = {"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"};
        namespace.run(
                LIMIT, command(user, bin.get() + "/initdb", "-D", data, "-U", "berth", "--auth=trust", "--no-sync"));
        Files.writeString(directory.resolve("data/pg_hba.conf"), "host all all " + CLIENT + "/32 trust\n");
        try (NamespaceProgram server = namespace.start(command(
                user,
                bin.get() + "/postgres",
                "-D",
                data,
                "-h",
                SERVER,
                "-k",
                directory.toString(),
                "-c",
                "fsync=off"))) {
            server.awaitLine(line -> line.contains("ready to accept connections"), LIMIT);
            session.run();
        }
    }

    @Test
    void postgresql_writes_and_reads_rows_for_its_jdbc_driver() throws IOException, SQLException {
        withPostgres(() -> expectDone("PostgresClient", URL, "berth", ""));
    }

    /// In this JVM, which is on the kernel's network; the server lets nobody in but Berth's address.
    @Test
    void postgresql_is_reached_by_a_driver_with_a_socket_factory() throws IOException, SQLException {
        withPostgres(() -> {
            try (TunLink tun = TunLink.builder(DEVICE)
                            .inNamespace(namespace.path())
                            .open();
                    Host client = Host.builder("client")
                            .link(tun)
                            .address(IpAddress.Prefix.parse(CLIENT + "/24"))
                            .start()) {
                String sockets = "?socketFactory=" + BerthSocketFactory.class.getName();
                HostScope.run(client, () -> {
                    try (Connection connection = DriverManager.getConnection(URL + sockets, "berth", "")) {
                        H2OverTcp.rows(connection);
                    }
                });
                // Another test of this JVM may have installed a host that has no way to anywhere.
                assertThatThrownBy(() -> DriverManager.getConnection(URL + sockets, "berth", ""))
                        .rootCause()
                        .message()
                        .matches("No sockets are installed: .*|Network is unreachable");
            }
        });
    }

    @Test
    void redis_keeps_values_for_jedis() throws IOException {
        SoftwareRun.assumeInstalled(KernelServersTest.class, "redis-server");
        try (NamespaceProgram server = namespace.start(
                "redis-server",
                "--bind",
                SERVER,
                "--save",
                "",
                "--protected-mode",
                "no",
                "--dir",
                directory.toString())) {
            server.awaitLine(line -> line.contains("Ready to accept connections"), LIMIT);
            expectDone("RedisClient", "redis://" + SERVER + ":6379");
        }
    }

    private static String[] command(String[] prefix, String... rest) {
        List<String> all = new ArrayList<>(List.of(prefix));
        all.addAll(List.of(rest));
        return all.toArray(String[]::new);
    }

    private void expectDone(String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                SoftwareRun.ROOT.resolve("berth").toString(),
                "run",
                "--tun",
                DEVICE,
                "--address",
                CLIENT,
                "-cp",
                SoftwareRun.CLASS_PATH,
                "dev.berth.software." + program));
        command.addAll(List.of(arguments));
        NetworkNamespace.Outcome outcome = namespace.run(Duration.ofMinutes(3), command.toArray(String[]::new));
        assertThat(outcome.output().strip()).contains("right: ").endsWith("done");
        assertThat(outcome.exit()).isZero();
    }
}
