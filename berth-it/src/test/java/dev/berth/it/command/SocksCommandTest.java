package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// `berth socks` beside a program that runs, and curl as one that is not on Berth.
@Timeout(300)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SocksCommandTest {
    private static final Pattern LISTEN = Pattern.compile("\"listen\":\"127\\.0\\.0\\.1:(\\d+)\"");

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
}
