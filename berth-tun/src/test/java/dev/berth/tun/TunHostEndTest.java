package dev.berth.tun;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/// What the kernel learns when a host goes down.
class TunHostEndTest extends TunTest {
    private static final int CONNECTIONS = 20;
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /// Keeps the thread that transmits next until all sockets are closed, and then a little longer, unless the link is
    /// closed meanwhile.
    private static final class HeldUpLink implements Link {
        private static final long LONGER_MILLIS = 20;

        private final TunLink link;
        private final List<TcpSocket> sockets;
        private final CountDownLatch held = new CountDownLatch(1);
        private final CountDownLatch closed = new CountDownLatch(1);
        private volatile boolean hold;

        HeldUpLink(TunLink link, List<TcpSocket> sockets) {
            this.link = link;
            this.sockets = sockets;
        }

        @Override
        public LinkInfo info() {
            return link.info();
        }

        @Override
        public void start(LinkReceiver receiver) {
            link.start(receiver);
        }

        @Override
        public void transmit(Packet packet) {
            if (hold) {
                hold = false;
                held.countDown();
                awaitEnd();
            }
            link.transmit(packet);
        }

        private void awaitEnd() {
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (sockets.stream().anyMatch(TcpSocket::isOpen) && System.nanoTime() - deadline < 0) {
                LockSupport.parkNanos(100_000);
            }
            try {
                boolean _ = closed.await(LONGER_MILLIS, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void flush() {
            link.flush();
        }

        @Override
        public void close() {
            closed.countDown();
            link.close();
        }
    }

    @Test
    void whoever_waits_to_read_is_reset_at_once_also_while_another_thread_transmits() throws Exception {
        List<TcpSocket> sockets = new ArrayList<>();
        HeldUpLink link = new HeldUpLink(open(builder("berth0")), sockets);
        FutureTask<Void> sending;
        NamespaceProgram peer;
        try (Host host = Host.builder("ending")
                .link(link)
                .address(IpAddress.Prefix.parse(HOST + "/24"))
                .start()) {
            namespace.check("ip", "address", "add", KERNEL + "/24", "dev", "berth0");
            link.link.up();
            TcpAcceptor acceptor = host.openTcpAcceptor();
            acceptor.bind(new Endpoint(IpAddress.parse(HOST), 80));
            acceptor.listen(CONNECTIONS);
            peer = namespace.start(KernelPeer.command(List.of(), "hold", HOST, "80", "" + CONNECTIONS));
            for (int i = 0; i < CONNECTIONS; i++) {
                sockets.add(acceptor.accept(LIMIT.toNanos()));
            }
            peer.awaitLine("open"::equals, LIMIT);
            UdpSocket datagrams = host.openUdpSocket();
            sending = new FutureTask<>(() -> {
                datagrams.send(new byte[1], 0, 1, new Endpoint(IpAddress.parse(KERNEL), 9));
                return null;
            });
            link.hold = true;
            Thread.ofPlatform().start(sending);
            assertThat(link.held.await(LIMIT.toNanos(), TimeUnit.NANOSECONDS)).isTrue();
        }
        assertThat(peer.awaitSuccess(LIMIT)).endsWith("reset " + CONNECTIONS);
        sending.get(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    }
}
