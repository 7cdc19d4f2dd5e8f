package dev.berth.junit;

import static dev.berth.junit.BerthAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.network.Fault;
import dev.berth.network.Network;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.sockets.BerthServerSocketFactory;
import dev.berth.sockets.BerthSocketFactory;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The recipes of docs/TESTING_WITH_BERTH.md. What stands between `// recipe` and `// end` is on that page, as it is
/// here.
@Timeout(60)
class RecipesTest {
    // recipe: the first test
    static class FirstTest {
        @BerthNetwork(leaks = Leaks.FAIL)
        Network network;

        @Test
        void a_server_on_port_80(
                @BerthHost("web") ServerSocketFactory web,
                @BerthHost("web") InetAddress address,
                @BerthHost("browser") SocketFactory browser)
                throws IOException {
            try (ServerSocket server = web.createServerSocket(80);
                    Socket client = browser.createSocket(address, 80);
                    Socket accepted = server.accept()) {
                client.getOutputStream().write('!');
                assertThat(accepted.getInputStream().read()).isEqualTo('!');
            }
        }
    }
    // end

    @Nested
    class First extends FirstTest {}

    @Nested
    class FiveReplicas {
        // recipe: five replicas on port 9092
        @BerthNetwork(hosts = {"kafka-1", "kafka-2", "kafka-3", "kafka-4", "kafka-5", "client"})
        Network network;

        @BerthNetwork
        TrafficLog traffic;

        @Test
        void all_listen_on_their_real_port(@BerthHost("client") SocketFactory client) throws IOException {
            for (int i = 1; i <= 5; i++) {
                Host host = network.find("kafka-" + i).orElseThrow();
                new BerthServerSocketFactory(host).createServerSocket(9092);
            }
            for (int i = 1; i <= 5; i++) {
                Host host = network.find("kafka-" + i).orElseThrow();
                assertThat(host).listensOn(9092);
                InetAddress address =
                        InetAddress.getByAddress(host.addresses().getFirst().octets());
                client.createSocket(address, 9092).close();
            }
            assertThat(traffic).onPort(9092).hasConnections(5);
        }
        // end
    }

    @Nested
    class SlowDatabase {
        // recipe: the database is slow
        @BerthNetwork(hosts = {"db", "web"})
        Network network;

        @Test
        void the_client_gives_up(
                @BerthHost("db") ServerSocketFactory db,
                @BerthHost("db") InetAddress address,
                @BerthHost("web") SocketFactory web)
                throws IOException {
            try (ServerSocket server = db.createServerSocket(5432);
                    Socket client = web.createSocket(address, 5432);
                    Socket accepted = server.accept()) {
                try (Fault slow = network.between("web", "db").port(5432).latency(Duration.ofSeconds(2))) {
                    accepted.getOutputStream().write('R'); // the answer
                    client.setSoTimeout(100);
                    assertThatThrownBy(client.getInputStream()::read).isInstanceOf(SocketTimeoutException.class);
                }
                client.setSoTimeout(0);
                assertThat(client.getInputStream().read())
                        .as("it arrives in the end")
                        .isEqualTo('R');
            }
        }
        // end
    }

    @Nested
    class CutOffLeader {
        // recipe: the leader is cut off for 30 s
        @BerthNetwork(
                hosts = {"leader", "follower"},
                virtualTime = true,
                seed = 42)
        Network network;

        @BerthNetwork
        TrafficLog traffic;

        @Test
        void the_connection_survives(
                @BerthHost("leader") SocketFactory leader,
                @BerthHost("follower") ServerSocketFactory follower,
                @BerthHost("follower") InetAddress address)
                throws IOException {
            ServerSocket server = follower.createServerSocket(7000);
            Socket log = leader.createSocket(address, 7000);
            Socket accepted = server.accept();
            accepted.setSoTimeout(10_000);

            network.partition("leader").lasting(Duration.ofSeconds(30));
            log.getOutputStream().write('1');
            assertThatThrownBy(accepted.getInputStream()::read).isInstanceOf(SocketTimeoutException.class);

            accepted.setSoTimeout(60_000); // of virtual time: the test takes milliseconds
            assertThat(accepted.getInputStream().read()).isEqualTo('1');
            assertThat(network.time().elapsed()).isBetween(Duration.ofSeconds(30), Duration.ofSeconds(70));
            assertThat(traffic)
                    .from("leader")
                    .to("follower")
                    .hasRetransmissionsAtLeast(3)
                    .hasNoResets();
        }
        // end
    }

    @Nested
    class TwoPercentLoss {
        // recipe: 2 % loss
        @BerthNetwork(
                hosts = {"sender", "receiver"},
                virtualTime = true,
                seed = 42,
                mtu = 1500)
        Network network;

        @BerthNetwork
        TrafficLog traffic;

        @Test
        void everything_arrives_all_the_same(
                @BerthHost("sender") SocketFactory sender,
                @BerthHost("receiver") ServerSocketFactory receiver,
                @BerthHost("receiver") InetAddress address)
                throws IOException {
            ServerSocket server = receiver.createServerSocket(80);
            network.traffic().loss(0.02);
            network.time().start("sender", () -> {
                try (Socket socket = sender.createSocket(address, 80)) {
                    socket.getOutputStream().write(new byte[1_000_000]);
                }
            });
            try (Socket accepted = server.accept()) {
                assertThat(accepted.getInputStream().readAllBytes()).hasSize(1_000_000);
            }
            assertThat(network.dropped()).isPositive();
            assertThat(traffic).to("receiver").hasSentOctets(1_000_000).hasRetransmissionsAtLeast(1);
        }
        // end
    }

    @Nested
    class OutOfPorts {
        // recipe: client runs out of ephemeral ports
        @BerthNetwork(hosts = "server")
        Network network;

        @Test
        void the_eleventh_connection_fails(
                @BerthHost("server") ServerSocketFactory server, @BerthHost("server") InetAddress address)
                throws IOException {
            PortPolicy tenPorts = PortPolicy.linux().withEphemeral(new PortRange(50_000, 50_009));
            Host client = network.host("client", plan -> plan.build(host -> host.ports(tenPorts)));
            SocketFactory sockets = new BerthSocketFactory(client);
            server.createServerSocket(80);
            server.createServerSocket(81);
            for (int i = 0; i < 10; i++) {
                sockets.createSocket(address, 80);
            }
            assertThatThrownBy(() -> sockets.createSocket(address, 80)).isInstanceOf(BindException.class);
            sockets.createSocket(address, 81); // ports are used up towards one destination only
            assertThat(client).hasOpenConnections(11);
        }
        // end
    }

    @Nested
    class HalfOpen {
        // recipe: half-open connection after a crash
        @BerthNetwork(
                hosts = {"server", "client"},
                virtualTime = true,
                seed = 42)
        Network network;

        @Test
        void the_client_learns_of_it_when_it_writes(
                @BerthHost("server") ServerSocketFactory server,
                @BerthHost("server") InetAddress address,
                @BerthHost("client") SocketFactory client)
                throws IOException {
            server.createServerSocket(80);
            Socket socket = client.createSocket(address, 80);

            network.crash("server"); // nobody is told
            network.restart("server"); // and the new one knows of no connection
            assertThat(network.find("client").orElseThrow()).hasOpenConnections(1);

            socket.getOutputStream().write('?');
            assertThatThrownBy(socket.getInputStream()::read)
                    .isInstanceOf(SocketException.class)
                    .hasMessage("Connection reset");
        }
        // end
    }

    @Nested
    class TwoServices {
        // recipe: two services on port 443
        @Test
        void both_have_it(
                @BerthHost("shop") ServerSocketFactory shop,
                @BerthHost("shop") InetAddress shopAddress,
                @BerthHost("bank") ServerSocketFactory bank,
                @BerthHost("bank") InetAddress bankAddress,
                @BerthHost("client") SocketFactory client)
                throws IOException {
            try (ServerSocket first = shop.createServerSocket(443);
                    ServerSocket second = bank.createServerSocket(443);
                    Socket toShop = client.createSocket(shopAddress, 443);
                    Socket toBank = client.createSocket(bankAddress, 443)) {
                first.accept().getOutputStream().write('s');
                second.accept().getOutputStream().write('b');
                assertThat(toShop.getInputStream().read()).isEqualTo('s');
                assertThat(toBank.getInputStream().read()).isEqualTo('b');
            }
        }
        // end
    }
}
