package dev.berth.junit;

import static dev.berth.junit.BerthAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.Host;
import dev.berth.network.Network;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.HashSet;
import java.util.Set;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class NetworkFieldsTest {
    private static final Set<Network> SEEN = new HashSet<>();

    @BerthNetwork("shared")
    static Network shared;

    @BerthHost(value = "registry", network = "shared")
    static Host registry;

    @BerthNetwork(
            hosts = {"db=10.0.7.7", "web"},
            leaks = Leaks.FAIL)
    private Network network;

    @BerthNetwork
    private TrafficLog traffic;

    @BerthHost("db")
    private ServerSocketFactory db;

    @BerthHost("web")
    private SocketFactory web;

    @BeforeAll
    static void the_network_of_the_class_is_there(@BerthNetwork("shared") Network first) {
        assertThat(first).isSameAs(shared);
        assertThat(registry.name()).isEqualTo("registry");
    }

    @BeforeEach
    void the_network_of_the_test_is_there(@BerthNetwork Network now, @BerthHost("db") Host host) {
        assertThat(now).isSameAs(network);
        assertThat(network.find("db")).containsSame(host);
    }

    @RepeatedTest(3)
    void every_test_has_a_network_of_its_own() {
        assertThat(SEEN.add(network)).isTrue();
        assertThat(network.find("db").orElseThrow().addresses()).hasToString("[10.0.7.7]");
        assertThat(shared.find("registry")).containsSame(registry);
        assertThat(network.find("registry")).isEmpty();
    }

    @Test
    void sockets_of_java_net_are_on_their_hosts(@BerthHost("db") InetAddress address) throws IOException {
        try (ServerSocket server = db.createServerSocket(5_432);
                Socket client = web.createSocket(address, 5_432);
                Socket accepted = server.accept()) {
            client.getOutputStream().write(new byte[1_000]);
            assertThat(accepted.getInputStream().readNBytes(1_000)).hasSize(1_000);
            assertThat(network.find("db").orElseThrow()).listensOn(5_432).hasOpenConnections(1);
        }
        assertThat(traffic)
                .from("web")
                .to("db")
                .onPort(5_432)
                .hasConnections(1)
                .hasSentOctets(1_000)
                .hasReceivedOctets(0)
                .hasNoRetransmissions()
                .hasNoResets();
        assertThat(traffic).reachedOnly("db");
    }

    @Test
    void channels_are_too(@BerthHost("db") SelectorProvider server, @BerthHost("web") SelectorProvider client)
            throws IOException {
        try (ServerSocketChannel listener = server.openServerSocketChannel().bind(new InetSocketAddress(80));
                SocketChannel channel = client.openSocketChannel()) {
            assertThat(channel.connect(new InetSocketAddress(InetAddress.getByName("10.0.7.7"), 80)))
                    .isTrue();
            listener.accept().close();
        }
    }

    @Test
    void a_parameter_may_be_on_a_further_network(
            @BerthNetwork(value = "other", hosts = "db") Network other,
            @BerthHost(value = "db", network = "other") Host db) {
        assertThat(other).isNotSameAs(network);
        assertThat(other.find("db")).containsSame(db);
    }

    @Nested
    class Inside {
        @BerthHost("cache")
        Host cache;

        @Test
        void a_nested_class_sees_the_networks_of_the_outer_one() {
            assertThat(network.find("cache")).containsSame(cache);
            assertThat(shared.find("registry")).containsSame(registry);
        }
    }
}
