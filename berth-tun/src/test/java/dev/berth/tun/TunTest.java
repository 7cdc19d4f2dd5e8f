package dev.berth.tun;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.host.LinkReceiver;
import dev.berth.testkit.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;

/// A test with the kernel as peer, in a network namespace of its own. After it, no device may be left and no thread
/// of a link.
@Tag("netns")
@Timeout(60)
abstract class TunTest {
    static final String KERNEL = "10.7.0.1";
    static final String HOST = "10.7.0.2";
    static final String KERNEL_V6 = "fd07::1";
    static final String HOST_V6 = "fd07::2";

    NetworkNamespace namespace;
    private final List<TunLink> links = new ArrayList<>();

    @BeforeEach
    void enter() {
        assumeTrue(NetworkNamespace.isAvailableFor(getClass()), "needs root, ip and /dev/net/tun");
        namespace = NetworkNamespace.create();
    }

    @AfterEach
    void leave() {
        links.forEach(TunLink::close);
        if (namespace != null) {
            namespace.close();
        }
        for (TunLink link : links) {
            String thread = "berth-tun-" + link.info().name();
            if (Thread.getAllStackTraces().keySet().stream()
                    .anyMatch(t -> t.getName().equals(thread))) {
                throw new AssertionError("Thread " + thread + " is left");
            }
        }
    }

    TunLink.Builder builder(String name) {
        return TunLink.builder(name).inNamespace(namespace.path());
    }

    /// Opens a link that is closed after the test.
    TunLink open(TunLink.Builder builder) throws IOException {
        TunLink link = builder.open();
        links.add(link);
        return link;
    }

    /// A link that is up, with the addresses of the kernel's side set, that hands its packets to `receiver`.
    TunLink running(RecordingReceiver receiver) throws IOException {
        return running(builder("berth0"), KERNEL, KERNEL_V6, receiver);
    }

    TunLink running(TunLink.Builder builder, String ipv4, String ipv6, LinkReceiver receiver) throws IOException {
        TunLink link = open(builder);
        String name = link.info().name();
        link.start(receiver);
        namespace.check("ip", "address", "add", ipv4 + "/24", "dev", name);
        namespace.check("ip", "address", "add", ipv6 + "/64", "dev", name, "nodad");
        link.up();
        return link;
    }

    void forwardBetweenDevices() {
        namespace.check("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        namespace.check("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
    }

    boolean exists(String device) {
        return namespace.run("ip", "link", "show", "dev", device).exit() == 0;
    }
}
