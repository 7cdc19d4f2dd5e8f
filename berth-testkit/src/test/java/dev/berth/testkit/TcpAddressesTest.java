package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Requirement;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortSharing;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.BufferPool;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Ends of connections on a host with several addresses on two links: RFC 9293 sections 3.9.1.1 and 3.9.2.3.
class TcpAddressesTest {
    private static final int SYN = 2;
    private static final int RST = 4;

    private final SplittableRandom random = new SplittableRandom(5);
    private final NetStack stack = new NetStack(StackConfig.DEFAULT, random::nextLong, 0);
    private final NetInterface near = stack.addInterface("near", 1_500, false, 0);
    private final NetInterface far = stack.addInterface("far", 1_400, false, 0);
    private final BufferPool pool = new BufferPool();
    private final List<PortBinding<TcpListener>> bindings = new ArrayList<>();
    private final List<Tcb> connections = new ArrayList<>();
    private long now = 1_000_000_000L;

    TcpAddressesTest() {
        for (String address : new String[] {"10.0.0.1/24", "10.0.0.7/24", "fd00::1/64", "fd00::7/64"}) {
            stack.addAddress(near, IpAddress.Prefix.parse(address));
        }
        stack.addAddress(far, IpAddress.Prefix.parse("10.9.0.1/16"));
        stack.addRoute(IpAddress.Prefix.parse("0.0.0.0/0"), far);
    }

    @AfterEach
    void nothing_is_left() {
        for (Tcb tcb : connections) {
            stack.tcp().abort(tcb, now);
        }
        for (PortBinding<TcpListener> binding : bindings) {
            TcpListener listener = binding.listener();
            if (listener != null) {
                stack.tcp().close(listener, now);
            }
            stack.tcp().ports().close(binding);
        }
        sent();
        assertThat(stack.tcp().ports().isEmpty()).isTrue();
        assertThat(stack.timers()).isZero();
        assertThat(stack.buffersInUse()).isZero();
        assertThat(pool.outstanding()).isZero();
    }

    private PortBinding<TcpListener> bind(String address, int port, int sharing) throws PortUnavailableException {
        IpAddress local = IpAddress.parse(address);
        PortBinding<TcpListener> made = stack.tcp().ports().bind(local.hi(), local.lo(), port, sharing, "test");
        bindings.add(made);
        return made;
    }

    private @Nullable Tcb connect(String remote, int port, @Nullable PortBinding<TcpListener> binding)
            throws PortUnavailableException {
        Tcb made = stack.connect(new Endpoint(IpAddress.parse(remote), port), binding, TcpConfig.DEFAULT, null, now);
        if (made != null) {
            connections.add(made);
        }
        return made;
    }

    /// The packets that left on both links, from the IP header on.
    private List<byte[]> sent() {
        stack.settle(now);
        List<byte[]> sent = new ArrayList<>();
        for (NetInterface nic : List.of(near, far)) {
            for (Packet packet = nic.pollEgress(); packet != null; packet = nic.pollEgress()) {
                byte[] octets = new byte[packet.length()];
                packet.copyTo(octets, 0);
                packet.release();
                sent.add(octets);
            }
        }
        return sent;
    }

    private static String source(byte[] packet) {
        return packet[0] >>> 4 == 4
                ? new IpAddress(0, 0xffff_0000_0000L | ByteBuffer.wrap(packet).getInt(12) & 0xffff_ffffL).toString()
                : new IpAddress(
                                ByteBuffer.wrap(packet).getLong(8),
                                ByteBuffer.wrap(packet).getLong(16))
                        .toString();
    }

    private static int tcpAt(byte[] packet) {
        return packet[0] >>> 4 == 4 ? 20 : 40;
    }

    private static int flags(byte[] packet) {
        return packet[tcpAt(packet) + 13];
    }

    /// A segment without data from `source` to `destination` arrives on the near link.
    private void receive(String source, int sourcePort, String destination, int port, int flags, int seq, int ack) {
        IpAddress from = IpAddress.parse(source);
        IpAddress to = IpAddress.parse(destination);
        boolean v4 = from.isIpv4();
        ByteBuffer packet = ByteBuffer.allocate((v4 ? 20 : 40) + 20);
        if (v4) {
            packet.putInt(0x4500_0028)
                    .putInt(0)
                    .putInt(0x4006_0000)
                    .putInt((int) from.lo())
                    .putInt((int) to.lo());
            packet.putShort(10, (short) checksum(packet.array(), 0, 20, 0));
        } else {
            packet.putInt(0x6000_0000).putInt(0x0014_0640).putLong(from.hi()).putLong(from.lo());
            packet.putLong(to.hi()).putLong(to.lo());
        }
        int at = packet.position();
        packet.putShort((short) sourcePort).putShort((short) port).putInt(seq).putInt(ack);
        packet.putShort((short) (0x5000 | flags)).putShort((short) 60_000).putInt(0);
        byte[] octets = packet.array();
        int addresses = v4 ? checksumOf(octets, 12, 20) : checksumOf(octets, 8, 40);
        packet.putShort(at + 16, (short) checksum(octets, at, octets.length, addresses + 6 + 20));
        Packet arrived = pool.takePacket(octets.length);
        System.arraycopy(octets, 0, arrived.bytes, 0, octets.length);
        arrived.end = octets.length;
        stack.receive(near, arrived, now);
    }

    private static int checksumOf(byte[] octets, int from, int to) {
        int sum = 0;
        for (int i = from; i < to; i += 2) {
            sum += (octets[i] & 0xff) << 8 | octets[i + 1] & 0xff;
        }
        return sum;
    }

    private static int checksum(byte[] octets, int from, int to, int more) {
        int sum = checksumOf(octets, from, to) + more;
        sum = (sum & 0xffff) + (sum >>> 16);
        return ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
    }

    /// Answers the SYN of `tcb` that is in `syn`.
    private void establish(Tcb tcb, byte[] syn, String remote, int remotePort) {
        int iss = ByteBuffer.wrap(syn).getInt(tcpAt(syn) + 4);
        int localPort = Short.toUnsignedInt(ByteBuffer.wrap(syn).getShort(tcpAt(syn)));
        receive(remote, remotePort, source(syn), localPort, SYN | 0x10, 1_000, iss + 1);
        assertThat(tcb.state()).isEqualTo(TcpState.ESTABLISHED);
        assertThat(sent()).hasSize(1);
    }

    // Active OPEN

    @ParameterizedTest
    @CsvSource({"10.0.0.1, 10.0.0.99", "10.0.0.7, 10.0.0.99", "10.9.0.1, 192.0.2.1", "fd00::7, fd00::99"})
    @Requirement("MUST-43")
    void the_address_that_was_bound_is_the_source(String local, String remote) throws Exception {
        connect(remote, 80, bind(local, 6_000, 0));
        List<byte[]> sent = sent();
        assertThat(sent).hasSize(1);
        assertThat(source(sent.getFirst())).isEqualTo(local);
        assertThat(ByteBuffer.wrap(sent.getFirst()).getShort(tcpAt(sent.getFirst())))
                .isEqualTo((short) 6_000);
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.1, 10.0.0.99", "10.9.0.1, 10.9.3.4", "10.9.0.1, 192.0.2.1", "fd00::1, fd00::99"})
    @Requirement("MUST-44")
    void without_one_the_route_chooses_the_source(String local, String remote) throws Exception {
        connect(remote, 80, null);
        List<byte[]> sent = sent();
        assertThat(sent).hasSize(1);
        assertThat(source(sent.getFirst())).isEqualTo(local);
    }

    @Test
    @Requirement("MUST-45")
    void a_connection_keeps_its_address_when_routes_change() throws Exception {
        Tcb tcb = connect("192.0.2.1", 80, null);
        assertThat(tcb).isNotNull();
        establish(tcb, sent().getFirst(), "192.0.2.1", 80);
        stack.addAddress(near, IpAddress.Prefix.parse("192.0.2.200/24")); // nearer to the remote end
        stack.tcp().send(tcb, (bytes, at, count) -> Arrays.fill(bytes, at, at + count, (byte) 1), 10);
        List<byte[]> sent = sent();
        assertThat(sent).hasSize(1);
        assertThat(source(sent.getFirst())).isEqualTo("10.9.0.1");
        Tcb other = connect("192.0.2.1", 81, null);
        assertThat(other).isNotNull();
        assertThat(source(sent().getFirst())).isEqualTo("192.0.2.200");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"224.0.0.1", "239.1.2.3", "255.255.255.255", "10.0.0.255", "10.9.255.255", "ff02::1", "ff0e::7"})
    @Requirement("MUST-46")
    void a_remote_end_that_is_many_is_refused_at_once(String remote) throws Exception {
        assertThat(connect(remote, 80, null)).isNull();
        assertThat(sent()).isEmpty();
        assertThat(stack.tcp().ports().isEmpty()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::"})
    @Requirement("MUST-46")
    void the_unspecified_address_is_no_remote_end(String remote) throws Exception {
        assertThat(connect(remote, 80, null)).isNull();
        assertThat(sent()).isEmpty();
    }

    // Passive OPEN

    @Test
    @Requirement("MUST-41")
    void a_passive_open_leaves_the_connections_of_its_port_alone() throws Exception {
        PortBinding<TcpListener> first = bind("0.0.0.0", 80, PortSharing.REUSE_ADDRESS);
        TcpListener listener = stack.tcp().listen(first, 5, TcpConfig.DEFAULT);
        receive("10.0.0.99", 5_000, "10.0.0.1", 80, SYN, 70_000, 0);
        byte[] synAck = sent().getFirst();
        int iss = ByteBuffer.wrap(synAck).getInt(24);
        receive("10.0.0.99", 5_000, "10.0.0.1", 80, 0x10, 70_001, iss + 1);
        Tcb tcb = stack.tcp().accept(listener);
        assertThat(tcb).isNotNull();
        connections.add(tcb);
        // Another one while the first listens is an error, and disturbs nobody.
        assertThatThrownBy(() -> bind("0.0.0.0", 80, PortSharing.REUSE_ADDRESS))
                .isInstanceOf(PortUnavailableException.class);
        // After the first has stopped it is possible while the connection lives.
        stack.tcp().close(listener, now);
        stack.tcp().listen(bind("0.0.0.0", 80, PortSharing.REUSE_ADDRESS), 5, TcpConfig.DEFAULT);
        assertThat(tcb.state()).isEqualTo(TcpState.ESTABLISHED);
        assertThat(sent()).isEmpty();
        stack.tcp().send(tcb, (bytes, at, count) -> Arrays.fill(bytes, at, at + count, (byte) 1), 10);
        assertThat(sent()).hasSize(1);
        receive("10.0.0.99", 5_000, "10.0.0.1", 80, 0x10, 70_001, iss + 11);
        assertThat(tcb.unacknowledged()).isZero();
    }

    @Test
    @Requirement("MUST-42")
    void a_port_can_be_listened_on_while_a_connection_is_opened_from_it() throws Exception {
        PortBinding<TcpListener> from = bind("10.0.0.1", 6_000, PortSharing.REUSE_ADDRESS);
        Tcb tcb = connect("10.0.0.99", 80, from);
        assertThat(tcb).isNotNull();
        byte[] syn = sent().getFirst();
        assertThat(tcb.state()).isEqualTo(TcpState.SYN_SENT);
        PortBinding<TcpListener> listening = bind("10.0.0.1", 6_000, PortSharing.REUSE_ADDRESS);
        stack.tcp().listen(listening, 5, TcpConfig.DEFAULT);
        receive("10.0.0.99", 5_000, "10.0.0.1", 6_000, SYN, 70_000, 0);
        List<byte[]> answers = sent();
        assertThat(answers).hasSize(1);
        assertThat(flags(answers.getFirst())).isEqualTo(SYN | 0x10);
        establish(tcb, syn, "10.0.0.99", 80);
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.99, 10.0.0.255",
        "10.0.0.99, 255.255.255.255",
        "10.0.0.99, 224.0.0.1",
        "fd00::99, ff02::1",
        "10.0.0.99, 10.9.255.255"
    })
    @Requirement("MUST-57")
    void a_syn_to_many_is_silently_discarded(String source, String destination) throws Exception {
        stack.tcp().listen(bind("::", 80, 0), 5, TcpConfig.DEFAULT);
        receive(source, 5_000, destination, 80, SYN, 70_000, 0);
        receive(source, 5_000, destination, 81, SYN, 70_000, 0); // nor a RST
        receive(source, 5_000, destination, 80, 0x10, 70_000, 1);
        assertThat(sent()).isEmpty();
        assertThat(stack.drops().total(DropReason.NOT_OURS)).isEqualTo(3);
        receive(source, 5_000, source.equals("fd00::99") ? "fd00::1" : "10.0.0.1", 80, SYN, 70_000, 0);
        assertThat(sent()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "224.0.0.1", "255.255.255.255", "10.0.0.255", "240.0.0.1", "127.0.0.1"})
    @Requirement("MUST-63")
    void a_syn_from_an_invalid_source_is_ignored(String source) throws Exception {
        stack.tcp().listen(bind("0.0.0.0", 80, 0), 5, TcpConfig.DEFAULT);
        receive(source, 5_000, "10.0.0.1", 80, SYN, 70_000, 0);
        assertThat(sent()).isEmpty();
        assertThat(stack.drops().total(DropReason.BAD_SOURCE)).isEqualTo(1);
    }

    @Test
    void a_reset_leaves_from_the_address_that_was_asked() {
        receive("10.0.0.99", 5_000, "10.0.0.7", 80, SYN, 70_000, 0);
        byte[] answer = sent().getFirst();
        assertThat(flags(answer) & RST).isEqualTo(RST);
        assertThat(source(answer)).isEqualTo("10.0.0.7");
    }

    // Section 3.7.3

    @ParameterizedTest
    @CsvSource({"10.0.0.99, 1460", "192.0.2.1, 1360", "fd00::99, 1440"})
    @Requirement("SHLD-6")
    @Requirement("MUST-67")
    void the_announced_mss_is_that_of_the_interface(String remote, int mss) throws Exception {
        connect(remote, 80, null);
        byte[] syn = sent().getFirst();
        assertThat(Short.toUnsignedInt(ByteBuffer.wrap(syn).getShort(tcpAt(syn) + 22)))
                .isEqualTo(mss);
    }
}
