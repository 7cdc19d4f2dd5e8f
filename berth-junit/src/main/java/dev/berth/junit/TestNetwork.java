package dev.berth.junit;

import dev.berth.capture.Capture;
import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.network.Network;
import dev.berth.network.NetworkBuilder;
import dev.berth.network.NetworkObserver;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// A network of a test or a class, and what is seen on it.
final class TestNetwork implements AutoCloseable {
    /// How long servers have, after a test, to notice that their clients are gone.
    private static final long GRACE_NANOS = 2_000_000_000L;

    private final Plan.Settings settings;
    private final Network network;
    private final TrafficLog traffic = new TrafficLog();
    private final @Nullable Capture capture;
    private final long seed;
    private final LongSupplier wallClock = Capture.wallClock();
    private volatile @Nullable Network started; // null while it is built

    TestNetwork(Plan.Settings settings) throws IOException {
        this.settings = settings;
        Long repeated = repeated();
        seed = repeated != null
                ? repeated
                : settings.seed() != 0
                        ? settings.seed()
                        : ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
        if (settings.captureMegabytes() < 0) {
            throw new IllegalArgumentException("captureMegabytes is 0 or more, not " + settings.captureMegabytes());
        }
        capture = settings.captureMegabytes() > 0
                ? Capture.ring((long) settings.captureMegabytes() << 20, this::epochNanos)
                : null;
        NetworkBuilder builder =
                Network.builder(settings.name()).mtu(settings.mtu()).seed(seed).observer(new Witness());
        if (settings.virtualTime()) {
            builder.virtualTime(seed);
        }
        network = builder.build();
        started = network;
        try {
            for (String each : settings.hosts()) {
                int at = each.indexOf('=');
                host(at < 0 ? each : each.substring(0, at), at < 0 ? "" : each.substring(at + 1));
            }
        } catch (IOException | RuntimeException e) {
            network.close();
            throw e;
        }
    }

    private static @Nullable Long repeated() {
        String text = System.getProperty("berth.seed");
        try {
            return text == null || text.isBlank() ? null : Long.decode(text.strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("-Dberth.seed is a number of 64 bits, not '" + text + "'", e);
        }
    }

    Network network() {
        return network;
    }

    TrafficLog traffic() {
        return traffic;
    }

    @Nullable
    Capture capture() {
        return capture;
    }

    long seed() {
        return seed;
    }

    String name() {
        return settings.name();
    }

    /// The host of that name, which is started if there is none.
    ///
    /// @param address with prefix; empty for the next free one
    synchronized Host host(String name, String address) throws IOException {
        Host there = network.find(name).orElse(null);
        if (there != null) {
            if (!address.isEmpty() && !there.addresses().contains(IpAddress.parse(address.replaceFirst("/.*", "")))) {
                throw new IllegalArgumentException("Host " + name + " has the addresses " + there.addresses() + ", not "
                        + address + ", which another place says");
            }
            return there;
        }
        return network.host(name, plan -> address.isEmpty() ? plan : plan.address(address));
    }

    /// The time of a packet: virtual time counts from 1970 on.
    private long epochNanos() {
        Network virtual = started;
        return settings.virtualTime() && virtual != null ? virtual.time().now() : wallClock.getAsLong();
    }

    /// Shows the capture and the statistics what hosts send, once, where they send it.
    private final class Witness implements NetworkObserver {
        private final Map<String, Capture.Origin> origins = new ConcurrentHashMap<>();

        @Override
        public Link linked(String host, Link link) {
            Capture records = capture;
            Capture.Origin origin = records == null
                    ? null
                    : origins.computeIfAbsent(host, name -> records.origin(name, "sent by host " + name));
            return new ObservedLink(link, traffic, origin);
        }

        @Override
        public void started(Host host) {
            for (IpAddress address : host.addresses()) {
                traffic.host(address, host.name());
                if (capture != null) {
                    capture.name(address, host.name());
                }
            }
            if (capture != null) {
                capture.watch(host);
            }
        }

        @Override
        public void dropped(Packet packet, String why) {
            if (capture != null) {
                capture.note(packet, "dropped by the network: " + why);
            }
        }
    }

    /// What is still open, once those who are about to close had time to; empty if it is not to be looked for.
    List<Leak> leaks() {
        if (settings.leaks() == Leaks.IGNORE) {
            return List.of();
        }
        long deadline = System.nanoTime() + GRACE_NANOS;
        long pause = 100_000;
        List<Leak> leaks = open();
        while (!leaks.isEmpty() && System.nanoTime() - deadline < 0 && !network.isVirtual()) {
            LockSupport.parkNanos(pause);
            pause = Math.min(pause * 2, 50_000_000);
            leaks = open();
        }
        return leaks;
    }

    private List<Leak> open() {
        List<Leak> leaks = new ArrayList<>();
        for (Host host : network.hosts()) {
            leaks.addAll(Leak.of(host));
        }
        return leaks;
    }

    @Override
    public void close() {
        network.close();
        if (capture != null) {
            capture.close();
        }
    }
}
