package dev.berth.stack.udp;

import static dev.berth.stack.script.Frames.MORE;
import static dev.berth.stack.script.Frames.data;
import static dev.berth.stack.script.Frames.icmp;
import static dev.berth.stack.script.Frames.ipv4;
import static dev.berth.stack.script.Frames.slice;
import static dev.berth.stack.script.Frames.udp;
import static dev.berth.stack.script.Frames.udpDatagram;
import static dev.berth.stack.script.ScriptHost.A;
import static dev.berth.stack.script.ScriptHost.PEER;
import static dev.berth.stack.script.ScriptHost.PEER6;
import static dev.berth.stack.script.ScriptHost.hi;
import static dev.berth.stack.script.ScriptHost.lo;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.script.ScriptHost;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

/// In steady state, moving packets allocates nothing.
class AllocationTest {
    private static final int ROUNDS = 20_000;

    private final ScriptHost host = new ScriptHost();
    private final ByteSink sink = (bytes, from, length) -> {};
    private final ByteSource source = (bytes, at, length) -> {};

    private interface Step {
        void run() throws Exception;
    }

    private static void allocatesNothing(Step step) throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (int i = 0; i < 2_000; i++) {
            step.run();
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            step.run();
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(allocated / (double) ROUNDS).as("octets per round").isLessThan(0.5);
    }

    private void arrive(byte[] octets) {
        Packet packet = host.input.accept(host.nic, host.packet(octets), host.now);
        if (packet == null) {
            host.icmp.answer(host.input, host.now);
        } else if (packet.protocol == IpProtocol.UDP) {
            host.udp.receive(packet, host.now);
        } else {
            IcmpError error = host.icmp.receive(packet, host.now);
            if (error != null) {
                host.udp.icmpError(error, host.now);
            }
        }
        for (Packet out = host.nic.pollEgress(); out != null; out = host.nic.pollEgress()) {
            out.release();
        }
    }

    private UdpEndpoint bound() throws Exception {
        UdpEndpoint endpoint = host.udp.open(false);
        host.udp.bind(endpoint, 0, 0, 7, 0);
        return endpoint;
    }

    @Test
    void receiving_datagrams_allocates_nothing() throws Exception {
        UdpEndpoint endpoint = bound();
        byte[] small = udp(PEER, 9, A, 7, data(60));
        byte[] large = udp(PEER6, 9, ScriptHost.A6, 7, data(1_400));
        allocatesNothing(() -> {
            arrive(small);
            arrive(large);
            host.udp.receive(endpoint, sink, 2_000);
            host.udp.receive(endpoint, sink, 2_000);
            host.ready.poll();
        });
    }

    @Test
    void sending_datagrams_allocates_nothing() throws Exception {
        UdpEndpoint endpoint = bound();
        long hi = hi(PEER6);
        long lo = lo(PEER6);
        long lo4 = lo(PEER);
        allocatesNothing(() -> {
            host.udp.send(endpoint, source, 40, 0, lo4, 9, host.now);
            host.udp.send(endpoint, source, 400, hi, lo, 9, host.now);
            host.udp.send(endpoint, source, 4_000, 0, lo4, 9, host.now);
            for (Packet out = host.nic.pollEgress(); out != null; out = host.nic.pollEgress()) {
                out.release();
            }
        });
    }

    @Test
    void echoes_errors_and_fragments_allocate_nothing() throws Exception {
        UdpEndpoint endpoint = bound();
        byte[] echo = icmp(PEER, A, 8, 0, 7, data(100));
        byte[] closed = udp(PEER, 9, A, 8, data(60));
        byte[] error = icmp(PEER, A, 3, 3, 0, udp(A, 7, PEER, 9, data(10)));
        byte[] datagram = udpDatagram(PEER, 9, A, 7, data(2_000));
        byte[] one = ipv4(PEER, A, 17, slice(datagram, 0, 1_200), 2, MORE, new byte[0]);
        byte[] two = ipv4(PEER, A, 17, slice(datagram, 1_200, 2_008), 2, 150, new byte[0]);
        allocatesNothing(() -> {
            host.now += 20_000_000;
            arrive(echo);
            arrive(closed);
            arrive(error);
            arrive(two);
            arrive(one);
            host.udp.receive(endpoint, sink, 3_000);
            host.ready.poll();
        });
        assertThat(host.input.reassembler().reassembled()).isPositive();
        assertThat(host.icmp.errorsSent()).isPositive();
    }
}
