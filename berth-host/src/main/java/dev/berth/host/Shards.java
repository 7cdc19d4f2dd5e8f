package dev.berth.host;

import dev.berth.ports.Entropy;
import dev.berth.ports.PortSection;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.ip.NetInterface;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Builds the shards of a host: one is a stack under a monitor of its own, with its part of every link.
final class Shards {
    /// A link that was added, not yet started.
    ///
    /// @param nic the index of its interface
    /// @param ports one for each shard
    /// @param receiver what the link is to be given
    record Link(dev.berth.host.Link link, int nic, LinkPort[] ports, LinkReceiver receiver) {}

    private static final String PROPERTY = "berth.shards";

    private static final AtomicInteger THREADS = new AtomicInteger();

    /// Platform threads are numbered as they come, so that two that share a host's work have different shards.
    private static final ThreadLocal<Integer> NUMBER =
            ThreadLocal.withInitial(() -> THREADS.getAndIncrement() & Integer.MAX_VALUE);

    private Shards() {}

    /// How many shards hosts have that say nothing of it.
    ///
    /// @throws IllegalArgumentException if the system property that says so is no such number
    static int byDefault() {
        String text = System.getProperty(PROPERTY);
        if (text == null) {
            return 1;
        }
        int number = text.matches("[0-9]{1,4}") ? Integer.parseInt(text) : 0;
        if (number < 1 || number > Host.Builder.MAX_SHARDS) {
            throw new IllegalArgumentException("The system property " + PROPERTY + " is a number from 1 to "
                    + Host.Builder.MAX_SHARDS + ", not '" + text + "'");
        }
        return number;
    }

    /// The shard of the calling thread. Virtual threads, of which there may be many, are spread.
    static int ofThread(int shards) {
        Thread thread = Thread.currentThread();
        long number = thread.isVirtual() ? thread.threadId() : NUMBER.get();
        return (int) (number % shards);
    }

    static StackMonitor[] build(
            String name, int shards, StackConfig config, @Nullable Entropy entropy, @Nullable HostClock clock) {
        Entropy random = entropy == null ? new BufferedEntropy() : entropy;
        long now = SystemClock.nanoTime(clock);
        if (shards == 1) {
            return new StackMonitor[] {new StackMonitor(name, new NetStack(config, random, now), clock)};
        }
        Lock lock = new Lock();
        Entropy guarded = () -> {
            lock.enter();
            try {
                return random.nextLong();
            } finally {
                lock.leave();
            }
        };
        StackMonitor[] monitors = NetStack.shards(shards, config, guarded, now, lock).stream()
                .map(stack -> new StackMonitor(name, stack, clock))
                .toArray(StackMonitor[]::new);
        StackMonitor.siblings(monitors);
        return monitors;
    }

    /// Guards what shards have in common: the ports, and the source of random numbers.
    private static final class Lock implements PortSection {
        private final ReentrantLock lock = new ReentrantLock();

        @Override
        public void enter() {
            lock.lock();
        }

        @Override
        public void leave() {
            lock.unlock();
        }
    }

    /// Gives each shard an interface to `link`.
    static Link add(StackMonitor[] monitors, dev.berth.host.Link link) {
        LinkInfo info = link.info();
        int nic = 0;
        for (StackMonitor monitor : monitors) {
            nic = monitor.stack()
                    .addInterface(info.name(), info.mtu(), info.checksumOffload(), info.maxSegmented())
                    .index();
        }
        return of(monitors, nic, link);
    }

    /// Lets `link` carry what the host sends to itself.
    static Link loopback(StackMonitor[] monitors, dev.berth.host.Link link) {
        for (StackMonitor monitor : monitors) {
            monitor.stack().carryLoopbackOutside();
        }
        return of(monitors, 0, link);
    }

    private static Link of(StackMonitor[] monitors, int index, dev.berth.host.Link link) {
        LinkPort[] ports = new LinkPort[monitors.length];
        boolean sharing = false;
        for (int i = 0; i < ports.length; i++) {
            NetInterface nic = monitors[i].stack().interfaces().get(index);
            dev.berth.host.Link lane = i == 0 ? link : link.lane();
            sharing |= lane == null;
            ports[i] = new LinkPort(monitors[i], nic, lane == null ? link : lane);
        }
        if (sharing) {
            LinkPort.share(ports);
        }
        return new Link(link, index, ports, ports.length == 1 ? ports[0] : new ShardedPort(ports));
    }

    /// Tells each shard its part of all links.
    static void connect(StackMonitor[] monitors, List<Link> links) {
        for (int i = 0; i < monitors.length; i++) {
            List<LinkPort> ports = new ArrayList<>();
            for (Link link : links) {
                ports.add(link.ports[i]);
            }
            monitors[i].ports(ports.toArray(new LinkPort[0]));
        }
    }
}
