package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.network.Network;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/// A guest on a network in memory, 10.0.0.1, and a gateway; servers are the kernel's, on its loopback interface. After
/// a test, no flow and no thread of the gateway may be left.
abstract class GuestAndGateway {
    static final long PATIENCE = 30_000_000_000L;
    static final IpAddress MACHINE = IpAddress.parse("10.0.0.253");
    private static final int PATIENCE_MILLIS = 30_000;
    private static final int BACKLOG = 1_000;

    final Network network = Network.create("test");
    final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    Host guest;
    Gateway gateway;

    @BeforeEach
    void start() throws IOException {
        guest = network.host("guest", IpAddress.Prefix.parse("10.0.0.1/24"));
        gateway = start(GatewayLimits.DEFAULT);
    }

    /// The gateway of these tests, with its addresses and rules.
    abstract Gateway.Builder settings(Gateway.Builder builder);

    private Gateway start(GatewayLimits limits) throws IOException {
        return settings(Gateway.builder(network)).limits(limits).start();
    }

    void restart(GatewayLimits limits) throws IOException {
        gateway.close();
        gateway = start(limits);
    }

    @AfterEach
    void nothing_is_left() {
        gateway.close();
        network.close();
        executor.close();
        await(() -> gateway.counters().connections() == 0
                && gateway.counters().opening() == 0
                && gateway.counters().associations() == 0);
        await(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("berth-gateway")));
    }

    static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("a deadline").isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    static ServerSocket listen() throws IOException {
        ServerSocket server = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
        server.setSoTimeout(PATIENCE_MILLIS);
        return server;
    }

    static Socket accept(ServerSocket server) throws IOException {
        Socket socket = server.accept();
        socket.setSoTimeout(PATIENCE_MILLIS);
        return socket;
    }

    TcpSocket connect(int port) throws IOException {
        TcpSocket socket = guest.openTcpSocket();
        try {
            socket.connect(new Endpoint(MACHINE, port), PATIENCE);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }
}
