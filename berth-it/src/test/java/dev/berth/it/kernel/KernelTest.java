package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.capture.Capture;
import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.stack.StackSnapshot;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.testkit.netns.NetworkNamespace;
import dev.berth.tun.TunCounters;
import dev.berth.tun.TunLink;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A test with a Berth host at one end of a TUN device and the kernel, in a network namespace of its own, at the
/// other.
///
/// Afterwards, the host may have nothing left but TIME-WAIT, every drop must be explained, and where the test's
/// packets were captured, `tshark` must find nothing wrong with them.
@Tag("netns")
@Timeout(300)
abstract class KernelTest {
    static final String KERNEL = "10.7.0.1";
    static final String HOST = "10.7.0.2";
    static final String KERNEL_V6 = "fd07::1";
    static final String HOST_V6 = "fd07::2";
    static final Duration LIMIT = Duration.ofMinutes(2);
    static final long LIMIT_NANOS = LIMIT.toNanos();

    /// What the kernel sends unasked, router solicitations and multicast listener reports, and segments that it sends
    /// again because an acknowledgment took a while on a busy machine (tail loss probes).
    private static final Set<DropReason> CHATTER =
            EnumSet.of(DropReason.NOT_OURS, DropReason.ICMP_IGNORED, DropReason.NOT_ACCEPTABLE);

    @TempDir
    Path directory;

    NetworkNamespace namespace;
    TunLink tun;
    Host host;
    private final Set<DropReason> explained = EnumSet.copyOf(CHATTER);
    private final List<AutoCloseable> resources = new ArrayList<>();
    private Capture capture;

    /// Whether packets are captured and given to `tshark`; not where they are many.
    boolean captures() {
        return true;
    }

    /// The link that the host gets, around that to the kernel.
    Link decorate(Link link) {
        return link;
    }

    /// The host's settings.
    Host.Builder configure(Host.Builder builder) {
        return builder;
    }

    @BeforeEach
    void enter() throws IOException {
        assumeTrue(NetworkNamespace.isAvailableFor(getClass()), "needs root, ip and /dev/net/tun");
        namespace = NetworkNamespace.create();
        tun = TunLink.builder("berth0").inNamespace(namespace.path()).open();
        Link link = tun;
        if (captures()) {
            capture = Capture.open(captured());
            link = capture.around(link);
        }
        host = configure(Host.builder("web"))
                .link(decorate(link))
                .address(IpAddress.Prefix.parse(HOST + "/24"))
                .address(IpAddress.Prefix.parse(HOST_V6 + "/64"))
                .route(IpAddress.Prefix.parse("0.0.0.0/0"))
                .route(IpAddress.Prefix.parse("::/0"))
                .start();
        namespace.check("ip", "address", "add", KERNEL + "/24", "dev", "berth0");
        namespace.check("ip", "address", "add", KERNEL_V6 + "/64", "dev", "berth0", "nodad");
        tun.up();
    }

    private Path captured() {
        return directory.resolve("berth.pcapng");
    }

    @AfterEach
    void leave() throws Exception {
        if (namespace == null) {
            return;
        }
        try {
            if (host != null) {
                close();
            }
        } finally {
            namespace.close();
        }
        if (capture != null) {
            capture.close();
            assertThat(capture.failure()).isNull();
            Tshark.check(captured(), getClass());
        }
    }

    private void close() throws Exception {
        try {
            for (AutoCloseable resource : resources.reversed()) {
                resource.close();
            }
            Waiting.until(() -> isQuiet(host.snapshot()), LIMIT, () -> "quiet: " + host.snapshot());
            checkDrops(host.snapshot(), tun.counters());
        } finally {
            host.close();
        }
    }

    /// No connection but in TIME-WAIT, and no binding but of those.
    static boolean isQuiet(StackSnapshot snapshot) {
        return snapshot.flows().stream().allMatch(flow -> flow.state().equals("TIME-WAIT"))
                && snapshot.tcpPorts().bindings().stream()
                        .allMatch(binding -> binding.state().equals("CLOSED"))
                && snapshot.udpPorts().bindings().isEmpty();
    }

    private void checkDrops(StackSnapshot snapshot, TunCounters counters) {
        assertThat(snapshot.drops().keySet()).as("%s", snapshot.drops()).isSubsetOf(explained);
        assertThat(counters.receivedMalformed()).as("malformed").isZero();
        assertThat(counters.droppedRefused()).as("refused by the kernel").isZero();
        assertThat(counters.droppedQueueFull()).as("queue full").isZero();
    }

    /// Drops for `reason` belong to the test.
    void explain(DropReason... reasons) {
        explained.addAll(List.of(reasons));
    }

    /// Closes `resource` after the test, before the host is looked at.
    <T extends AutoCloseable> T closing(T resource) {
        resources.add(resource);
        return resource;
    }

    /// The other end's address of the same version.
    static String peerOf(String address) {
        return switch (address) {
            case HOST -> KERNEL;
            case HOST_V6 -> KERNEL_V6;
            case KERNEL -> HOST;
            case KERNEL_V6 -> HOST_V6;
            default -> throw new IllegalArgumentException(address);
        };
    }

    static Endpoint endpoint(String address, int port) {
        return new Endpoint(IpAddress.parse(address), port);
    }

    static String url(String address, int port, String path) {
        return "http://" + endpoint(address, port) + "/" + path;
    }

    /// A connection to the kernel that is closed after the test.
    TcpSocket connect(String address, int port) throws IOException {
        TcpSocket socket = closing(host.openTcpSocket());
        socket.connect(endpoint(address, port), LIMIT_NANOS);
        return socket;
    }

    /// A UDP socket that is closed after the test.
    UdpSocket udp() throws IOException {
        return closing(host.openUdpSocket());
    }

    /// A service on the host that is closed after the test.
    Service serve(int port, Service.Conversation conversation) throws IOException {
        return closing(Service.start(host, port, conversation));
    }

    /// Starts a [KernelPeer].
    NamespaceProgram peer(String what, String address, int port, Object... arguments) {
        return namespace.start(KernelPeer.command(what, address, port, arguments));
    }

    /// Starts a [KernelPeer] and waits until it listens.
    NamespaceProgram server(String what, String address, int port, Object... arguments) {
        NamespaceProgram program = peer(what, address, port, arguments);
        program.awaitLine(line -> line.equals("ready"), LIMIT);
        return program;
    }

    /// Runs a [KernelPeer] to its end and returns what it said.
    String ask(String what, String address, int port, Object... arguments) {
        return peer(what, address, port, arguments).awaitSuccess(LIMIT);
    }

    /// Runs `curl` with a few usual options.
    NetworkNamespace.Outcome curl(String... arguments) {
        List<String> command = new ArrayList<>(List.of("curl", "-sS", "--max-time", "110"));
        command.addAll(List.of(arguments));
        return namespace.run(LIMIT, command.toArray(String[]::new));
    }

    /// Packet rules of the kernel, in the language of `nft`: each line is a chain.
    void filter(String... rules) {
        StringBuilder table = new StringBuilder("table inet berth {\n");
        for (String hook : List.of("input", "output")) {
            table.append("chain ").append(hook).append(" {\ntype filter hook ");
            table.append(hook).append(" priority 0; policy accept;\n");
            for (String rule : rules) {
                if (rule.startsWith(hook + " ")) {
                    table.append(rule.substring(hook.length() + 1)).append('\n');
                }
            }
            table.append("}\n");
        }
        table.append("}\n");
        namespace.check("sh", "-c", "nft -f - <<'END'\n" + table + "END\n");
    }
}
