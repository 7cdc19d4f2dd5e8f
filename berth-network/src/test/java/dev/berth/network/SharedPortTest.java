package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.stack.StackConfig;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Several listeners on one port, and sockets that connect to themselves.
@Timeout(60)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SharedPortTest {
    private static final long TEN_SECONDS = TimeUnit.SECONDS.toNanos(10);
    private static final Endpoint SERVER = new Endpoint(IpAddress.parse("10.0.0.2"), 80);

    private final List<AutoCloseable> resources = new ArrayList<>();
    private Network network;
    private Host client;
    private Host server;

    @BeforeEach
    void start() throws IOException {
        network = Network.create("lab");
        client = network.host("client", IpAddress.Prefix.parse("10.0.0.1/24"), IpAddress.Prefix.parse("fd00::1/64"));
        server = network.host("server", IpAddress.Prefix.parse("10.0.0.2/24"));
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable resource : resources) {
            resource.close();
        }
        network.close();
    }

    private <T extends AutoCloseable> T closing(T resource) {
        resources.add(resource);
        return resource;
    }

    private TcpAcceptor listen() throws IOException {
        TcpAcceptor acceptor = closing(server.openTcpAcceptor());
        acceptor.reusePort(true);
        acceptor.bind(SERVER);
        acceptor.listen(1_000);
        return acceptor;
    }

    private TcpSocket connect() throws IOException {
        TcpSocket socket = closing(client.openTcpSocket());
        socket.connect(SERVER, TEN_SECONDS);
        return socket;
    }

    @Test // as Linux: the connections in the queue of a listener are reset with it
    void a_listener_that_closes_resets_what_it_did_not_accept_and_the_others_go_on() throws IOException {
        TcpAcceptor[] listeners = {listen(), listen()};
        List<TcpSocket> clients = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            clients.add(connect());
        }
        // What belongs to the second is accepted, the rest waits with the first.
        List<Endpoint> accepted = new ArrayList<>();
        for (TcpSocket socket = listeners[1].tryAccept(); socket != null; socket = listeners[1].tryAccept()) {
            accepted.add(closing(socket).remote());
        }
        assertThat(accepted).hasSizeBetween(20, 80);
        listeners[0].close();

        int reset = 0;
        for (TcpSocket socket : clients) {
            if (accepted.contains(socket.local())) {
                socket.write(new byte[1], 0, 1);
            } else {
                assertThatThrownBy(() -> socket.read(new byte[1], 0, 1, TEN_SECONDS))
                        .isInstanceOf(SocketException.class)
                        .hasMessage("Connection reset");
                reset++;
            }
        }
        assertThat(reset).isEqualTo(100 - accepted.size());
        for (int i = 0; i < 20; i++) {
            Endpoint local = connect().local();
            assertThat(closing(listeners[1].accept(TEN_SECONDS)).remote()).isEqualTo(local);
        }
    }

    /// RFC 9293 section 3.5, figure 8, with one socket at both ends.
    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.1", "127.0.0.1", "fd00::1", "::1"})
    void a_socket_connects_to_itself_and_hears_itself(String address) throws IOException {
        Endpoint self = new Endpoint(IpAddress.parse(address), 5_555);
        try (TcpSocket socket = client.openTcpSocket()) {
            socket.bind(self);
            socket.connect(self, TEN_SECONDS);
            assertThat(socket.remote()).isEqualTo(self);
            byte[] into = new byte[10];
            for (int i = 0; i < 100; i++) {
                socket.write(new byte[] {(byte) i, 2, 3}, 0, 3);
                int n = 0;
                while (n < 3) {
                    n += socket.read(into, n, 3 - n, TEN_SECONDS);
                }
                assertThat(into).startsWith((byte) i, 2, 3);
            }
            socket.shutdownOutput();
            assertThat(socket.read(into, 0, 10, TEN_SECONDS)).isEqualTo(-1);
        }
    }

    @Test
    void an_ephemeral_port_never_connects_a_socket_to_itself() throws IOException {
        PortPolicy narrow = PortPolicy.dynamic().withEphemeral(new PortRange(50_000, 50_001));
        try (Host host = Host.builder("narrow")
                .config(StackConfig.DEFAULT.withPorts(narrow))
                .start()) {
            for (int i = 0; i < 200; i++) {
                Endpoint nobody = new Endpoint(IpAddress.LOOPBACK_IPV4, 50_000 + i % 2);
                try (TcpSocket socket = host.openTcpSocket()) {
                    assertThatThrownBy(() -> socket.connect(nobody, TEN_SECONDS))
                            .isInstanceOf(ConnectException.class)
                            .hasMessage("Connection refused");
                }
            }
        }
    }
}
