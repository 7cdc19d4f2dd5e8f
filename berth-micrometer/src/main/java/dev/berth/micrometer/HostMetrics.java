package dev.berth.micrometer;

import dev.berth.host.Host;
import dev.berth.host.HostCounters;
import dev.berth.host.HostPorts;
import dev.berth.ports.PortCounters;
import dev.berth.ports.PortError;
import dev.berth.ports.Transport;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.DropReason;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;

/// Meters of a host: its ports, flows, retransmissions, drops and traffic.
///
/// All have the tag `host`. The other tags (`transport`, `state`, `reason`, `interface`, `direction`) have few
/// values, which do not depend on what the network does: no address and no port is among them. All meters of a host
/// show one sample, taken when the first of them is read and the last one is older than a second (or what was said):
/// it takes the host's lock once for the counts, and once for some thousand flows for the states.
///
/// ```java
/// HostMetrics metrics = new HostMetrics(host);
/// metrics.bindTo(registry);
/// ```
public final class HostMetrics implements MeterBinder, AutoCloseable {
    private static final List<Transport> TRANSPORTS = List.of(Transport.TCP, Transport.UDP);

    private final Tags tags;
    private final Sampler sampler;
    private final List<Bound> meters = new ArrayList<>();

    private record Bound(MeterRegistry registry, Meter meter) {}

    /// Meters without further tags, from samples of at most one second.
    public HostMetrics(Host host) {
        this(host, List.of(), Duration.ofSeconds(1));
    }

    /// Meters.
    ///
    /// @param more tags for all of them
    /// @param maxAge how old a sample may be
    public HostMetrics(Host host, Iterable<Tag> more, Duration maxAge) {
        sampler = new Sampler(Objects.requireNonNull(host), maxAge);
        tags = Tags.of(more).and("host", host.name());
    }

    @Override
    public synchronized void bindTo(MeterRegistry registry) {
        for (Transport transport : TRANSPORTS) {
            bindPorts(registry, transport);
        }
        bindFlows(registry);
        gauge(
                registry,
                "berth.ports.ephemeral",
                "Ports of the range that ports are chosen from",
                BaseUnits.OBJECTS,
                tags,
                sample -> sample.counters().ephemeral().size());
        counter(
                registry,
                "berth.tcp.segments.sent",
                "TCP segments sent",
                "segments",
                tags,
                sample -> sample.counters().segmentsSent());
        counter(
                registry,
                "berth.tcp.segments.retransmitted",
                "TCP segments sent again",
                "segments",
                tags,
                sample -> sample.counters().retransmissions());
        gauge(
                registry,
                "berth.tcp.memory",
                "Memory that the queues of all TCP connections hold",
                BaseUnits.BYTES,
                tags,
                sample -> sample.counters().tcpMemory());
        String datagrams = "UDP datagrams sent, and given to sockets";
        counter(
                registry,
                "berth.udp.datagrams",
                datagrams,
                "datagrams",
                tags.and("direction", "out"),
                sample -> sample.counters().datagramsSent());
        counter(
                registry,
                "berth.udp.datagrams",
                datagrams,
                "datagrams",
                tags.and("direction", "in"),
                sample -> sample.counters().datagramsReceived());
        for (DropReason reason : DropReason.values()) {
            counter(
                    registry,
                    "berth.drops",
                    "Packets that went nowhere",
                    "packets",
                    tags.and("reason", label(reason)),
                    sample -> sample.counters().drops().getOrDefault(reason, 0L));
        }
        List<HostCounters.Traffic> interfaces = sampler.sample().counters().interfaces();
        for (int i = 0; i < interfaces.size(); i++) {
            bindInterface(registry, i, tags.and("interface", interfaces.get(i).name()));
        }
    }

    private void bindPorts(MeterRegistry registry, Transport transport) {
        Tags own = tags.and("transport", transport.label());
        gauge(
                registry,
                "berth.ports.bound",
                "Ports bound to an address",
                BaseUnits.OBJECTS,
                own,
                sample -> sample.of(transport).bindings());
        gauge(
                registry,
                "berth.ports.ephemeral.free",
                "Ports of the range that a bind with port 0 could take",
                BaseUnits.OBJECTS,
                own,
                sample -> transport == Transport.TCP
                        ? sample.counters().freeTcp()
                        : sample.counters().freeUdp());
        gauge(
                registry,
                "berth.ports.destination.peak",
                "The most ports that were in use towards one destination",
                BaseUnits.OBJECTS,
                own,
                sample -> sample.of(transport).mostTowards());
        gauge(
                registry,
                "berth.flows.peak",
                "The most flows there were",
                BaseUnits.OBJECTS,
                own,
                sample -> sample.of(transport).mostFlows());
        for (PortError reason : PortError.values()) {
            counter(
                    registry,
                    "berth.ports.refusals",
                    "How often a port could not be had",
                    BaseUnits.OPERATIONS,
                    own.and("reason", label(reason)),
                    sample -> sample.of(transport).refusals().getOrDefault(reason, 0L));
        }
    }

    private void bindFlows(MeterRegistry registry) {
        String description = "Flows by state; connected sockets of UDP";
        for (TcpState state : TcpState.values()) {
            if (state != TcpState.LISTEN && state != TcpState.CLOSED) { // those are no flows
                String name = state.text();
                gauge(
                        registry,
                        "berth.flows",
                        description,
                        BaseUnits.OBJECTS,
                        tags.and("transport", "tcp", "state", name.toLowerCase(Locale.ROOT)),
                        sample -> sample.tcpStates().getOrDefault(name, 0));
            }
        }
        gauge(
                registry,
                "berth.flows",
                description,
                BaseUnits.OBJECTS,
                tags.and("transport", "udp", "state", "connected"),
                sample -> sample.of(Transport.UDP).flows());
    }

    private void bindInterface(MeterRegistry registry, int index, Tags own) {
        Tags in = own.and("direction", "in");
        Tags out = own.and("direction", "out");
        String packets = "Packets received and handed to the link";
        String octets = "Octets received and handed to the link, IP headers included";
        counter(
                registry,
                "berth.interface.packets",
                packets,
                "packets",
                in,
                sample -> traffic(sample, index).packetsIn());
        counter(
                registry,
                "berth.interface.packets",
                packets,
                "packets",
                out,
                sample -> traffic(sample, index).packetsOut());
        counter(
                registry,
                "berth.interface.bytes",
                octets,
                BaseUnits.BYTES,
                in,
                sample -> traffic(sample, index).octetsIn());
        counter(
                registry,
                "berth.interface.bytes",
                octets,
                BaseUnits.BYTES,
                out,
                sample -> traffic(sample, index).octetsOut());
    }

    private static HostCounters.Traffic traffic(Sample sample, int index) {
        return sample.counters().interfaces().get(index);
    }

    private static String label(Enum<?> reason) {
        return reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private void gauge(
            MeterRegistry registry,
            String name,
            String description,
            String unit,
            Tags own,
            ToDoubleFunction<Sample> value) {
        // The supplier keeps the sampler alive, also for the counters, which do not.
        Gauge gauge = Gauge.builder(name, () -> value.applyAsDouble(sampler.sample()))
                .description(description)
                .baseUnit(unit)
                .tags(own)
                .register(registry);
        meters.add(new Bound(registry, gauge));
    }

    private void counter(
            MeterRegistry registry,
            String name,
            String description,
            String unit,
            Tags own,
            ToDoubleFunction<Sample> value) {
        FunctionCounter counter = FunctionCounter.builder(
                        name, sampler, present -> value.applyAsDouble(present.sample()))
                .description(description)
                .baseUnit(unit)
                .tags(own)
                .register(registry);
        meters.add(new Bound(registry, counter));
    }

    /// Takes the meters out of the registries again. Idempotent.
    @Override
    public synchronized void close() {
        meters.forEach(bound -> bound.registry.remove(bound.meter));
        meters.clear();
    }

    /// What a host was like at one moment.
    private record Sample(HostCounters counters, Map<String, Integer> tcpStates) {
        PortCounters of(Transport transport) {
            return transport == Transport.TCP ? counters.tcpPorts() : counters.udpPorts();
        }
    }

    private static final class Sampler {
        private final Host host;
        private final long maxAge;
        private Sample last; // guarded by this
        private long takenAt;

        Sampler(Host host, Duration maxAge) {
            this.host = host;
            this.maxAge = maxAge.toNanos();
            last = take();
        }

        private Sample take() {
            takenAt = System.nanoTime();
            HostPorts.Summary summary = host.ports().summary(Transport.TCP);
            return new Sample(host.counters(), summary.states());
        }

        synchronized Sample sample() {
            if (System.nanoTime() - takenAt >= maxAge) {
                last = take();
            }
            return last;
        }
    }
}
