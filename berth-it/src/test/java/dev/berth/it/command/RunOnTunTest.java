package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NetworkNamespace;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// `berth run --tun`, with the kernel of a network namespace as peer.
@Tag("netns")
@Timeout(300)
class RunOnTunTest {
    @BeforeAll
    static void needNamespaces() {
        assumeTrue(NetworkNamespace.isAvailableFor(RunOnTunTest.class));
    }

    @Test
    void kernelFetchesFromAnUnmodifiedServerAndTheDeviceVanishes() throws Exception {
        try (NetworkNamespace namespace = NetworkNamespace.create();
                BerthProcess berth = BerthProcess.startIn(
                        BerthProcess.ROOT,
                        List.of("ip", "netns", "exec", namespace.name()),
                        "run",
                        "--tun",
                        "berth0",
                        "--address",
                        "10.7.0.2",
                        "--address",
                        "fd07::2",
                        "--publish",
                        "8080:80",
                        BerthProcess.WEB)) {
            berth.awaitErr("^berth: host app at 10\\.7\\.0\\.2 and fd07::2, published .*, on TUN device berth0$");
            berth.awaitOut("^Listening on port 80$");
            namespace.check("ip", "addr", "add", "10.7.0.1/24", "dev", "berth0");
            namespace.check("ip", "addr", "add", "fd07::1/64", "dev", "berth0", "nodad");
            assertThat(namespace.check("curl", "-sS", "-m", "15", "http://10.7.0.2/"))
                    .startsWith("Hello from 10.7.0.2 port 80 to 10.7.0.1 port ");
            assertThat(namespace.check("curl", "-sS", "-m", "15", "http://[fd07::2]/"))
                    .contains("port 80 to fd07:0:0:0:0:0:0:1");
            assertThat(namespace.check("curl", "-sS", "-m", "15", "http://127.0.0.1:8080/"))
                    .startsWith("Hello from 10.7.0.2 port 80 to 169.254.254.254 port ");
            berth.signal("INT");
            assertThat(berth.exitCode()).isEqualTo(130);
            assertThat(namespace.run("ip", "link", "show", "berth0").exit()).isNotZero();
        }
    }
}
