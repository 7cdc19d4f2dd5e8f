package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.TcpSocket;
import dev.berth.stack.StackConfig;
import dev.berth.stack.StackSnapshot;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.wire.DropReason;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Thousands of connections between the kernel and the host, of random length, begun by either and ended in all ways,
/// while 2 % of the packets are lost and others are overtaken: every octet is right, and afterwards neither port table
/// holds anything.
///
/// `-Dberth.crowd=10000` sets how many connections there are; 2,000 unless told. `-Dberth.crowd.seed=N` sets others.
@Timeout(1_800)
class CrowdTest extends KernelTest {
    private static final int CONNECTIONS = Integer.getInteger("berth.crowd", 2_000);
    private static final long SEED = Long.getLong("berth.crowd.seed", 1);
    private static final int AT_ONCE = 60;
    private static final Duration CROWD_LIMIT = Duration.ofMinutes(10);
    private static final Duration TIME_WAIT = Duration.ofSeconds(3);

    @Override
    boolean captures() {
        return false;
    }

    @Override
    Link decorate(Link link) {
        return new UnevenLink(link, true, 50, SEED);
    }

    @Override
    Host.Builder configure(Host.Builder builder) {
        return builder.config(StackConfig.DEFAULT.withTimeWait(TIME_WAIT.toNanos()));
    }

    @Test
    void every_connection_ends_as_it_should_and_leaves_nothing() throws Exception {
        filter(
                "input iifname berth0 numgen random mod 100 < 2 drop",
                "output oifname berth0 numgen random mod 100 < 2 drop");
        explain(DropReason.RATE_LIMITED, DropReason.WRONG_STATE, DropReason.NO_PORT_OWNER);
        int half = CONNECTIONS / 2;
        Crowd served = new Crowd(SEED + 1, half);
        Service service = serve(80, socket -> served.answer(Crowd.over(socket)));
        NamespaceProgram server = server("crowd-serve", "::", 7000, SEED, half);
        NamespaceProgram clients = peer("crowd-connect", HOST, 80, HOST_V6, SEED + 1, half, AT_ONCE);

        Crowd asking = new Crowd(SEED, half);
        asking.askAll(AT_ONCE, (id, talk) -> {
            try (TcpSocket socket = host.openTcpSocket()) {
                socket.connect(endpoint(id % 2 == 0 ? KERNEL : KERNEL_V6, 7000), LIMIT_NANOS);
                talk.talk(Crowd.over(socket));
            }
        });
        sayLast();
        assertThat(server.awaitSuccess(CROWD_LIMIT)).isEqualTo("ready\ngood");
        assertThat(asking.result()).isEqualTo("good");
        assertThat(clients.awaitSuccess(CROWD_LIMIT)).isEqualTo("good");
        Waiting.until(() -> service.conversations() == 0, LIMIT, () -> service.conversations() + " conversations");
        assertThat(served.result()).isEqualTo("good");
        assertThat(service.failures()).isEmpty();
        service.close();
        Waiting.until(this::hostHasNothing, LIMIT, () -> "nothing left: " + host.snapshot());
        Waiting.until(() -> kernelSockets().isBlank(), LIMIT, () -> "nothing left in the kernel:\n" + kernelSockets());
    }

    private void sayLast() throws IOException {
        try (TcpSocket socket = host.openTcpSocket()) {
            socket.connect(endpoint(KERNEL, 7000), LIMIT_NANOS);
            new DataOutputStream(Streams.out(socket)).writeInt(Conversation.LAST);
        }
    }

    private boolean hostHasNothing() {
        StackSnapshot snapshot = host.snapshot();
        return snapshot.flows().isEmpty() && snapshot.tcpPorts().bindings().isEmpty();
    }

    /// The kernel's sockets, those in TIME-WAIT aside.
    private String kernelSockets() {
        return namespace.check("ss", "-Htan", "state", "all", "exclude", "time-wait");
    }
}
