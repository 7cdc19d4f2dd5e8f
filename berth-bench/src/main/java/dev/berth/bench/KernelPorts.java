package dev.berth.bench;

import dev.berth.testkit.netns.NetworkNamespace;
import dev.berth.tun.TunLink;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The kernel's ephemeral ports towards one destination, filled as far as a row asks for: sockets that do not block
/// begin to connect through a TUN device that nobody reads, in a network namespace of their own, and stay in SYN-SENT.
/// What is timed is `connect(2)` alone, without anything of the JDK: the search for a port, the route, the SYN.
///
/// Filling takes the kernel many seconds, so the rows go on from where the one before has left the range: it only
/// fills up, then holes are made at random places. A row that needs what lies behind begins anew. Not thread-safe.
final class KernelPorts implements AutoCloseable {
    /// Of the range 32768 to 60999, the default of Linux.
    static final int PORTS = 28_232;

    static final String NAME = "kernel connect(), TUN nobody reads";

    /// 10.7.0.2 and a port, for [ConnectProgram].
    static final int ADDRESS = 10 << 24 | 7 << 16 | 2;

    static final int PORT = 80;

    private static final int MOST_WORKERS = 32;
    /// Sockets of one command: a child that is left behind ends soon.
    private static final int AT_ONCE = 500;

    private final Consumer<String> progress;
    private final SplittableRandom random = new SplittableRandom(1);
    private final List<Worker> workers = new ArrayList<>();
    private @Nullable NetworkNamespace namespace;
    private @Nullable TunLink device;

    private int inUse;
    private boolean holed;
    private double fillNanos;
    private boolean reported;

    /// A child and how many sockets it holds.
    private static final class Worker {
        private final PeerProcess process;
        private int held;

        Worker(PeerProcess process) {
            this.process = process;
        }
    }

    KernelPorts(Consumer<String> progress) {
        this.progress = progress;
    }

    /// Opens a measurement of nanoseconds of one `connect` with `used` ports in use.
    ///
    /// @param holes true if the free ports are at random places in a range that was full; false if the range was
    ///     filled so far from empty
    Measurement.Opener connect(int used, boolean holes) {
        return () -> {
            open();
            return nanos -> {
                moveTo(used, holes);
                String command = (inUse == PORTS ? "fail " : "probe ") + nanos;
                return Double.parseDouble(workers.getFirst().process.ask(command));
            };
        };
    }

    /// Opens a measurement of milliseconds of the processor until all ports are in use, each time from empty.
    Measurement.Opener fill() {
        return () -> {
            open();
            return _ -> {
                if (holed || inUse == PORTS && reported) {
                    clear();
                }
                return fillMillis();
            };
        };
    }

    /// Opens a measurement of the milliseconds that the last fill took.
    Measurement.Opener lastFill() {
        return () -> {
            open();
            return _ -> fillMillis();
        };
    }

    /// The file that stands for the namespace; null while there is none.
    @Nullable
    Path namespace() {
        NetworkNamespace made = namespace;
        return made == null ? null : made.path();
    }

    private double fillMillis() throws IOException {
        if (!holed) {
            moveTo(PORTS, false);
            workers.getFirst().process.ask("fail 0"); // there is no other port
        }
        reported = true;
        return fillNanos / 1e6;
    }

    private void open() throws Exception {
        if (namespace != null) {
            return;
        }
        String reason = NetworkNamespace.unavailableReason();
        if (reason != null) {
            throw new Measurement.UnavailableException(reason);
        }
        boolean opened = false;
        try {
            NetworkNamespace made = NetworkNamespace.create();
            namespace = made;
            TunLink tun = TunLink.builder("berth0").inNamespace(made.path()).open();
            device = tun;
            made.check("ip", "address", "add", "10.7.0.1/24", "dev", "berth0");
            tun.up();
            made.check("sh", "-c", "echo 32768 60999 >/proc/sys/net/ipv4/ip_local_port_range");
            // SYNs are not repeated every second by thousands of sockets, and the sockets live for many minutes.
            made.check("sh", "-c", "echo 20 >/proc/sys/net/ipv4/tcp_syn_retries");
            made.check(
                    "sh",
                    "-c",
                    "linear=/proc/sys/net/ipv4/tcp_syn_linear_timeouts; test ! -e $linear || echo 0 >$linear");
            addWorker();
            opened = true;
        } finally {
            if (!opened) {
                close();
            }
        }
    }

    private void addWorker() throws IOException {
        NetworkNamespace made = namespace;
        if (made == null || workers.size() == MOST_WORKERS) {
            throw new IOException(
                    "The limit of open files is too low: " + inUse + " sockets in " + workers.size() + " processes");
        }
        PeerProcess process =
                new PeerProcess(made, ConnectProgram.class, "-Xmx64m", "--enable-native-access=ALL-UNNAMED");
        workers.add(new Worker(process));
        process.answer();
    }

    private void moveTo(int used, boolean holes) throws IOException {
        if (holed ? !holes || inUse < used : !holes && inUse > used) {
            clear();
        }
        if (inUse != used) {
            if (!holed) {
                fillTo(holes ? PORTS : used);
            }
            if (holes) {
                holed = true;
                punchTo(used);
            }
            progress.accept("  the kernel: " + used + " of " + PORTS + " ports in use" + (holes ? ", holes" : "")
                    + String.format(Locale.ROOT, " (%.1f s to fill)", fillNanos / 1e9));
        }
    }

    private void fillTo(int used) throws IOException {
        for (int i = 0; inUse < used; ) {
            if (i == workers.size()) {
                addWorker();
            }
            Worker worker = workers.get(i);
            int wanted = Math.min(used - inUse, AT_ONCE);
            String[] answer = worker.process.ask("fill " + wanted).split(" ", -1);
            int more = Integer.parseInt(answer[0]) - worker.held;
            worker.held += more;
            inUse += more;
            fillNanos += Long.parseLong(answer[1]);
            if (more < wanted) {
                i++; // it has no descriptors left
            }
        }
    }

    private void punchTo(int used) throws IOException {
        int[] holes = new int[workers.size()];
        int[] held = workers.stream().mapToInt(w -> w.held).toArray();
        for (int left = inUse; left > used; left--) {
            int at = random.nextInt(left);
            int owner = 0;
            while (at >= held[owner]) {
                at -= held[owner++];
            }
            held[owner]--;
            holes[owner]++;
        }
        punch(holes);
    }

    private void clear() throws IOException {
        punch(workers.stream().mapToInt(w -> w.held).toArray());
        holed = false;
        reported = false;
        fillNanos = 0;
    }

    private void punch(int[] holes) throws IOException {
        for (int i = 0; i < holes.length; i++) {
            Worker worker = workers.get(i);
            worker.held = Integer.parseInt(worker.process.ask("punch " + holes[i]));
        }
        inUse = workers.stream().mapToInt(w -> w.held).sum();
    }

    @Override
    public void close() {
        NetworkNamespace made = namespace;
        try (TunLink tun = device) {
            workers.forEach(worker -> worker.process.close());
        } finally {
            workers.clear();
            inUse = 0;
            holed = false;
            reported = false;
            fillNanos = 0;
            device = null;
            namespace = null;
            if (made != null) {
                made.close();
            }
        }
    }
}
