package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `berth socks` beside a program that runs, and curl as one that is not on Berth.
@Timeout(300)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SocksCommandTest {
    private static final Pattern LISTEN = Pattern.compile("\"listen\":\"127\\.0\\.0\\.1:(\\d+)\"");

    @TempDir
    private Path directory;

    private static String socks(long pid, String... arguments) throws Exception {
        String[] all = new String[arguments.length + 3];
        all[0] = "socks";
        all[1] = "--pid";
        all[2] = Long.toString(pid);
        System.arraycopy(arguments, 0, all, 3, arguments.length);
        try (BerthProcess command = BerthProcess.start(all)) {
            assertThat(command.exitCode()).as(() -> "exit code").isZero();
            return command.out();
        }
    }

    @Test
    void curl_reaches_a_server_by_the_name_of_its_host() throws Exception {
        try (BerthProcess berth =
                BerthProcess.start("run", "--outside", "off", "--publish", "0:80", BerthProcess.WEB)) {
            berth.awaitWebServer();
            long pid = berth.pid();
            Matcher matcher = LISTEN.matcher(socks(pid, "--listen", "0", "--json"));
            assertThat(matcher.find()).isTrue();
            String proxy = "127.0.0.1:" + matcher.group(1);
            assertThat(Tool.CURL.run(
                            "-sS",
                            "-o",
                            "/dev/null",
                            "-w",
                            "%{http_code}",
                            "--max-time",
                            "60",
                            "--socks5-hostname",
                            proxy,
                            "http://app/"))
                    .isEqualTo("200");
            assertThat(Tool.CURL.run(
                            "-sS",
                            "-o",
                            "/dev/null",
                            "-w",
                            "%{http_code}",
                            "--max-time",
                            "60",
                            "--proxytunnel",
                            "--proxy",
                            "http://" + proxy,
                            "http://10.0.0.1/"))
                    .isEqualTo("200");
            assertThat(socks(pid, "--list")).contains(proxy).containsPattern("web\\.jar/\\d+ +\\d+ +0 +2 +0 +0");
            assertThat(socks(pid, "--end", "--listen", proxy)).contains(proxy);
        }
    }

    @Test
    void a_taken_port_is_refused_with_the_program_that_has_it_and_what_for() throws Exception {
        try (BerthProcess berth =
                BerthProcess.start("run", "--outside", "off", "--publish", "0:80", BerthProcess.WEB)) {
            String published = "127.0.0.1:" + berth.awaitWebServer();
            long pid = berth.pid();
            Matcher matcher = LISTEN.matcher(socks(pid, "--listen", "0", "--json"));
            assertThat(matcher.find()).isTrue();
            String proxy = "127.0.0.1:" + matcher.group(1);
            assertThat(refused(pid, proxy))
                    .isEqualTo("berth socks: Cannot listen on " + proxy + ": it is in use by web.jar (process " + pid
                            + "), which has a proxy there.");
            assertThat(refused(pid, published))
                    .isEqualTo("berth socks: Cannot listen on " + published
                            + ": it is in use by host 'app' of web.jar (process " + pid
                            + "), which publishes its port 80 there.");
            Path file = directory.resolve("proxy.sock");
            socks(pid, "--listen", file.toString());
            assertThat(refused(pid, file.toString()))
                    .isEqualTo("berth socks: Cannot listen on " + file + ": it is in use by web.jar (process " + pid
                            + "), which has a proxy there.");
            try (BerthProcess command = BerthProcess.start("publish", "--pid", "" + pid, matcher.group(1) + ":80")) {
                assertThat(command.exitCode()).isEqualTo(1);
                assertThat(command.err())
                        .containsExactly("berth publish: Port " + matcher.group(1)
                                + " of 127.0.0.1 is in use by web.jar (process " + pid
                                + "), which has a proxy there.");
            }
        }
    }

    private static String refused(long pid, String listen) throws Exception {
        try (BerthProcess command = BerthProcess.start("socks", "--pid", "" + pid, "--listen", listen)) {
            assertThat(command.exitCode()).as(() -> "exit code").isEqualTo(1);
            return String.join("\n", command.err());
        }
    }
}
