package dev.berth.agent.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.gateway.shared.MemberLink;
import dev.berth.gateway.shared.MemberWish;
import dev.berth.gateway.shared.SharedNetwork;
import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class NetworkHolderTest {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30);

    @TempDir
    private Path dir;

    private NetworkFiles files(String name) throws IOException {
        return new NetworkFiles(ControlDirectory.in(null, dir), NetworkFiles.checked(name));
    }

    private static NetworkHolder open(NetworkFiles files) throws IOException {
        return NetworkHolder.open(
                files,
                new SharedNetwork.Settings(
                        files.name(), List.of(IpAddress.Prefix.parse("10.77.0.0/24")), 65_520, false, List.of()),
                _ -> {});
    }

    private static MemberLink join(NetworkFiles files, String name) throws IOException {
        return MemberLink.join(files.name(), files::connect, new MemberWish(name, true, List.of(), "test"), _ -> {});
    }

    private static Host host(MemberLink link) throws IOException {
        return Host.builder(link.membership().name())
                .link(link)
                .address(link.membership().addresses().getFirst())
                .start();
    }

    private static List<Path> in(NetworkFiles files) throws IOException {
        try (Stream<Path> all = Files.list(files.directory().path())) {
            return all.toList();
        }
    }

    @Test
    void a_network_is_held_by_one_process_and_leaves_nothing() throws Exception {
        NetworkFiles files = files("shop");
        try (NetworkHolder holder = open(files)) {
            assertThat(NetworkFiles.names(files.directory())).containsExactly("shop");
            assertThatThrownBy(() -> open(files))
                    .isInstanceOf(IOException.class)
                    .hasMessage("Network 'shop' is there already: process "
                            + ProcessHandle.current().pid() + " holds it");
            assertThat(NetworkHolder.removeStale(files)).isFalse();
            for (Path each : in(files)) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(each)))
                        .as(each.toString())
                        .startsWith("rw");
            }
            assertThat(PosixFilePermissions.toString(
                            Files.getPosixFilePermissions(files.directory().path())))
                    .isEqualTo("rwx------");
            assertThat(holder.describe()).startsWith("network 'shop' is 10.77.0.0/24, without the outside, held by");
        }
        assertThat(in(files)).isEmpty();
    }

    @Test
    void what_a_killed_process_has_left_is_replaced_or_removed() throws Exception {
        NetworkFiles files = files("shop");
        for (Path each : List.of(files.members(), files.control())) {
            KernelUnixSockets.listen(each, 1).close(); // the file stays, and nobody listens
        }
        Files.writeString(files.lock(), "999999");
        try (NetworkHolder _ = open(files);
                MemberLink link = join(files, "web")) {
            assertThat(link.membership().addresses()).containsExactly(IpAddress.Prefix.parse("10.77.0.1/24"));
        }
        Files.writeString(files.lock(), "999999");
        assertThatThrownBy(() -> join(files, "web"))
                .hasMessage("There is no network 'shop': the process that held it has ended. Create it with"
                        + " 'berth network create shop'");
        assertThat(NetworkHolder.removeStale(files)).isTrue();
        assertThat(in(files)).isEmpty();
        assertThatThrownBy(() -> join(files, "web"))
                .hasMessage("There is no network 'shop'. Create it with 'berth network create shop'");
    }

    @Test
    void a_directory_of_somebody_else_or_with_rights_for_others_is_refused() throws Exception {
        NetworkFiles files = files("shop");
        Files.setPosixFilePermissions(files.directory().path(), PosixFilePermissions.fromString("rwxr-x---"));
        assertThatThrownBy(() -> files("shop")).hasMessageEndingWith("it gives rights to others: rwxr-x---");
    }

    @Test
    void names_of_networks_are_names_of_files() {
        for (String bad : new String[] {"", "..", "a/b", "Shop", "-a", "a-", "a".repeat(33), "a b", "a.b"}) {
            assertThatThrownBy(() -> NetworkFiles.checked(bad)).hasMessageContaining("is not a name for a network");
        }
        assertThat(NetworkFiles.checked("a1-b")).isEqualTo("a1-b");
    }

    @Test
    void it_tells_of_its_members_and_publishes_their_ports() throws Exception {
        NetworkFiles files = files("shop");
        try (NetworkHolder _ = open(files);
                MemberLink link = join(files, "web");
                Host host = host(link);
                TcpAcceptor acceptor = host.openTcpAcceptor();
                ControlClient client = ControlClient.connect(files.control())) {
            acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
            acceptor.listen(10);
            List<Map<String, Object>> members = new ArrayList<>();
            Map<String, Object> network =
                    client.ask("{\"request\":\"network\"}", line -> members.add(JsonText.object(line)));
            assertThat(network).containsEntry("members", 1L).containsEntry("outside", false);
            assertThat(members.getFirst())
                    .containsEntry("host", "web")
                    .containsEntry("addresses", List.of("10.77.0.1"))
                    .containsEntry("pid", ProcessHandle.current().pid());

            assertThatThrownBy(() -> client.ask("{\"request\":\"publish\",\"port\":\"0:80\"}", _ -> {}))
                    .hasMessage("Which host of network 'shop' is meant? Its members are web");
            assertThatThrownBy(() -> client.ask("{\"request\":\"publish\",\"port\":\"0:80\",\"host\":\"db\"}", _ -> {}))
                    .hasMessage("There is no host 'db' on network 'shop'. Its members are web");
            Map<String, Object> published =
                    client.ask("{\"request\":\"publish\",\"port\":\"0:80\",\"host\":\"WEB\"}", _ -> {});
            int port = Publication.machine(String.valueOf(published.get("outside")))
                    .port();
            try (Socket outside = new Socket(InetAddress.getLoopbackAddress(), port);
                    TcpSocket accepted = acceptor.accept(PATIENCE)) {
                assertThat(accepted.remote()).isNotNull();
                assertThat(accepted.remote().address()).hasToString("10.77.0.254");
                outside.getOutputStream().write(7);
                byte[] octet = new byte[1];
                assertThat(accepted.read(octet, 0, 1, PATIENCE)).isEqualTo(1);
            }

            assertThatThrownBy(() -> client.ask("{\"request\":\"end\"}", _ -> {}))
                    .hasMessage("Network 'shop' has members: web. With --force it ends nevertheless");
        }
    }

    @Test
    void it_ends_when_somebody_asks_for_it() throws Exception {
        NetworkFiles files = files("shop");
        try (NetworkHolder holder = open(files)) {
            try (MemberLink _ = join(files, "web");
                    ControlClient client = ControlClient.connect(files.control())) {
                client.ask("{\"request\":\"end\",\"force\":true}", _ -> {});
                holder.awaitEnd();
            }
        }
        assertThat(in(files)).isEmpty();
    }
}
