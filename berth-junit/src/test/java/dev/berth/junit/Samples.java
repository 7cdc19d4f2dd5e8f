package dev.berth.junit;

import dev.berth.host.Host;
import dev.berth.network.Fault;
import dev.berth.network.Network;
import dev.berth.sockets.HostScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Classes of tests that are run by other tests, most of which fail.
final class Samples {
    private Samples() {}

    static class Failing {
        @BerthNetwork(
                hosts = {"db", "web"},
                seed = 77)
        Network network;

        @BerthHost("db")
        InetAddress db;

        @BerthHost("web")
        SocketFactory web;

        @Test
        void nobody_listens() throws IOException {
            web.createSocket(db, 5_432).close();
        }

        @Test
        void works() {}

        @Test
        void is_not_for_here() {
            Assumptions.assumeTrue(false);
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2})
        void fails_each_time(int number, @BerthNetwork("second") Network second) {
            throw new IllegalStateException("number " + number);
        }

        @Test
        void everything_is_lost() throws IOException {
            try (Fault cut = network.between("web", "db").cut();
                    Socket socket = web.createSocket()) {
                socket.connect(new java.net.InetSocketAddress(db, 5_432), 50);
            }
        }
    }

    static class Leaking {
        @BerthNetwork(leaks = Leaks.FAIL)
        Network network;

        @BerthHost("web")
        ServerSocketFactory web;

        @BerthHost("web")
        Host host;

        @Test
        void leaves_a_server() throws Exception {
            ServerSocket server = web.createServerSocket(80);
            CountDownLatch begun = new CountDownLatch(1);
            Thread.ofPlatform().name("forgotten").start(() -> {
                begun.countDown();
                try {
                    server.accept().close();
                } catch (IOException e) {
                    // the network is closed after all
                }
            });
            begun.await();
            while (host.waitingThreads().isEmpty()) {
                Thread.onSpinWait();
            }
        }

        @Test
        void cleans_up() throws IOException {
            web.createServerSocket(80).close();
        }

        @Test
        void fails_and_leaks() throws IOException {
            web.createServerSocket(80);
            throw new IllegalStateException("this comes first");
        }
    }

    static class LeakingClass {
        @BerthNetwork(leaks = Leaks.FAIL)
        static Network network;

        @Test
        void leaves_a_socket(@BerthHost("web") ServerSocketFactory web) throws IOException {
            web.createServerSocket(80);
        }
    }

    /// Code that knows nothing of Berth, on the hosts that its tests name.
    @OnHost("client")
    static class Scoped {
        @BerthNetwork(
                hosts = {"web", "client"},
                leaks = Leaks.FAIL)
        Network network;

        @BerthNetwork
        TrafficLog traffic;

        @BerthHost("web")
        HostScope web;

        private ServerSocket server;

        @BeforeEach
        void start() throws IOException {
            server = web.call(() -> new ServerSocket(80));
        }

        @AfterEach
        void stop() throws IOException {
            server.close();
        }

        @Test
        void plain_sockets_are_those_of_the_host() throws Exception {
            Socket[] connected = new Socket[1];
            Thread thread = Thread.ofVirtual().start(() -> {
                try {
                    connected[0] = new Socket("web", 80);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            server.accept().close();
            thread.join();
            connected[0].close();
            BerthAssertions.assertThat(traffic)
                    .from("client")
                    .to("web")
                    .onPort(80)
                    .hasConnections(1);
        }

        @Test
        @OnHost("web")
        void a_method_may_be_elsewhere() throws IOException {
            try (Socket socket = new Socket("10.0.0.1", 80)) {
                server.accept().close();
                BerthAssertions.assertThat(traffic).didNotHappen(); // a host does not use the network to talk to itself
            }
        }
    }

    static class SaidTwice {
        @BerthNetwork(mtu = 1_500)
        Network one;

        @BerthNetwork(mtu = 9_000)
        Network other;

        @Test
        void never_begins() {}
    }

    static class OfNoType {
        @BerthHost("web")
        String web;

        @Test
        void never_begins() {}
    }

    static class InConstructor {
        InConstructor(@BerthNetwork Network network) {}

        @Test
        void never_begins() {}
    }

    static class AddressTwice {
        @BerthNetwork(hosts = {"a=10.0.0.1", "b=10.0.0.1"})
        Network network;

        @Test
        void never_begins() {}
    }

    static class SharedByNested {
        @BerthNetwork(
                value = "shared",
                hosts = {"db", "web"})
        static Network shared;

        @Nested
        class Inner {
            @Test
            void nobody_listens_here(
                    @BerthHost(value = "web", network = "shared") SocketFactory web,
                    @BerthHost(value = "db", network = "shared") InetAddress db)
                    throws IOException {
                web.createSocket(db, 5432);
            }
        }
    }

    static class FailsBefore {
        @BerthNetwork(hosts = {"db", "web"})
        static Network network;

        @BeforeAll
        static void fails(@BerthHost("web") SocketFactory web, @BerthHost("db") InetAddress db) throws IOException {
            web.createSocket(db, 5432);
        }

        @Test
        void never_begins() {}
    }

    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    @Execution(ExecutionMode.CONCURRENT)
    static class OneInstanceForAll {
        @BerthNetwork
        Network network;

        @Test
        void never_begins() {}
    }
}
