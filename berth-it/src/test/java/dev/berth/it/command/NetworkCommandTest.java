package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `berth network`, `berth run --network`, `berth publish` and `berth unpublish`: all are processes of their own.
@Timeout(300)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class NetworkCommandTest {
    private static final String PYTHON = "/usr/bin/python3";
    private static final String RELAY = "dev.berth.it.command.programs.Relay";

    @TempDir
    private Path dir;

    @BeforeEach
    void restrict() throws IOException {
        Files.setPosixFilePermissions(dir, PosixFilePermissions.fromString("rwx------"));
    }

    /// A network that a test that failed has left.
    @AfterEach
    void endNetworks() throws Exception {
        Path own = dir.resolve("berth");
        if (Files.isDirectory(own)) {
            try (Stream<Path> files = Files.list(own)) {
                for (Path each :
                        files.filter(file -> file.toString().endsWith(".lock")).toList()) {
                    String name = each.getFileName().toString().replace(".lock", "");
                    berth("network", "rm", "--force", name);
                }
            }
        }
    }

    private record Outcome(int code, String out, List<String> err) {}

    private BerthProcess start(String... arguments) throws IOException {
        return BerthProcess.startIn(BerthProcess.ROOT, List.of("env", "XDG_RUNTIME_DIR=" + dir), arguments);
    }

    private Outcome berth(String... arguments) throws Exception {
        try (BerthProcess process = start(arguments)) {
            return new Outcome(process.exitCode(), process.out(), process.err());
        }
    }

    private String done(String... arguments) throws Exception {
        Outcome outcome = berth(arguments);
        assertThat(outcome.code())
                .as(() -> String.join(" ", arguments) + outcome.err())
                .isZero();
        return outcome.out();
    }

    private String refused(String... arguments) throws Exception {
        Outcome outcome = berth(arguments);
        assertThat(outcome.code()).as(() -> String.join(" ", arguments)).isEqualTo(1);
        return String.join("\n", outcome.err());
    }

    private long create() throws Exception {
        String out = done("network", "create", "shop", "--outside", "off");
        Matcher matcher = Pattern.compile(
                        "^Network 'shop' is there: 10.77.0.0/24 and fd00:77::/64, held by process (\\d+) in the"
                                + " background\\.\nJoin it with 'berth run --network shop', end it with"
                                + " 'berth network rm shop'\\.$")
                .matcher(out);
        assertThat(matcher.find()).as(out).isTrue();
        return Long.parseLong(matcher.group(1));
    }

    private static String get(int port, String path) throws IOException {
        HttpURLConnection connection = (HttpURLConnection)
                URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
        connection.setConnectTimeout(30_000);
        connection.setReadTimeout(60_000);
        try (InputStream in = connection.getInputStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private BerthProcess relay(String name) throws IOException {
        return start(
                "run", "--network", "shop", "--name", name, "--publish", "0:80", "-cp", BerthProcess.PROGRAMS, RELAY);
    }

    private BerthProcess web(String name) throws IOException {
        return start("run", "--network", "shop", "--name", name, "--publish", "0:80", BerthProcess.WEB);
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition, String what) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            LockSupport.parkNanos(50_000_000);
        }
    }

    private static void kill(long pid) throws Exception {
        assertThat(new ProcessBuilder("kill", "-KILL", Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
        await(() -> ProcessHandle.of(pid).map(each -> !each.isAlive()).orElse(true), "it is dead");
    }

    @Test
    void two_programs_share_a_network_and_outlive_each_other_and_its_holder() throws Exception {
        long holder = create();
        assertThat(refused("network", "create", "shop"))
                .isEqualTo("berth network create: Network 'shop' is there already: process " + holder + " holds it.");
        try (BerthProcess one = relay("one");
                BerthProcess two = web("two")) {
            int first = one.awaitWebServer();
            int second = two.awaitWebServer();
            String address = two.awaitErr("^berth: host two at (10\\.77\\.0\\.\\d+) and fd00:77::\\d+, on network shop")
                    .group(1);
            assertThat(get(first, "/two")).startsWith("Hello from " + address + " port 80 to 10.77.0.");
            assertThat(get(second, "/")).startsWith("Hello from " + address + " port 80 to 169.254.254.254 port ");
            assertThat(get(first, "/nobody")).isEqualTo("failed: UnknownHostException");
            assertThat(refused("run", "--network", "shop", "--name", "two", BerthProcess.WEB))
                    .isEqualTo("berth run: There is a host 'two' on network shop already: process " + two.pid()
                            + " (web.jar).");
            ports(one, two, first, second);

            kill(two.pid());
            await(() -> done("network", "show", "shop", "--json").lines().count() == 2, "the killed one is gone");
            assertThat(get(first, "/two")).isEqualTo("failed: UnknownHostException");
            try (BerthProcess again = web("two")) {
                again.awaitWebServer();
                again.awaitErr("^berth: host two at " + Pattern.quote(address) + " and ");
                assertThat(get(first, "/two")).startsWith("Hello from " + address);

                kill(holder);
                one.awaitErr("^berth: Network 'shop' is gone, until somebody creates it again: ");
                again.awaitErr("^berth: Network 'shop' is gone");
                assertThat(create()).isNotEqualTo(holder);
                one.awaitErr("^berth: Network 'shop' is back");
                again.awaitErr("^berth: Network 'shop' is back");
                assertThat(get(first, "/two")).startsWith("Hello from " + address);
                assertThat(refused("network", "rm", "shop"))
                        .isEqualTo("berth network rm: Network 'shop' has members: one, two. With --force it ends"
                                + " nevertheless.");
                again.signal("TERM");
                assertThat(again.exitCode()).isEqualTo(143);
            }
        }
        await(() -> done("network", "show", "shop", "--json").lines().count() == 1, "both are gone");
        assertThat(done("network", "ls").lines().toList())
                .hasSize(2)
                .last()
                .asString()
                .matches("shop  10\\.77\\.0\\.0/24, fd00:77::/64  off      0        \\d+");
        done("network", "rm", "shop");
        assertThat(done("network", "ls").lines().toList()).hasSize(1);
        try (Stream<Path> files = Files.list(dir.resolve("berth"))) {
            assertThat(files.filter(each -> !each.toString().endsWith(".sock"))).isEmpty();
        }
    }

    private void ports(BerthProcess one, BerthProcess two, int first, int second) throws Exception {
        assertThat(refused("publish", "one", second + ":80"))
                .isEqualTo(
                        "berth publish: Port " + second + " of 127.0.0.1 is in use by host 'two' of web.jar (process "
                                + two.pid() + "), which publishes its port 80 there.");
        assertThat(refused("publish", "0:80")).startsWith("berth publish: It could be host ");
        Matcher late = Pattern.compile("^127\\.0\\.0\\.1:(\\d+) leads to port 80 of host two$")
                .matcher(done("publish", "two", "0:80"));
        assertThat(late.matches()).isTrue();
        int third = Integer.parseInt(late.group(1));
        assertThat(get(third, "/")).startsWith("Hello from ");
        assertThat(done("publish").lines().map(each -> each.split(" +")[0] + " " + each.split(" +")[1]))
                .contains("127.0.0.1:" + first + " one", "127.0.0.1:" + second + " two", "127.0.0.1:" + third + " two");
        assertThat(done("unpublish", Integer.toString(third)))
                .isEqualTo("127.0.0.1:" + third + " leads to port 80 of host two no more");
        assertThat(refused("unpublish", Integer.toString(third))).contains("is not published; published is 127.0.0.1:");
        assertThat(one.pid()).isNotEqualTo(two.pid());
    }

    @Test
    void a_supervisor_can_hold_a_network_in_the_foreground() throws Exception {
        try (BerthProcess holder = start("network", "create", "shop", "--foreground", "--subnet", "10.5.0.0/16")) {
            holder.awaitErr("^berth: network 'shop' is 10\\.5\\.0\\.0/16, held by process " + holder.pid());
            holder.signal("TERM");
            assertThat(holder.exitCode()).isEqualTo(143);
        }
        try (Stream<Path> files = Files.list(dir.resolve("berth"))) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void what_makes_no_sense_is_refused_in_one_sentence() throws Exception {
        assertThat(refused("run", "--network", "shop", BerthProcess.WEB))
                .isEqualTo("berth run: There is no network 'shop'. Create it with 'berth network create shop'.");
        assertThat(refused("network", "rm", "shop")).startsWith("berth network rm: There is no network 'shop'");
        assertThat(berth("network", "create", "shop", "--subnet", "10.0.0.0/30")
                        .err()
                        .toString())
                .contains("The length of subnet 10.0.0.0/30 is not from 8 to 28");
        assertThat(berth("run", "--network", "shop", "--outside", "on", BerthProcess.WEB)
                        .err()
                        .toString())
                .contains("are options of 'berth network create'");
        Files.createDirectories(dir.resolve("berth"));
        Files.setPosixFilePermissions(dir.resolve("berth"), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThat(refused("network", "create", "shop"))
                .endsWith("berth cannot hold control sockets: it gives rights to others: rwxrwxrwx.");
        Files.setPosixFilePermissions(dir.resolve("berth"), PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void a_control_socket_answers_nobody_else() throws Exception {
        Path open = Files.createTempDirectory(Path.of("/tmp"), "berth-it-");
        Path socket = open.resolve("s");
        assumeTrue(Files.isExecutable(Path.of(PYTHON)), PYTHON + " is not installed");
        assumeTrue(
                ProcessHandle.current().info().user().orElse("").equals("root"), "Only root can become somebody else");
        try (BerthProcess berth = start("run", "--control", socket.toString(), BerthProcess.WEB)) {
            berth.awaitOut("^Listening on port 80$");
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
            Process other = new ProcessBuilder(
                            "setpriv",
                            "--reuid=65534",
                            "--regid=65534",
                            "--clear-groups",
                            PYTHON,
                            "-c",
                            "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
                                    + " print(s.makefile().readline())",
                            socket.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            assertThat(new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("{\"ok\":false,\"error\":\"The other end belongs to user nobody, not to root");
        } finally {
            Files.deleteIfExists(socket);
            Files.deleteIfExists(open);
        }
    }
}
