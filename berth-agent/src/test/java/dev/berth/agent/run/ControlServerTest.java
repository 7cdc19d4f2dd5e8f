package dev.berth.agent.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ControlServerTest {
    private static final long NOBODY = 999_999_999_999L;

    private static final Map<String, ControlHandler> HANDLERS = Map.of(
            "count",
            (request, lines) -> {
                long to = request.number("to", 0);
                request.requireNothingElse();
                for (long i = 1; i <= to; i++) {
                    lines.accept(new JsonLine().add("number", i).toString());
                }
                return new JsonLine().add("counted", to);
            },
            "bug",
            (_, _) -> {
                throw new IllegalStateException("oops");
            });

    @TempDir
    private Path dir;

    private static String rights(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void a_request_is_answered_with_lines_and_a_last_one() throws Exception {
        try (ControlServer server = ControlServer.open(dir.resolve("a.sock"), HANDLERS);
                ControlClient client = ControlClient.connect(server.path())) {
            List<String> lines = new ArrayList<>();
            Map<String, Object> last = client.ask("{\"request\":\"count\",\"to\":3}", lines::add);
            assertThat(lines).containsExactly("{\"number\":1}", "{\"number\":2}", "{\"number\":3}");
            assertThat(last).containsEntry("counted", 3L);
            assertThat(client.ask("{\"request\":\"count\"}", lines::add)).containsEntry("counted", 0L);
        }
    }

    @Test
    void mistakes_are_answered_in_words_and_the_connection_goes_on() throws Exception {
        try (ControlServer server = ControlServer.open(dir.resolve("a.sock"), HANDLERS);
                ControlClient client = ControlClient.connect(server.path())) {
            for (String[] each : new String[][] {
                {"nonsense", "The request is not understood: Not JSON at character 0"},
                {"{}", "The member 'request' is missing"},
                {"{\"request\":\"fly\"}", "There is no request 'fly'"},
                {"{\"request\":7}", "The member 'request' is not a string"},
                {"{\"request\":\"count\",\"to\":\"x\"}", "The member 'to' is not a whole number"},
                {"{\"request\":\"count\",\"from\":1}", "The member 'from' is not known here"},
                {"{\"request\":\"bug\"}", "The request failed: java.lang.IllegalStateException: oops"}
            }) {
                assertThatThrownBy(() -> client.ask(each[0], _ -> {}))
                        .isInstanceOf(ControlException.class)
                        .hasMessage(each[1]);
            }
            assertThat(client.ask("{\"request\":\"count\"}", _ -> {})).containsEntry("ok", true);
        }
    }

    @Test
    void a_request_that_is_too_long_is_refused_and_its_client_is_left() throws Exception {
        try (ControlServer server = ControlServer.open(dir.resolve("a.sock"), HANDLERS);
                SocketChannel channel = KernelUnixSockets.connect(server.path());
                OutputStream out = Channels.newOutputStream(channel);
                InputStream in = Channels.newInputStream(channel)) {
            out.write("x".repeat((16 << 10) + 1).getBytes(StandardCharsets.UTF_8));
            String answer = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("{\"ok\":false,\"error\":\"A request is one line of JSON of at most 16384");
        }
    }

    @Test
    void more_clients_than_places_wait_for_one() throws Exception {
        try (ControlServer server = ControlServer.open(dir.resolve("a.sock"), HANDLERS)) {
            List<ControlClient> clients = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                ControlClient client = ControlClient.connect(server.path());
                clients.add(client);
                client.ask("{\"request\":\"count\"}", _ -> {});
            }
            try (ControlClient ninth = ControlClient.connect(server.path())) {
                Thread leaver = Thread.ofVirtual().start(() -> {
                    try {
                        clients.getFirst().close();
                    } catch (java.io.IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
                assertThat(ninth.ask("{\"request\":\"count\"}", _ -> {})).containsEntry("ok", true);
                leaver.join();
            }
            for (ControlClient client : clients) {
                client.close();
            }
        }
    }

    @Test
    void the_socket_belongs_to_its_user_alone_and_goes_with_the_server() throws Exception {
        Path path = dir.resolve("a.sock");
        try (ControlServer server = ControlServer.open(path, HANDLERS)) {
            assertThat(rights(path)).isEqualTo("rw-------");
            assertThat(server.path()).isEqualTo(path);
        }
        assertThat(dir).isEmptyDirectory();
    }

    @Test
    void closing_ends_the_talk_with_a_client() throws Exception {
        ControlServer server = ControlServer.open(dir.resolve("a.sock"), HANDLERS);
        try (ControlClient client = ControlClient.connect(server.path())) {
            client.ask("{\"request\":\"count\"}", _ -> {});
            server.close();
            assertThatThrownBy(() -> client.ask("{\"request\":\"count\"}", _ -> {}))
                    .isInstanceOf(java.io.IOException.class);
        }
    }

    @Test
    void what_a_dead_server_left_is_replaced_and_anything_else_is_not() throws Exception {
        Path path = dir.resolve("a.sock");
        ServerSocketChannel dead = KernelUnixSockets.listen(path, 1);
        dead.close(); // the JDK leaves the file
        assertThat(path).exists();
        try (ControlServer server = ControlServer.open(path, HANDLERS)) {
            assertThatThrownBy(() -> ControlServer.open(path, HANDLERS))
                    .hasMessage("Cannot make the control socket " + path + ": it exists already");
            assertThat(server.path()).exists();
        }
        Path file = Files.writeString(dir.resolve("file"), "precious");
        assertThatThrownBy(() -> ControlServer.open(file, HANDLERS)).hasMessageEndingWith("it exists already");
        assertThat(file).hasContent("precious");
        Path link = Files.createSymbolicLink(dir.resolve("link"), file);
        assertThatThrownBy(() -> ControlServer.open(link, HANDLERS)).hasMessageEndingWith("it exists already");
        assertThatThrownBy(() -> ControlServer.open(dir.resolve("none/a.sock"), HANDLERS))
                .hasMessageEndingWith("there is no such directory");
    }

    @Test
    void the_directory_is_private_and_made_where_the_user_has_a_place() throws Exception {
        Path runtime = Files.createDirectory(dir.resolve("run"));
        Files.setPosixFilePermissions(runtime, PosixFilePermissions.fromString("rwx------"));
        ControlDirectory own = ControlDirectory.in(runtime.toString(), dir);
        assertThat(own.path()).isEqualTo(runtime.resolve("berth"));
        assertThat(rights(own.path())).isEqualTo("rwx------");
        assertThat(ControlDirectory.in(runtime.toString(), dir)).isEqualTo(own);

        Object uid = Files.getAttribute(runtime, "unix:uid");
        assertThat(ControlDirectory.in(null, dir).path()).isEqualTo(dir.resolve("berth-" + uid));
        Files.setPosixFilePermissions(runtime, PosixFilePermissions.fromString("rwxr-x---"));
        assertThat(ControlDirectory.in(runtime.toString(), dir).path())
                .as("a runtime directory that others can enter is not used")
                .isEqualTo(dir.resolve("berth-" + uid));
    }

    @Test
    void a_directory_of_others_or_a_link_is_refused() throws Exception {
        Object uid = Files.getAttribute(dir, "unix:uid");
        Path path = dir.resolve("berth-" + uid);
        Path elsewhere = Files.createDirectory(dir.resolve("elsewhere"));
        Files.createSymbolicLink(path, elsewhere);
        assertThatThrownBy(() -> ControlDirectory.in(null, dir)).hasMessageEndingWith("it is not a directory");
        Files.delete(path);
        Files.createDirectory(path);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(() -> ControlDirectory.in(null, dir))
                .hasMessageEndingWith("it gives rights to others: rwxrwxrwx");
    }

    @Test
    void sockets_of_dead_processes_are_cleaned_away_and_others_stay() throws Exception {
        ControlDirectory directory = ControlDirectory.in(null, dir);
        Path dead = directory.socketOf(NOBODY);
        KernelUnixSockets.listen(dead, 1).close();
        Path reused = directory.socketOf(1); // the number of a dead process is that of another one now
        KernelUnixSockets.listen(reused, 1).close();
        Path foreign = Files.createFile(directory.path().resolve("notes.sock"));
        try (ControlServer server = ControlServer.open(
                        directory.socketOf(ProcessHandle.current().pid()), HANDLERS);
                ServerSocketChannel unseen = KernelUnixSockets.listen(directory.socketOf(NOBODY - 1), 1)) {
            assertThat(directory.entries()).hasSize(4);
            directory.removeStale();
            assertThat(dead).doesNotExist();
            assertThat(reused).doesNotExist();
            assertThat(foreign).exists();
            assertThat(server.path()).exists();
            assertThat(directory.entries())
                    .as("a process in another container may be alive")
                    .extracting(ControlDirectory.Entry::pid)
                    .containsExactly(ProcessHandle.current().pid(), NOBODY - 1);
            assertThat(unseen.isOpen()).isTrue();
        }
    }
}
