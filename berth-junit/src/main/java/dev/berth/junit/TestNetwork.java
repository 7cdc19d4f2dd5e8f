package dev.berth.junit;

import dev.berth.capture.Capture;
import dev.berth.host.Host;
import dev.berth.network.Network;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A network of a test or a class, and what is seen on it.
final class TestNetwork implements AutoCloseable {
    /// How long servers have, after a test, to notice that their clients are gone.
    private static final long GRACE_NANOS = 2_000_000_000L;

    private final Plan.Settings settings;
    private final Network network;
    private final Traffic traffic = new Traffic();
    private final @Nullable Capture capture;
    private final long seed;
    private int addresses; // given so far

    TestNetwork(Plan.Settings settings) throws IOException {
        this.settings = settings;
        Long repeated = Long.getLong("berth.seed");
        seed = repeated != null
                ? repeated
                : settings.seed() != 0 ? settings.seed() : ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
        network = Network.create(settings.name(), settings.mtu());
        capture = settings.captureMegabytes() > 0 ? Capture.ring((long) settings.captureMegabytes() << 20) : null;
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

    Network network() {
        return network;
    }

    Traffic traffic() {
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
            if (!address.isEmpty()
                    && !there.addresses().contains(IpAddress.Prefix.parse(address).address())) {
                throw new IllegalArgumentException("Host " + name + " has the addresses " + there.addresses()
                        + ", not " + address + ", which another place says");
            }
            return there;
        }
        List<IpAddress.Prefix> own = address.isEmpty() ? nextAddresses() : List.of(IpAddress.Prefix.parse(address));
        for (IpAddress.Prefix each : own) {
            traffic.host(each.address(), name);
            if (capture != null) {
                capture.name(each.address(), name);
            }
        }
        IpAddress.Prefix[] all = own.toArray(new IpAddress.Prefix[0]);
        Capture.Origin origin = capture == null ? null : capture.origin(name, "sent by host " + name);
        Host.Builder builder = Host.builder(name).link(new ObservedLink(network.link(all), traffic, origin));
        own.forEach(builder::address);
        builder.route(IpAddress.Prefix.parse("0.0.0.0/0")).route(IpAddress.Prefix.parse("::/0"));
        Host host = builder.start();
        network.register(host);
        if (capture != null) {
            capture.watch(host);
        }
        return host;
    }

    /// 10.0.0.1/16 and fd00::1/64, and so on, but for those that were given by hand.
    private List<IpAddress.Prefix> nextAddresses() {
        for (; ; ) {
            int number = ++addresses;
            if (number > 65_000) {
                throw new IllegalStateException("Network " + name() + " has no more addresses to give");
            }
            IpAddress four = IpAddress.ofIpv4(10 << 24 | number);
            if (network.hosts().stream().noneMatch(host -> host.addresses().contains(four))) {
                IpAddress six = new IpAddress(0xfd00L << 48, number);
                return List.of(
                        IpAddress.Prefix.parse(four + "/16"), IpAddress.Prefix.parse(six + "/64"));
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
        while (!leaks.isEmpty() && System.nanoTime() - deadline < 0) {
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
