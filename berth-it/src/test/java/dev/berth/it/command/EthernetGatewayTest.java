package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NetworkNamespace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `berth gateway --tap` in one namespace of the kernel serves the kernel of another, which has a DHCP client and
/// nothing else, and a third is the outside.
@Tag("netns")
@Timeout(300)
class EthernetGatewayTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path files;

    @BeforeAll
    static void needNamespaces() {
        assumeTrue(NetworkNamespace.isAvailableFor(EthernetGatewayTest.class));
    }

    private static void join(NetworkNamespace near, NetworkNamespace far) {
        near.check("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v0", "netns", far.name());
        String[] numbers = {"1", "2"};
        NetworkNamespace[] both = {near, far};
        for (int i = 0; i < 2; i++) {
            both[i].check("ip", "addr", "add", "10.9.0." + numbers[i] + "/24", "dev", "v0");
            both[i].check("ip", "addr", "add", "fd09::" + numbers[i] + "/64", "dev", "v0", "nodad");
            both[i].check("ip", "link", "set", "v0", "up");
        }
    }

    private static void serve(NetworkNamespace where, int port, Path directory) {
        where.start(
                "python3",
                "-m",
                "http.server",
                String.valueOf(port),
                "--bind",
                "::",
                "--directory",
                directory.toString());
        where.check(
                "sh",
                "-c",
                "for i in $(seq 100); do curl -s -o /dev/null http://127.0.0.1:" + port
                        + "/ && exit 0; busybox usleep 100000; done; exit 1");
    }

    private Path script() throws Exception {
        Path script = files.resolve("lease");
        Files.writeString(script, """
                #!/bin/sh
                [ "$1" = bound ] || exit 0
                ip address add "$ip/$mask" dev "$interface"
                ip route add default via "$router"
                echo "leased $ip router $router dns $dns"
                """);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return script;
    }

    @Test
    void aNamespaceWithATapDeviceReachesTheOutsideAndIsReached() throws Exception {
        Path pages = Files.createDirectory(files.resolve("pages"));
        Files.writeString(pages.resolve("file"), "a file\n");
        try (NetworkNamespace guest = NetworkNamespace.create();
                NetworkNamespace near = NetworkNamespace.create();
                NetworkNamespace far = NetworkNamespace.create()) {
            join(near, far);
            serve(far, 8_000, pages);
            serve(guest, 80, pages);
            try (BerthProcess gateway = BerthProcess.startIn(
                    BerthProcess.ROOT,
                    List.of("ip", "netns", "exec", near.name()),
                    "gateway",
                    "--netns",
                    guest.path().toString(),
                    "--tap",
                    "tap0",
                    "--publish",
                    "18080:80")) {
                gateway.awaitErr("gateway on tap0, guests in 10\\.0\\.2\\.0/24 and fd00::/64, router 10\\.0\\.2\\.2");
                String leased =
                        guest.check("busybox", "udhcpc", "-i", "tap0", "-n", "-q", "-f", "-s", script().toString());
                assertThat(leased).contains("leased 10.0.2.100 router 10.0.2.2 dns 10.0.2.3");

                assertThat(guest.check("curl", "-s", "--max-time", "20", "http://10.9.0.2:8000/file"))
                        .isEqualTo("a file\n");
                guest.check(
                        "sh",
                        "-c",
                        "for i in $(seq 150); do ip -6 -o address show dev tap0 scope global -tentative | grep -q fd00:"
                                + " && exit 0; busybox usleep 100000; done; exit 1");
                assertThat(guest.check("curl", "-g", "-s", "--max-time", "20", "http://[fd09::2]:8000/file"))
                        .isEqualTo("a file\n");
                assertThat(guest.check("busybox", "nslookup", "-type=a", "localhost", "10.0.2.3"))
                        .contains("127.0.0.1");
                assertThat(guest.run("curl", "-s", "--max-time", "5", "http://10.9.0.2:8001/")
                                .exit())
                        .as("the outside refuses, and so does the gateway")
                        .isEqualTo(7);

                assertThat(near.run(LIMIT, "curl", "-s", "--max-time", "20", "http://127.0.0.1:18080/file")
                                .output())
                        .isEqualTo("a file\n");
                guest.check("ip", "link", "delete", "tap0");
                gateway.awaitErr("TAP device tap0 was removed");
                gateway.awaitErr("frames from guests [1-9][0-9]*, to them [1-9][0-9]*, leases 1");
            }
        }
    }
}
