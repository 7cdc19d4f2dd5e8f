package dev.berth.stack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.ports.PortBinding;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ReceiveTuningTest {
    private final SplittableRandom random = new SplittableRandom(1);
    private final NetStack client = new NetStack(StackConfig.DEFAULT, random::nextLong, 0);
    private final NetStack server = new NetStack(StackConfig.DEFAULT, random::nextLong, 0);
    private final NetInterface clientNic = client.addInterface("client", 1_500, true, 65_535);
    private final NetInterface serverNic = server.addInterface("server", 1_500, true, 65_535);
    private long now = 1_000_000_000L;
    private Tcb sender;
    private Tcb receiver;

    private void carry(NetInterface from, NetStack to, NetInterface nic) {
        Packet packet;
        while ((packet = from.pollEgress()) != null) {
            to.receive(nic, packet, now);
        }
    }

    private void roundTrip(long nanos) {
        client.settle(now);
        now += nanos / 2;
        carry(clientNic, server, serverNic);
        server.settle(now);
        now += nanos - nanos / 2;
        carry(serverNic, client, clientNic);
        client.advance(now);
        server.advance(now);
    }

    /// The buffer of a server that reads all there is in each round trip, from a client that always has more.
    private int bufferAfter(int roundTrips, long nanos) throws PortUnavailableException {
        client.addAddress(clientNic, IpAddress.Prefix.parse("10.0.0.1/24"));
        server.addAddress(serverNic, IpAddress.Prefix.parse("10.0.0.2/24"));
        PortBinding<TcpListener> binding = server.tcp().ports().bind(0, 0, 80, 0, "test");
        TcpListener listener = server.tcp().listen(binding, 1, StackConfig.DEFAULT.tcp());
        Endpoint remote = new Endpoint(IpAddress.parse("10.0.0.2"), 80);
        sender = client.connect(remote, null, StackConfig.DEFAULT.tcp(), null, now);
        assertThat(sender).isNotNull();
        roundTrip(nanos);
        roundTrip(nanos);
        receiver = server.tcp().accept(listener);
        assertThat(receiver).isNotNull();
        transfer(roundTrips, nanos);
        return receiver.receiveBuffer();
    }

    private void transfer(int roundTrips, long nanos) {
        long read = 0;
        for (int i = 0; i < roundTrips; i++) {
            client.tcp().send(sender, (_, _, _) -> {}, 8 << 20);
            roundTrip(nanos);
            read += Math.max(0, server.tcp().receive(receiver, (_, _, _) -> {}, 8 << 20));
        }
        assertThat(read).as("octets that were read").isGreaterThan(4L << 20);
    }

    @Test
    void a_buffer_grows_where_the_round_trip_is_long() throws PortUnavailableException {
        assertThat(bufferAfter(40, 10_000_000)).isGreaterThan(3 << 18);
    }

    @Test
    void a_buffer_stays_as_it_is_between_neighbours() throws PortUnavailableException {
        assertThat(bufferAfter(200, 20_000))
                .isEqualTo(StackConfig.DEFAULT.tcp().receiveBuffer())
                .isEqualTo(1 << 19);
    }

    @Test
    void a_buffer_that_has_grown_does_not_shrink_when_the_path_turns_out_to_be_short() throws PortUnavailableException {
        int grown = bufferAfter(40, 10_000_000);
        for (int i = 0; i < 20; i++) {
            server.tcp().send(receiver, (_, _, _) -> {}, 1);
            transfer(600, 20_000); // in which more is read than in a long round trip
            assertThat(receiver.receiveBuffer()).isGreaterThanOrEqualTo(grown);
        }
        assertThat(receiver.minRtt).isBetween(1L, 100_000L);
    }
}
