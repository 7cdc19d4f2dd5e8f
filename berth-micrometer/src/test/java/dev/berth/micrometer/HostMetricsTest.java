package dev.berth.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.network.Network;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.BindException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HostMetricsTest {
    private static final long TEN_SECONDS = TimeUnit.SECONDS.toNanos(10);
    private static final Endpoint WEB = new Endpoint(IpAddress.parse("10.0.0.2"), 80);

    private final Network network = Network.create("lab");
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private Host client;
    private Host server;
    private HostMetrics metrics;

    @BeforeEach
    void start() throws Exception {
        client = network.host("client", IpAddress.Prefix.parse("10.0.0.1/24"));
        server = network.host("server", IpAddress.Prefix.parse("10.0.0.2/24"));
        metrics = new HostMetrics(server, List.of(), Duration.ZERO);
        metrics.bindTo(registry);
    }

    @AfterEach
    void stop() {
        network.close();
    }

    private double gauge(String name, String... tags) {
        return registry.get(name).tags(tags).tag("host", "server").gauge().value();
    }

    private double counter(String name, String... tags) {
        return registry.get(name)
                .tags(tags)
                .tag("host", "server")
                .functionCounter()
                .count();
    }

    private TcpAcceptor listen() throws IOException {
        TcpAcceptor acceptor = server.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
        acceptor.listen(5);
        return acceptor;
    }

    @Test
    void ports_and_flows_are_shown_as_they_are() throws Exception {
        assertThat(gauge("berth.ports.bound", "transport", "tcp")).isZero();
        double free = gauge("berth.ports.ephemeral.free", "transport", "udp");
        assertThat(free).isEqualTo(gauge("berth.ports.ephemeral")).isEqualTo(16_384);
        try (TcpAcceptor acceptor = listen();
                TcpSocket socket = client.openTcpSocket();
                UdpSocket datagrams = server.openUdpSocket()) {
            datagrams.bind(new Endpoint(IpAddress.ANY_IPV6, 0));
            socket.connect(WEB, TEN_SECONDS);
            try (TcpSocket accepted = acceptor.accept(TEN_SECONDS)) {
                assertThat(gauge("berth.ports.bound", "transport", "tcp")).isEqualTo(1);
                assertThat(gauge("berth.ports.bound", "transport", "udp")).isEqualTo(1);
                assertThat(gauge("berth.ports.ephemeral.free", "transport", "udp"))
                        .isEqualTo(free - 1);
                assertThat(gauge("berth.flows", "transport", "tcp", "state", "established"))
                        .isEqualTo(1);
                assertThat(gauge("berth.flows", "transport", "udp")).isZero();
                datagrams.connect(new Endpoint(IpAddress.parse("10.0.0.1"), 9));
                assertThat(gauge("berth.flows", "transport", "udp", "state", "connected"))
                        .isEqualTo(1);
                accepted.shutdownOutput();
                assertThat(gauge("berth.flows", "transport", "tcp", "state", "fin-wait-2"))
                        .isEqualTo(1);
            }
        }
        assertThat(gauge("berth.flows", "transport", "tcp", "state", "time-wait"))
                .isEqualTo(1);
        assertThat(gauge("berth.flows.peak", "transport", "tcp")).isEqualTo(1);
    }

    @Test
    void traffic_drops_and_refusals_are_counted() throws Exception {
        try (TcpAcceptor acceptor = listen();
                TcpAcceptor second = server.openTcpAcceptor();
                UdpSocket datagrams = client.openUdpSocket();
                TcpSocket socket = client.openTcpSocket()) {
            assertThatThrownBy(() -> second.bind(new Endpoint(IpAddress.ANY_IPV6, 80)))
                    .isInstanceOf(BindException.class);
            socket.connect(WEB, TEN_SECONDS);
            datagrams.send(new byte[100], 0, 100, new Endpoint(IpAddress.parse("10.0.0.2"), 9));
            acceptor.accept(TEN_SECONDS).close();
        }
        assertThat(counter("berth.ports.refusals", "transport", "tcp", "reason", "address-in-use"))
                .isEqualTo(1);
        assertThat(counter("berth.drops", "reason", "no-port-owner")).isEqualTo(1);
        assertThat(counter("berth.interface.packets", "interface", "lab", "direction", "in"))
                .isGreaterThanOrEqualTo(4);
        assertThat(counter("berth.interface.bytes", "interface", "lab", "direction", "in"))
                .isGreaterThanOrEqualTo(128 + 3 * 40);
        assertThat(counter("berth.tcp.segments.sent")).isGreaterThanOrEqualTo(2);
        assertThat(counter("berth.tcp.segments.retransmitted")).isZero();
        assertThat(counter("berth.udp.datagrams", "direction", "in")).isZero();
        assertThat(gauge("berth.tcp.memory")).isGreaterThanOrEqualTo(0);
    }

    @Test
    void no_tag_has_a_value_that_the_network_makes_up() throws Exception {
        Set<Meter.Id> before = ids();
        try (TcpAcceptor acceptor = listen()) {
            for (int i = 0; i < 100; i++) {
                try (TcpSocket socket = client.openTcpSocket()) {
                    socket.connect(WEB, TEN_SECONDS);
                    acceptor.accept(TEN_SECONDS).close();
                }
            }
        }
        assertThat(ids()).isEqualTo(before).hasSizeLessThan(100);
        assertThat(before.stream().flatMap(id -> id.getTags().stream()).map(Tag::getKey))
                .isSubsetOf("host", "transport", "state", "reason", "interface", "direction");
        assertThat(before).allSatisfy(id -> assertThat(id.getDescription()).isNotBlank());
    }

    private Set<Meter.Id> ids() {
        return registry.getMeters().stream().map(Meter::getId).collect(Collectors.toSet());
    }

    @Test
    void two_hosts_share_a_registry_and_leave_it_apart() {
        HostMetrics other = new HostMetrics(client, Tags.of("team", "a"), Duration.ofSeconds(1));
        int own = registry.getMeters().size();
        SimpleMeterRegistry second = new SimpleMeterRegistry();
        other.bindTo(second);
        assertThat(second.get("berth.tcp.memory")
                        .tags("host", "client", "team", "a")
                        .gauge()
                        .value())
                .isZero();
        other.close();
        assertThat(second.getMeters()).isEmpty();
        assertThat(registry.getMeters()).hasSize(own);
        metrics.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    void a_sample_is_kept_for_its_time() throws Exception {
        try (HostMetrics slow = new HostMetrics(server, List.of(), Duration.ofHours(1))) {
            SimpleMeterRegistry own = new SimpleMeterRegistry();
            slow.bindTo(own);
            try (TcpAcceptor acceptor = listen()) {
                assertThat(own.get("berth.ports.bound")
                                .tag("transport", "tcp")
                                .gauge()
                                .value())
                        .isZero();
                assertThat(gauge("berth.ports.bound", "transport", "tcp")).isEqualTo(1);
                assertThat(acceptor.isOpen()).isTrue();
            }
        }
    }
}
