package dev.berth.cli;

import dev.berth.agent.run.HostOption;
import dev.berth.agent.run.HostPlan;
import dev.berth.tun.NamespaceAccessException;
import dev.berth.tun.NamespaceOwner;
import dev.berth.wire.IpAddress;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// `berth gateway`: lets a network namespace of the kernel reach what this process reaches, until it is stopped.
@Command(
        name = "gateway",
        description = {
            "Lets a network namespace or virtual machines reach what the machine reaches.",
            "In a namespace it makes a TUN device, with addresses and default routes (docs/GATEWAY.md)."
        },
        customSynopsis = {
            "berth gateway --netns PID|PATH [OPTIONS]",
            "       berth gateway --tun NAME [OPTIONS]",
            "       berth gateway [--tap NAME] [--qemu SOCKET] [--vfkit SOCKET] [OPTIONS]"
        },
        sortOptions = false,
        footer = {
            "",
            "Names are answered at the printed nameserver address; the namespace's resolv.conf",
            "(/etc/netns/NAME/resolv.conf) should have it. The machine itself is 10.0.2.2, once",
            "--allow 127.0.0.1:PORT says so. It ends with Ctrl-C, with the process or file of",
            "--netns, or with --exit-fd, and prints what it has carried. While it runs, 'berth ss -s'",
            "tells that, with the counts of every guest."
        })
final class GatewayCommand implements Callable<Integer> {
    /// Those of `berth run` that it has too.
    static final List<HostOption> OPTIONS = List.of(
            HostOption.PUBLISH,
            HostOption.OUTSIDE,
            HostOption.ALLOW,
            HostOption.DENY,
            HostOption.LIMIT,
            HostOption.CAPTURE,
            HostOption.CONTROL);

    private static final int MOST_OCTETS = 15;
    private static final int BEST_MTU = 65_520;
    private static final long LOOK_SECONDS = 1;

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Option(
            names = "--netns",
            paramLabel = "PID|PATH",
            description = "The network namespace of a process (its number), or a file such as /run/netns/NAME.")
    private @Nullable String target;

    @Option(
            names = "--tun",
            paramLabel = "NAME",
            description = {
                "The name of the TUN device, 1 to 15 octets. Default: tun0. Without --netns, the device is in this",
                "process's namespace, and gets neither addresses nor routes."
            })
    private @Nullable String device;

    @Option(
            names = "--tap",
            paramLabel = "NAME",
            description = {
                "A TAP device (1 to 15 octets), for a guest that speaks Ethernet: the kernel of the namespace, or what",
                "is bridged there. Addresses come from DHCP and router advertisements."
            })
    private @Nullable String tap;

    @Option(
            names = "--qemu",
            paramLabel = "SOCKET",
            description = {
                "A UNIX socket in QEMU's stream framing (-netdev stream, clients of passt), one machine for each",
                "connection, 64 at most: --qemu /run/user/1000/net.sock. docs/GATEWAY.md has the whole command line."
            })
    private @Nullable Path stream;

    @Option(
            names = "--vfkit",
            paramLabel = "SOCKET",
            description = {
                "A UNIX socket of one frame in each datagram, for vfkit and for QEMU's -netdev dgram:",
                "--vfkit /tmp/vm.sock. One that another process has open is not taken."
            })
    private @Nullable Path datagram;

    @Option(
            names = "--address",
            paramLabel = "ADDRESS[/LENGTH]",
            description = {
                "An address of the namespace. May be repeated. Default: 10.0.2.100/24 and, where the",
                "kernel has IPv6, fd00::100/64. Of Ethernet, the address that the first guest gets.",
                "LENGTH is in bits: --address 10.7.0.5/24."
            })
    private List<String> chosen = new ArrayList<>();

    @Option(
            names = "--mtu",
            paramLabel = "OCTETS",
            description = {
                "The device's MTU in octets, 1280 to 65535. Default: 65520, or what a device has that is there;",
                "of Ethernet 1500."
            })
    private int mtu;

    @Option(
            names = "--ready-fd",
            paramLabel = "FD|FILE",
            description = "Where a line '1' is written once everything is up; closed then: --ready-fd 3.")
    private @Nullable String ready;

    @Option(
            names = "--exit-fd",
            paramLabel = "FD|FILE",
            description = "Ends when this, the reading end of a pipe, comes to its end: --exit-fd 4.")
    private @Nullable String exit;

    @Option(names = "--parent", hidden = true, description = "Ends with this process, which has started it.")
    private long parent;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean help;

    GatewayCommand() {}

    @Override
    public Integer call() throws IOException {
        CommandLine.Model.CommandSpec own = spec();
        EthernetMembers.Places ethernet = new EthernetMembers.Places(tap, stream, datagram);
        checkPlaces(ethernet);
        checkDevice("--tun", device);
        checkDevice("--tap", tap);
        if (mtu != 0 && (mtu < 1_280 || mtu > 65_535)) {
            throw usage("--mtu is 1280 to 65535, not " + mtu);
        }
        NamespaceTarget namespace = target == null ? null : target(target);
        HostPlan options;
        List<IpAddress.Prefix> guest;
        GatewayAddresses addresses;
        try {
            options = HostOptions.plan(own, OPTIONS);
            guest = chosen.isEmpty()
                    ? GatewayAddresses.DEFAULT
                    : chosen.stream().map(GatewayCommand::address).toList();
            addresses = GatewayAddresses.of(guest);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
        checkDescriptor(ready);
        checkDescriptor(exit);
        CompletableFuture<String> end = new CompletableFuture<>();
        NamespaceGateway gateway;
        try {
            gateway = start(namespace, addresses, ethernet, options, end);
        } catch (NamespaceAccessException e) {
            if (namespace == null || parent != 0) {
                throw e;
            }
            return inUserNamespace(namespace, e);
        }
        return serve(gateway, namespace, end);
    }

    /// Names as the kernel takes them (dev_valid_name): IFNAMSIZ is 16, with the zero at the end.
    private void checkDevice(String option, @Nullable String name) {
        if (name == null) {
            return;
        }
        int octets = name.getBytes(StandardCharsets.UTF_8).length;
        if (octets < 1 || octets > MOST_OCTETS) {
            throw usage(option + " is the name of a device, 1 to " + MOST_OCTETS + " octets, not " + octets);
        }
        if (name.equals(".") || name.equals("..") || name.matches("(?s).*[/:\\s].*")) {
            throw usage(option + " is the name of a device, which has no '/', ':' or space: not '" + name + "'");
        }
    }

    private void checkPlaces(EthernetMembers.Places ethernet) {
        if (ethernet.isEmpty()) {
            if (target == null && device == null) {
                throw usage("One of --netns, --tun, --tap, --qemu and --vfkit is needed");
            }
        } else if (device != null) {
            throw usage("--tun goes with none of --tap, --qemu and --vfkit");
        } else if (target != null && tap == null) {
            throw usage("--netns is the namespace of a device: beside --qemu and --vfkit it needs --tap");
        }
    }

    private NamespaceGateway start(
            @Nullable NamespaceTarget namespace,
            GatewayAddresses addresses,
            EthernetMembers.Places ethernet,
            HostPlan options,
            CompletableFuture<String> end)
            throws IOException {
        Path file = namespace == null ? null : namespace.file();
        int octets = mtu == 0 && file != null && ethernet.isEmpty() ? BEST_MTU : mtu;
        String name = device == null ? "tun0" : device;
        NamespaceGateway.Wishes wishes =
                new NamespaceGateway.Wishes(file, name, octets, addresses, file != null, ethernet, options);
        try {
            return NamespaceGateway.start(wishes, end::complete);
        } catch (NamespaceAccessException e) {
            throw e;
        } catch (IOException e) {
            List<IpAddress.Prefix> ipv4 = addresses.guest().stream()
                    .filter(each -> each.address().isIpv4())
                    .toList();
            if (!chosen.isEmpty()
                    || file == null
                    || !String.valueOf(e.getMessage()).contains("IPv6")) {
                throw e;
            }
            say("without IPv6: " + e.getMessage());
            return NamespaceGateway.start(
                    new NamespaceGateway.Wishes(file, name, octets, GatewayAddresses.of(ipv4), true, ethernet, options),
                    end::complete);
        }
    }

    private int serve(NamespaceGateway gateway, @Nullable NamespaceTarget namespace, CompletableFuture<String> end)
            throws IOException {
        AtomicBoolean told = new AtomicBoolean();
        Runnable closing = () -> {
            if (told.compareAndSet(false, true)) {
                String statistics = gateway.statistics();
                gateway.close();
                say(statistics);
            }
        };
        Thread hook = new Thread(closing, "berth-gateway-end");
        Runtime.getRuntime().addShutdownHook(hook);
        try (gateway) {
            say(gateway.describe());
            if (ready != null) {
                try (OutputStream out = new FileOutputStream(file(ready))) {
                    out.write("1\n".getBytes(StandardCharsets.US_ASCII));
                }
            }
            watch(namespace, end);
            say(await(namespace, end));
            closing.run();
            return ExitCode.OK;
        }
    }

    private void watch(@Nullable NamespaceTarget namespace, CompletableFuture<String> end) throws IOException {
        if (namespace != null && namespace.process() != null) {
            var _ = namespace.process().onExit().thenRun(() -> end.complete("the process of the namespace has ended"));
        }
        if (parent != 0) {
            CompletableFuture<ProcessHandle> ended = ProcessHandle.of(parent)
                    .map(ProcessHandle::onExit)
                    .orElseGet(() -> CompletableFuture.completedFuture(null));
            var _ = ended.thenRun(() -> end.complete("the command has ended"));
        }
        if (exit != null) {
            InputStream in = new FileInputStream(file(exit));
            Thread.ofPlatform().daemon().name("berth-gateway-exit").start(() -> {
                try (in) {
                    in.transferTo(OutputStream.nullOutputStream());
                    end.complete("the exit descriptor is closed");
                } catch (IOException e) {
                    end.complete("the exit descriptor cannot be read: " + e.getMessage());
                }
            });
        }
    }

    /// Waits for the reason to end.
    private static String await(@Nullable NamespaceTarget namespace, CompletableFuture<String> end) {
        while (true) {
            try {
                return end.get(LOOK_SECONDS, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                if (namespace != null && namespace.process() == null && !Files.exists(namespace.file())) {
                    return "the namespace's file is gone";
                }
            } catch (InterruptedException | ExecutionException e) {
                return "the wait was interrupted";
            }
        }
    }

    /// Starts this command again as root of the user namespace that the network namespace belongs to, where this
    /// process may not go itself: a program of several threads may not enter a user namespace (`setns(2)`).
    private int inUserNamespace(NamespaceTarget namespace, NamespaceAccessException denied) throws IOException {
        ProcessHandle.Info self = ProcessHandle.current().info();
        if (self.command().isEmpty() || self.arguments().isEmpty()) {
            throw denied;
        }
        try (NamespaceOwner owner = NamespaceOwner.of(namespace.file())) {
            List<String> command =
                    new ArrayList<>(List.of("nsenter", "--user=" + owner.file(), "--preserve-credentials", "--"));
            command.add(self.command().get());
            command.addAll(again(List.of(self.arguments().get())));
            Process process = new ProcessBuilder(command).inheritIO().start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroy, "berth-gateway-end"));
            try {
                return process.waitFor();
            } catch (InterruptedException e) {
                process.destroy();
                throw new IOException("Interrupted", e);
            }
        } catch (IOException e) {
            denied.addSuppressed(e);
            throw new IOException(
                    denied.getMessage() + " Its user namespace cannot be entered either: " + e.getMessage(), denied);
        }
    }

    /// The arguments with descriptors by names that another process can open, and with our own number.
    private List<String> again(List<String> arguments) {
        List<String> all = new ArrayList<>();
        Set<String> descriptors = Set.of("--ready-fd", "--exit-fd");
        for (int i = 0; i < arguments.size(); i++) {
            String word = arguments.get(i);
            int equals = word.indexOf('=');
            if (equals > 0 && descriptors.contains(word.substring(0, equals))) {
                all.add(word.substring(0, equals + 1) + file(word.substring(equals + 1)));
            } else if (descriptors.contains(word) && i + 1 < arguments.size()) {
                all.add(word);
                all.add(file(arguments.get(++i)));
            } else {
                all.add(word);
            }
        }
        all.add("--parent=" + ProcessHandle.current().pid());
        return all;
    }

    /// @throws IOException if a descriptor is named that is not open
    private static void checkDescriptor(@Nullable String descriptorOrFile) throws IOException {
        if (descriptorOrFile != null) {
            String file = file(descriptorOrFile);
            if (!file.equals(descriptorOrFile) && !Files.exists(Path.of(file), LinkOption.NOFOLLOW_LINKS)) {
                throw new IOException("There is no open file descriptor " + descriptorOrFile);
            }
        }
    }

    private static String file(String descriptorOrFile) {
        boolean number = !descriptorOrFile.isEmpty() && descriptorOrFile.chars().allMatch(c -> c >= '0' && c <= '9');
        return number ? "/proc/" + ProcessHandle.current().pid() + "/fd/" + descriptorOrFile : descriptorOrFile;
    }

    private NamespaceTarget target(String text) throws IOException {
        try {
            return NamespaceTarget.parse(text);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private void say(String line) {
        PrintWriter err = spec().commandLine().getErr();
        err.println("berth: " + line);
        err.flush();
    }

    private CommandLine.Model.CommandSpec spec() {
        if (spec == null) {
            throw new AssertionError("picocli sets the field before it calls");
        }
        return spec;
    }

    private static IpAddress.Prefix address(String text) {
        try {
            return (IpAddress.Prefix) HostOption.ADDRESS.read(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("Invalid value for option '--address': " + e.getMessage(), e);
        }
    }

    private ParameterException usage(String sentence) {
        return new ParameterException(spec().commandLine(), sentence);
    }
}
