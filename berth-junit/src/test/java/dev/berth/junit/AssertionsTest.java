package dev.berth.junit;

import static dev.berth.junit.BerthAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.network.Fault;
import dev.berth.network.Network;
import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class AssertionsTest {
    @BerthNetwork(
            hosts = {"web", "db", "cache"},
            virtualTime = true,
            seed = 3)
    Network network;

    @BerthNetwork
    TrafficLog traffic;

    @BerthHost("web")
    Host web;

    @BerthHost("db")
    Host db;

    private Endpoint end(Host host, int port) {
        return new Endpoint(host.addresses().getFirst(), port);
    }

    private TcpAcceptor listen(Host host, int port) throws IOException {
        TcpAcceptor acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV4, port));
        acceptor.label("the " + host.name());
        acceptor.listen(10);
        return acceptor;
    }

    private TcpSocket connect(Host from, Host to, int port) throws IOException {
        TcpSocket socket = from.openTcpSocket();
        socket.connect(end(to, port), 0);
        return socket;
    }

    @Test
    void counts_connections_and_octets() throws IOException {
        TcpAcceptor acceptor = listen(db, 5_432);
        TcpSocket one = connect(web, db, 5_432);
        TcpSocket accepted = acceptor.accept(0);
        one.write(new byte[300], 0, 300);
        accepted.write(new byte[20_000], 0, 20_000);
        for (int got = 0; got < 20_000; ) {
            got += one.read(new byte[20_000], 0, 20_000, 0);
        }
        connect(web, db, 5_432).close();
        assertThat(catchThrowable(() -> connect(web, db, 80))).isInstanceOf(java.net.ConnectException.class);

        assertThat(traffic)
                .from("web")
                .to("db")
                .hasConnections(2)
                .hasConnectionsAtLeast(2)
                .hasConnectionsAtMost(2)
                .hasFailedConnections(1)
                .hasSentOctets(300)
                .hasSentOctetsAtLeast(300)
                .hasReceivedOctets(20_000)
                .hasReceivedOctetsAtLeast(1)
                .hasNoRetransmissions()
                .happened();
        assertThat(traffic).onPort(5_432).hasNoResets();
        assertThat(traffic).to("cache").didNotHappen().hasConnections(0);
        assertThat(traffic).reachedOnly("db");

        assertThatThrownBy(() -> assertThat(traffic).to("db").onPort(5_432).hasConnections(1))
                .isInstanceOf(AssertionError.class)
                .hasMessageMatching("""
                        Expected 1 connection to db on port 5432, but there were 2\\.
                        Seen to db on port 5432:
                          TCP web 10\\.0\\.0\\.1:\\d+ -> db 10\\.0\\.0\\.2:5432 \
                        \\(connected, sent 300 octets in \\d+ packets, \
                        received 20000 octets in \\d+ packets?\\)
                          TCP web 10\\.0\\.0\\.1:\\d+ -> db 10\\.0\\.0\\.2:5432 \
                        \\(connected, sent 0 octets in \\d+ packets, \
                        received 0 octets in \\d+ packets?\\)
                        Other traffic:
                          TCP web 10\\.0\\.0\\.1:\\d+ -> db 10\\.0\\.0\\.2:80 \\(reset, sent 0 octets in 1 packet, \
                        received 0 octets in 1 packet\\)""");
        assertThatThrownBy(() -> assertThat(traffic).reachedOnly("db", "cache"))
                .hasMessageStartingWith(
                        "Expected traffic to [cache, db] and nobody else, but there was traffic to [db].\nSeen:");
        assertThatThrownBy(() -> assertThat(traffic).to("cache").happened())
                .hasMessageStartingWith("Expected some traffic to cache, but there was none.\nSeen to cache: nothing");
        traffic.clear();
        assertThat(traffic).didNotHappen();
    }

    @Test
    void counts_retransmissions() throws IOException {
        TcpAcceptor acceptor = listen(db, 5_432);
        TcpSocket one = connect(web, db, 5_432);
        TcpSocket accepted = acceptor.accept(0);
        try (Fault cut = network.between("web", "db").cut()) {
            one.write(new byte[10], 0, 10);
            network.time().advance(Duration.ofSeconds(2));
        }
        assertThat(accepted.read(new byte[10], 0, 10, 0)).isEqualTo(10);
        assertThat(traffic).hasRetransmissionsAtLeast(1).hasSentOctets(10);
        assertThatThrownBy(() -> assertThat(traffic).hasNoRetransmissions())
                .hasMessageContaining("Expected no retransmissions, but there w")
                .hasMessageContaining("retransmitted");
    }

    @Test
    void tells_tcp_from_udp() throws IOException {
        UdpSocket socket = db.openUdpSocket();
        socket.bind(new Endpoint(IpAddress.ANY_IPV4, 53));
        UdpSocket client = web.openUdpSocket();
        client.bind(new Endpoint(IpAddress.ANY_IPV4, 0));
        client.send(new byte[5], 0, 5, end(db, 53));
        client.send(new byte[6], 0, 6, end(db, 53));
        assertThat(traffic)
                .over(Transport.UDP)
                .to("db")
                .onPort(53)
                .hasSentOctets(11)
                .hasConnections(0);
        assertThat(traffic).over(Transport.TCP).didNotHappen();
        assertThat(db).usesPort(Transport.UDP, 53).hasFreePort(Transport.TCP, 53);
    }

    @Test
    void asks_about_ports_and_sockets() throws IOException {
        TcpAcceptor acceptor = listen(db, 5_432);
        TcpSocket one = connect(web, db, 5_432);
        TcpSocket accepted = acceptor.accept(0);
        assertThat(db)
                .listensOn(5_432)
                .doesNotListenOn(80)
                .hasOpenConnections(1)
                .usesPort(Transport.TCP, 5_432)
                .hasFreePort(Transport.TCP, 80);
        assertThatThrownBy(() -> assertThat(db).listensOn(80))
                .hasMessageStartingWith("Expected somebody to listen on port 80 on host db, but nobody does.\n"
                        + "Sockets of db:\n  TCP port 5432 (")
                .hasMessageContaining("LISTEN, of the db, open for");
        assertThatThrownBy(() -> assertThat(db).doesNotListenOn(5_432))
                .hasMessageStartingWith("Expected nobody to listen on port 5432 on host db, but the db does.");
        assertThatThrownBy(() -> assertThat(db).hasFreePort(Transport.TCP, 5_432))
                .hasMessageStartingWith(
                        "Expected TCP port 5432 to be free on host db, but it is in use: LISTEN, the db.");
        assertThatThrownBy(() -> assertThat(db).usesPort(Transport.UDP, 5_432))
                .hasMessageStartingWith("Expected UDP port 5432 to be in use on host db, but it is free.");
        assertThatThrownBy(() -> assertThat(db).hasOpenConnections(2))
                .hasMessageStartingWith("Expected 2 open connections on host db, but there is 1.");
        assertThatThrownBy(() -> assertThat(db).hasNoOpenSockets())
                .hasMessageStartingWith("Expected no open sockets on host db, but there are 2.");
        accepted.close();
        one.close();
        acceptor.close();
        network.time().runUntilIdle(Duration.ofMinutes(5));
        assertThat(db).hasNoOpenSockets().hasFreePort(Transport.TCP, 5_432);
    }
}
