package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.Host;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// As many threads wait in `read` as there may be connections: one virtual thread for each.
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ManyReadersTest {
    private static final int READERS = 100_000;
    private static final int PER_PORT = 12_500; // a destination has 16,384 ephemeral ports

    @Test
    void a_hundred_thousand_virtual_threads_wait_in_read() throws Exception {
        try (Host host = Host.builder("many")
                .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                .start()) {
            List<Socket> servers = new ArrayList<>();
            List<Thread> readers = new ArrayList<>();
            AtomicInteger read = new AtomicInteger();
            CountDownLatch started = new CountDownLatch(READERS);
            InetAddress address = InetAddress.getByName("10.0.0.1");
            for (int port = 1; port <= READERS / PER_PORT; port++) {
                ServerSocket server = new BerthServerSocketFactory(host).createServerSocket(port);
                for (int i = 0; i < PER_PORT; i++) {
                    Socket client = new BerthSocketFactory(host).createSocket(address, port);
                    servers.add(server.accept());
                    readers.add(Thread.startVirtualThread(() -> readOne(client, started, read)));
                }
                server.close();
            }
            started.await();
            awaitAllParked(readers);
            assertThat(read).hasValue(0);
            for (Socket server : servers) {
                server.getOutputStream().write(1);
            }
            for (Thread reader : readers) {
                reader.join();
            }
            assertThat(read).hasValue(READERS);
            for (Socket server : servers) {
                server.close();
            }
        }
    }

    private static void readOne(Socket client, CountDownLatch started, AtomicInteger read) {
        started.countDown();
        try (client) {
            read.addAndGet(client.getInputStream().read());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void awaitAllParked(List<Thread> readers) {
        for (Thread reader : readers) {
            while (reader.getState() != Thread.State.WAITING) {
                assertThat(reader.isAlive()).isTrue();
                Thread.onSpinWait();
            }
        }
    }
}
