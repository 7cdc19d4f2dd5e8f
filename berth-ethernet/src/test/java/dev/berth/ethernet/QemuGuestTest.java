package dev.berth.ethernet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.host.Host;
import dev.berth.network.NameRouter;
import dev.berth.network.Network;
import dev.berth.wire.IpAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Real virtual machines: QEMU without help of the processor, Linux with a file system of busybox alone, as guests of
/// a network by either kind of socket.
///
/// It needs `qemu-system-x86_64`, a static `busybox`, and a kernel with its modules as Debian's package
/// `linux-image-cloud-amd64` has them, below `-Dberth.guest.kernel=DIRECTORY` (of `boot` and `lib/modules`) or `/`.
@Tag("qemu")
@Timeout(300)
class QemuGuestTest {
    private static final System.Logger LOGGER = System.getLogger(QemuGuestTest.class.getName());
    private static final Path BUSYBOX = Path.of("/usr/bin/busybox");
    private static final long BOOT_SECONDS = 240;

    /// In the order in which they depend on each other.
    private static final List<String> MODULES = List.of(
            "virtio_ring",
            "virtio",
            "virtio_pci_legacy_dev",
            "virtio_pci_modern_dev",
            "virtio_pci",
            "failover",
            "net_failover",
            "virtio_net");

    /// `wget` of a static busybox ends with a fault where it looks for the number of the service `http`: there are no
    /// libraries to look in. So `nc` fetches.
    private static final String INIT = """
            #!/bin/busybox sh
            PATH=/bin
            /bin/busybox --install -s /bin
            mount -t proc proc /proc
            mount -t sysfs sys /sys
            for module in MODULES; do insmod /modules/$module.ko; done
            ip link set lo up
            ip link set eth0 up
            udhcpc -i eth0 -n -q -f -t 10 -T 2 -x hostname:machine -s /lease
            nslookup -type=a web "$(cat /dns)"
            fetch() { printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 20 "$1" 80 | sed '1,/^\\r$/d' | md5sum; }
            echo "page4 $(fetch 10.0.2.10)"
            ping -c 1 -W 10 10.0.2.10 && echo ping4 answered
            for i in $(seq 100); do
                ip -6 addr show dev eth0 | grep fd00:2: | grep -vq tentative && break
                usleep 100000
            done
            echo "page6 $(fetch fd00:2::10)"
            echo finished
            sync
            poweroff -f
            """;

    private static final String LEASE = """
            #!/bin/sh
            [ "$1" = bound ] || exit 0
            ip address add "$ip/$mask" dev "$interface"
            ip link set dev "$interface" mtu "$mtu"
            ip route add default via "$router"
            echo "$dns" > /dns
            echo "leased $ip"
            """;

    enum Framing {
        STREAM,
        DATAGRAM
    }

    @TempDir
    Path temporary;

    private static @Nullable Path find(Path root, String directory, String prefix) throws IOException {
        Path parent = root.resolve(directory);
        if (!Files.isDirectory(parent)) {
            return null;
        }
        try (Stream<Path> files = Files.walk(parent, directory.equals("boot") ? 1 : 8)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.getFileName().toString().startsWith(prefix))
                    .sorted()
                    .reduce((first, last) -> last)
                    .orElse(null);
        }
    }

    private static boolean isOnPath(String program) {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
    }

    private static void skip(String reason) {
        LOGGER.log(System.Logger.Level.WARNING, "*** SKIPPED: QemuGuestTest: {0} ***", reason);
        assumeTrue(false, reason);
    }

    private Path initrd(Path root) throws IOException {
        InitialFileSystem files = new InitialFileSystem();
        for (String directory : List.of("bin", "proc", "sys", "etc", "dev", "modules")) {
            files.directory(directory);
        }
        files.file("bin/busybox", Files.readAllBytes(BUSYBOX));
        files.file("init", INIT.replace("MODULES", String.join(" ", MODULES)));
        files.file("lease", LEASE);
        for (String module : MODULES) {
            Path file = find(root, "lib/modules", module + ".ko");
            if (file == null || !file.toString().endsWith(".ko")) {
                skip("The kernel's module " + module + " is not below " + root + " as a file " + module + ".ko");
            } else {
                files.file("modules/" + module + ".ko", Files.readAllBytes(file));
            }
        }
        Path initrd = temporary.resolve("initrd.gz");
        files.writeTo(initrd);
        return initrd;
    }

    private List<String> device(Framing framing, Path socket) {
        return List.of(
                "-netdev",
                framing == Framing.STREAM
                        ? "stream,id=net,server=off,addr.type=unix,addr.path=" + socket
                        : "dgram,id=net,remote.type=unix,remote.path=" + socket + ",local.type=unix,local.path="
                                + temporary.resolve("vm.sock"),
                "-device",
                "virtio-net-pci,netdev=net,romfile=");
    }

    @ParameterizedTest
    @EnumSource
    void a_machine_boots_gets_its_addresses_and_fetches_a_page(Framing framing) throws Exception {
        if (!isOnPath("qemu-system-x86_64")) {
            skip("There is no qemu-system-x86_64");
        }
        Path root = Path.of(System.getProperty("berth.guest.kernel", "/"));
        Path kernel = find(root, "boot", "vmlinuz");
        if (kernel == null || !Files.exists(BUSYBOX)) {
            skip("There is no kernel below " + root + ", or no " + BUSYBOX + ": see the test's comment");
            return;
        }
        Path initrd = initrd(root);
        Path socket = temporary.resolve("net.sock");
        try (Network network = Network.builder("lab")
                .subnet("lab", "10.0.2.0/24", "fd00:2::/64")
                .mtu(1_500)
                .build()) {
            Host web = network.host(
                    "web", IpAddress.Prefix.parse("10.0.2.10/24"), IpAddress.Prefix.parse("fd00:2::10/64"));
            try (PageHost page = PageHost.start(web, 300_000);
                    NameRouter names = NameRouter.start(network);
                    EthernetSegment segment = EthernetSegment.builder(network)
                            .router(IpAddress.Prefix.parse("10.0.2.1/24"))
                            .router(IpAddress.Prefix.parse("fd00:2::1/64"))
                            .start();
                    FrameServer server =
                            framing == Framing.STREAM ? segment.listenStream(socket) : segment.listenDatagram(socket)) {
                List<String> command = new ArrayList<>(List.of(
                        "qemu-system-x86_64",
                        "-accel",
                        "tcg",
                        "-m",
                        "256",
                        "-nodefaults",
                        "-no-reboot",
                        "-display",
                        "none",
                        "-serial",
                        "stdio",
                        "-kernel",
                        kernel.toString(),
                        "-initrd",
                        initrd.toString(),
                        "-append",
                        "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check"));
                command.addAll(device(framing, server.path()));
                String output = run(command, segment);
                assertThat(output)
                        .contains("leased 10.0.2.")
                        .containsPattern("Address: *10\\.0\\.2\\.10")
                        .contains("page4 " + page.md5())
                        .contains("ping4 answered")
                        .contains("page6 " + page.md5())
                        .contains("finished");
                assertThat(names.server()).isNotNull();
            }
        }
    }

    private static String run(List<String> command, EthernetSegment segment) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        StringBuilder output = new StringBuilder();
        CompletableFuture.delayedExecutor(BOOT_SECONDS, TimeUnit.SECONDS).execute(process::destroyForcibly);
        EthernetCounters counters = null;
        try (BufferedReader reader = process.inputReader()) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                output.append(line).append('\n');
                if (line.contains("finished") && !segment.ports().isEmpty()) {
                    counters = segment.ports().getFirst().counters();
                }
            }
            assertThat(process.waitFor(BOOT_SECONDS, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(counters).as(output.toString()).isNotNull();
        assertThat(counters.drops())
                .as(output.toString())
                .doesNotContainKeys(
                        FrameDrop.MALFORMED,
                        FrameDrop.CHECKSUM,
                        FrameDrop.SPOOFED,
                        FrameDrop.OVERFLOW,
                        FrameDrop.ROGUE);
        assertThat(counters.leases()).as(output.toString()).isEqualTo(1);
        return output.toString();
    }
}
