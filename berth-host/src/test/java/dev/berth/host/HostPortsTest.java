package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.berth.check.Requirement;
import dev.berth.ports.PortError;
import dev.berth.ports.PortFilter;
import dev.berth.ports.PortLease;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.ports.PortUsage;
import dev.berth.ports.Transport;
import dev.berth.stack.StackConfig;
import dev.berth.stack.endpoint.SocketDetails;
import dev.berth.stack.endpoint.SocketEntry;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.net.BindException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HostPortsTest {
    private static final long PATIENCE = 30_000_000_000L;
    private static final IpAddress ME = IpAddress.parse("10.0.0.1");
    private static final Endpoint WEB = new Endpoint(ME, 80);

    private Host host;
    private TcpAcceptor acceptor;

    @BeforeEach
    void start() throws Exception {
        PortPolicy few = PortPolicy.dynamic().withEphemeral(new PortRange(50_000, 50_009));
        host = Host.builder("a")
                .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                .config(StackConfig.DEFAULT.withPorts(few))
                .start();
        acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
        acceptor.listen(7);
    }

    @AfterEach
    void stop() {
        host.close();
    }

    private TcpSocket connect() throws Exception {
        TcpSocket socket = host.openTcpSocket();
        socket.connect(WEB, PATIENCE);
        return socket;
    }

    private List<SocketEntry> sockets(Transport transport, PortFilter filter) {
        List<SocketEntry> seen = new ArrayList<>();
        host.ports().eachSocket(transport, filter, true, seen::add);
        return seen;
    }

    @Test
    void sockets_show_queues_ages_and_labels() throws Exception {
        acceptor.label("web");
        TcpSocket client = connect();
        client.label("browser");
        client.write(new byte[1_000], 0, 1_000);
        connect();
        SocketEntry listener =
                sockets(Transport.TCP, PortFilter.ALL.bindingsOnly()).getFirst();
        assertThat(listener.state()).isEqualTo("LISTEN");
        assertThat(listener.local()).isEqualTo(new Endpoint(IpAddress.ANY_IPV6, 80));
        assertThat(listener.remote()).isNull();
        assertThat(listener.receiveQueue()).as("connections that wait").isEqualTo(2);
        assertThat(listener.sendQueue()).as("backlog").isEqualTo(7);
        assertThat(listener.flows()).isEqualTo(2);
        assertThat(listener.owner()).isEqualTo("web");
        assertThat(listener.ageNanos()).isNotNegative();

        int port = Objects.requireNonNull(client.local()).port();
        List<SocketEntry> ends =
                new ArrayList<>(sockets(Transport.TCP, PortFilter.ALL.withLocalPorts(new PortRange(port, port))));
        assertThat(ends).singleElement().satisfies(end -> {
            assertThat(end.owner()).isEqualTo("browser");
            assertThat(end.state()).isEqualTo("ESTABLISHED");
            assertThat(end.ageNanos()).isBetween(0L, PATIENCE);
            SocketDetails details = Objects.requireNonNull(end.details());
            assertThat(details.octetsOut()).isEqualTo(1_000);
            assertThat(details.tcp()).isNotNull();
        });
        assertThat(sockets(Transport.TCP, PortFilter.ALL.withRemotePorts(new PortRange(port, port))))
                .singleElement()
                .satisfies(end -> {
                    assertThat(end.owner()).as("that of its listener").isEqualTo("web");
                    assertThat(end.receiveQueue()).isEqualTo(1_000);
                    assertThat(Objects.requireNonNull(end.details()).octetsIn()).isEqualTo(1_000);
                });
    }

    @Test
    void a_closed_connection_waits_with_its_age_and_its_timer() throws Exception {
        TcpSocket client = connect();
        TcpSocket server = acceptor.accept(PATIENCE);
        client.close();
        server.close();
        assertThat(sockets(
                        Transport.TCP,
                        PortFilter.ALL.withStates(Set.of("TIME-WAIT")).flowsOnly()))
                .singleElement()
                .satisfies(waiting -> {
                    assertThat(waiting.ageNanos()).isNotNegative();
                    SocketDetails details = Objects.requireNonNull(waiting.details());
                    assertThat(details.timer()).isEqualTo("timewait");
                    assertThat(details.timerNanos()).isPositive();
                });
        assertThat(host.ports().summary(Transport.TCP).states()).containsEntry("TIME-WAIT", 1);
    }

    @Test
    void udp_sockets_are_unconnected_or_connected() throws Exception {
        UdpSocket receiver = host.openUdpSocket();
        receiver.bind(new Endpoint(ME, 53));
        receiver.label("names");
        UdpSocket sender = host.openUdpSocket();
        sender.connect(new Endpoint(ME, 53));
        sender.send(new byte[10], 0, 10, null);
        assertThat(sockets(Transport.UDP, PortFilter.ALL))
                .extracting(SocketEntry::state)
                .containsExactlyInAnyOrder("UNCONNECTED", "CONNECTED");
        SocketEntry bound =
                sockets(Transport.UDP, PortFilter.ALL.bindingsOnly()).getFirst();
        assertThat(bound.owner()).isEqualTo("names");
        assertThat(bound.receiveQueue()).isPositive();
        assertThat(Objects.requireNonNull(bound.details()).octetsIn()).isEqualTo(1);
    }

    @Test
    void an_address_in_use_names_the_holder_behind_the_words_of_the_jdk() throws Exception {
        TcpAcceptor second = host.openTcpAcceptor();
        BindException e = catchThrowableOfType(BindException.class, () -> second.bind(WEB));
        assertThat(e).hasMessage("Address already in use");
        assertThat(e.getCause())
                .hasMessageStartingWith("Address already in use: TCP 10.0.0.1:80 is held by thread "
                        + Thread.currentThread().getName() + ", [::]:80 LISTEN, for ");
        acceptor.label("web server");
        e = catchThrowableOfType(BindException.class, () -> second.bind(WEB));
        assertThat(e.getCause()).hasMessageContaining("held by web server, [::]:80 LISTEN, for ");
        assertThat(host.ports().summary(Transport.TCP).counters().refusals())
                .containsEntry(PortError.ADDRESS_IN_USE, 2L);
    }

    @Test
    void labels_are_bounded_printable_and_gone_with_the_socket() throws Exception {
        assertThatThrownBy(() -> acceptor.label("x".repeat(65))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> acceptor.label("a\nb")).isInstanceOf(IllegalArgumentException.class);
        acceptor.label("web");
        assertThat(acceptor.label()).isEqualTo("web");
        acceptor.label("");
        assertThat(acceptor.label()).startsWith("thread ");
        acceptor.label("web");
        acceptor.close();
        assertThat(host.labels()).isEmpty();
        assertThatThrownBy(() -> acceptor.label("late")).hasMessage("Socket closed");
    }

    private static Handler writingTo(List<String> lines) {
        return new Handler() {
            @Override
            public void publish(LogRecord entry) {
                lines.add(entry.getLevel() + " " + entry.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
    }

    private void listen(int port) throws Exception {
        try (TcpAcceptor server = host.openTcpAcceptor()) {
            server.bind(new Endpoint(ME, port));
            server.listen(1);
        }
    }

    // RFC 6335 section 8.1.2: a dynamic port "MUST NOT be used as a service identifier"
    @Requirement("6335-12")
    @Test
    void a_server_on_a_dynamic_port_of_its_choice_is_told_once_in_the_log() throws Exception {
        List<String> told = new ArrayList<>();
        Handler handler = writingTo(told);
        Logger logger = Logger.getLogger("dev.berth.host");
        logger.addHandler(handler);
        try {
            listen(49_151);
            listen(0);
            assertThat(told).isEmpty();
            listen(50_003);
            listen(50_003);
            listen(49_152);
            assertThat(told)
                    .containsExactly(
                            "WARNING Host a listens on TCP port 50003, one of the dynamic ports 49152-65535,"
                                    + " which belong to no service (RFC 6335): a client of this host may have it when"
                                    + " the server starts again. A port below 49152, or a reserved one, is safe.",
                            "WARNING Host a listens on TCP port 49152, one of the dynamic ports 49152-65535,"
                                    + " which belong to no service (RFC 6335): others may use it for their clients."
                                    + " A port below 49152, or a reserved one, is safe.");
            for (int port = 60_000; port < 60_100; port++) {
                listen(port);
            }
            assertThat(told).as("bounded").hasSize(16);
        } finally {
            logger.removeHandler(handler);
        }
    }

    @Test
    void nothing_is_said_of_a_server_on_a_reserved_port() throws Exception {
        host.close();
        PortPolicy policy = PortPolicy.dynamic().withReserved(new PortRange(50_000, 50_100));
        host = Host.builder("r")
                .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                .ports(policy)
                .start();
        assertThat(host.ports().policy()).isEqualTo(policy);
        List<String> told = new ArrayList<>();
        Handler handler = writingTo(told);
        Logger logger = Logger.getLogger("dev.berth.host");
        logger.addHandler(handler);
        try {
            listen(50_100);
        } finally {
            logger.removeHandler(handler);
        }
        assertThat(told).isEmpty();
    }

    @Test
    void a_lease_changes_while_connections_live_on() throws Exception {
        HostPorts ports = host.ports();
        assertThat(ports.lease(Transport.TCP)).isEqualTo(PortLease.EVERYTHING);
        TcpSocket before = connect();
        TcpSocket accepted = acceptor.accept(PATIENCE);
        PortLease lease = PortLease.of(new PortRange(50_004, 50_005), new PortRange(50_009, 60_000));
        ports.lease(Transport.TCP, lease);
        assertThat(ports.lease(Transport.TCP)).isEqualTo(lease);
        assertThat(ports.lease(Transport.UDP)).isEqualTo(PortLease.EVERYTHING);
        Set<Integer> chosen = new TreeSet<>();
        chosen.add(Objects.requireNonNull(before.local()).port());
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 10; i++) {
                        chosen.add(Objects.requireNonNull(connect().local()).port());
                    }
                })
                .isInstanceOf(BindException.class)
                .cause()
                .hasMessageContaining("are bound, reserved or not leased");
        chosen.remove(Objects.requireNonNull(before.local()).port());
        assertThat(chosen).isSubsetOf(50_004, 50_005, 50_009).hasSizeGreaterThanOrEqualTo(2);
        assertThatThrownBy(() -> ports.lease(Transport.TCP, PortLease.of(new PortRange(1, 49_999))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("The lease of 1-49999 leaves no port of 50000-50009 that is not reserved;"
                        + " at least one must be leased");
        assertThat(ports.lease(Transport.TCP)).isEqualTo(lease);
        assertThatThrownBy(() -> ports.lease(Transport.SCTP)).isInstanceOf(IllegalArgumentException.class);
        before.write(new byte[] {7}, 0, 1);
        assertThat(accepted.read(new byte[2], 0, 2, PATIENCE)).isEqualTo(1);
        ports.rekeySelection();
        ports.lease(Transport.TCP, PortLease.EVERYTHING);
        assertThat(ports.lease(Transport.TCP)).isEqualTo(PortLease.EVERYTHING);
    }

    @Test
    void a_destination_that_fills_up_is_seen_and_told_once_in_the_log() throws Exception {
        List<String> told = new ArrayList<>();
        Handler handler = writingTo(told);
        Logger logger = Logger.getLogger("dev.berth.host");
        logger.addHandler(handler);
        try {
            for (int i = 0; i < 9; i++) {
                connect();
                acceptor.accept(PATIENCE);
            }
            assertThat(told)
                    .singleElement()
                    .satisfies(text -> assertThat(text)
                            .startsWith(
                                    "WARNING Host a runs short of ports. More than 80 % of the TCP ports of 10.0.0.1"
                                            + " towards 10.0.0.1:80 are in use: 8 of 10 ports of 50000-50009"));
            connect();
            assertThat(told).hasSize(2);
        } finally {
            logger.removeHandler(handler);
        }
        HostPorts.Page<PortUsage.Towards> page = host.ports().destinations(Transport.TCP, 0, PortFilter.ALL);
        assertThat(page.next()).isEqualTo(HostPorts.END);
        assertThat(page.entries()).singleElement().satisfies(towards -> {
            assertThat(towards.inUse()).isEqualTo(10);
            assertThat(towards.free()).isZero();
        });
    }

    @Test
    void what_is_no_cursor_or_no_transport_of_sockets_is_refused() {
        assertThatThrownBy(() -> host.ports().sockets(Transport.TCP, -7, PortFilter.ALL, false))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> host.ports().sockets(Transport.SCTP, 0, PortFilter.ALL, false))
                .isInstanceOf(IllegalArgumentException.class);
        // Refused before anything happened: the host works on.
        assertThat(sockets(Transport.TCP, PortFilter.ALL)).hasSize(1);
    }
}
