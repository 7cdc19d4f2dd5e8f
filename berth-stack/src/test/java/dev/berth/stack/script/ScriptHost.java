package dev.berth.stack.script;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortTable;
import dev.berth.ports.Transport;
import dev.berth.stack.endpoint.ReadyQueue;
import dev.berth.stack.icmp.Icmp;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.ip.Addresses;
import dev.berth.stack.ip.DropCounters;
import dev.berth.stack.ip.IpInput;
import dev.berth.stack.ip.IpOutput;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.ip.PathMtu;
import dev.berth.stack.ip.RouteTable;
import dev.berth.stack.udp.Udp;
import dev.berth.stack.udp.UdpEndpoint;
import dev.berth.wire.BufferPool;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/// A host of IP, ICMP and UDP on one link, driven packet by packet: what a test receives and sends is plain octets.
///
/// Its addresses are [#A] and [#B] of one IPv4 network, and [#A6] and [#B6] of one IPv6 network; [#PEER] and [#PEER6]
/// are somebody else's on them, [#FAR] and [#FAR6] are behind the default routes.
public final class ScriptHost {
    public static final String A = "10.0.0.1";
    public static final String B = "10.0.0.2";
    public static final String PEER = "10.0.0.99";
    public static final String FAR = "192.0.2.7";
    public static final String A6 = "2001:db8::1";
    public static final String B6 = "2001:db8::2";
    public static final String PEER6 = "2001:db8::99";
    public static final String FAR6 = "2001:db8:7::7";
    public static final long SECOND = 1_000_000_000L;

    public final BufferPool pool = new BufferPool();
    public final LeakCheck leaks = new LeakCheck(pool);
    public final DropCounters drops = new DropCounters();
    public final Addresses addresses = new Addresses();
    public final NetInterface loopback = NetInterface.loopback();
    public final NetInterface nic;
    public final RouteTable routes = new RouteTable(addresses, loopback);
    public final PathMtu pathMtu = new PathMtu(64);
    public final IpInput input = new IpInput(addresses, pool, drops);
    public final IpOutput output;
    public final Icmp icmp;
    public final ReadyQueue ready = new ReadyQueue();
    public final PortTable<UdpEndpoint> ports;
    public final Udp udp;

    /// The present, in nanoseconds; the clock of a host may begin anywhere.
    public long now = -5 * SECOND;

    /// TCP segments that input delivered: their octets from the IP header on.
    public final List<byte[]> segments = new ArrayList<>();

    /// ICMP errors that were returned, as text.
    public final List<String> errors = new ArrayList<>();

    /// Called with every ICMP error before the next one overwrites it.
    public Consumer<IcmpError> onError = error -> {};

    public ScriptHost() {
        this(1_500, false);
    }

    public ScriptHost(int mtu, boolean checksumOffload) {
        SplittableRandom random = new SplittableRandom(4711);
        nic = new NetInterface(1, "t0", mtu, checksumOffload, 0);
        routes.addAddress(IpAddress.Prefix.parse(A + "/24"), nic);
        routes.addAddress(IpAddress.Prefix.parse(B + "/24"), nic);
        routes.addAddress(IpAddress.Prefix.parse(A6 + "/64"), nic);
        routes.addAddress(IpAddress.Prefix.parse(B6 + "/64"), nic);
        routes.add(IpAddress.Prefix.parse("0.0.0.0/0"), nic, 100);
        routes.add(IpAddress.Prefix.parse("::/0"), nic, 100);
        output = new IpOutput(routes, pathMtu, pool, drops, random.nextLong());
        icmp = new Icmp(output, pool, drops, ready, random.nextLong());
        ports = new PortTable<>(Transport.UDP, PortPolicy.dynamic(), random::nextLong);
        udp = new Udp(ports, output, icmp, pool, drops, ready);
    }

    /// A packet as a link would hand it in.
    public Packet packet(byte[] octets) {
        Packet packet = pool.takePacket(Math.max(octets.length, 1));
        System.arraycopy(octets, 0, packet.bytes, 0, octets.length);
        packet.end = octets.length;
        packet.receivedAt = now;
        return packet;
    }

    /// Lets packets arrive from the link, one after the other, with all that follows within the host.
    public ScriptHost receive(byte[]... packets) {
        for (byte[] octets : packets) {
            receive(packet(octets));
        }
        return this;
    }

    /// Lets a packet arrive from the link.
    public void receive(Packet packet) {
        process(nic, packet);
        loop();
    }

    /// Lets the host take in what it sent to itself.
    public void loop() {
        for (Packet packet = loopback.pollEgress(); packet != null; packet = loopback.pollEgress()) {
            process(loopback, packet);
        }
    }

    private void process(NetInterface from, Packet packet) {
        Packet deliver = input.accept(from, packet, now);
        if (deliver == null) {
            icmp.answer(input, now);
            return;
        }
        assertThat(input.takeErroneous()).isNull();
        switch (deliver.protocol) {
            case IpProtocol.UDP -> udp.receive(deliver, now);
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> {
                IcmpError error = icmp.receive(deliver, now);
                if (error != null) {
                    errors.add(error.toString());
                    onError.accept(error);
                    if (error.protocol() == IpProtocol.UDP) {
                        udp.icmpError(error, now);
                    }
                }
            }
            case IpProtocol.TCP -> {
                byte[] octets = new byte[deliver.length()];
                deliver.copyTo(octets, 0);
                segments.add(octets);
                deliver.release();
            }
            default -> throw new AssertionError("Delivered with protocol " + deliver.protocol);
        }
    }

    /// Lets time pass and does what is due.
    public void advance(long nanos) {
        now += nanos;
        icmp.advance(input, now);
        loop();
    }

    /// Everything that the host sent to the link since the last call, complete as on a wire.
    public List<byte[]> sent() {
        List<byte[]> sent = new ArrayList<>();
        for (Packet packet = nic.pollEgress(); packet != null; packet = nic.pollEgress()) {
            packet.completeChecksum();
            byte[] octets = new byte[packet.length()];
            packet.copyTo(octets, 0);
            packet.release();
            assertWellFormed(octets, nic.mtu());
            sent.add(octets);
        }
        return sent;
    }

    /// The one packet that the host sent since the last call.
    public byte[] sentOne() {
        List<byte[]> sent = sent();
        assertThat(sent).hasSize(1);
        return sent.getFirst();
    }

    /// Nothing was sent since the last call.
    public void sentNothing() {
        assertThat(sent()).isEmpty();
    }

    private static void assertWellFormed(byte[] octets, int mtu) {
        assertThat(octets.length).isLessThanOrEqualTo(mtu);
        if (Frames.u8(octets, 0) >>> 4 == 4) {
            assertThat(Frames.u16(octets, 2)).as("total length").isEqualTo(octets.length);
            assertThat(Frames.checksum(Frames.slice(octets, 0, 20)))
                    .as("header checksum")
                    .isZero();
            assertThat(Frames.u8(octets, 8)).as("time to live").isPositive(); // 1122-021
        } else {
            assertThat(Frames.u16(octets, 4)).as("payload length").isEqualTo(octets.length - 40);
            assertThat(Frames.u8(octets, 7)).as("hop limit").isPositive();
        }
    }

    /// Exactly one packet was dropped so far, for this reason.
    public void droppedOnly(DropReason reason) {
        assertThat(drops.total(reason)).as(reason.name()).isEqualTo(1);
        assertThat(drops.total()).as("all drops").isEqualTo(1);
    }

    /// Nothing was dropped so far.
    public void droppedNothing() {
        for (DropReason reason : DropReason.values()) {
            assertThat(drops.total(reason)).as(reason.name()).isZero();
        }
    }

    /// Ends the life of the host, and proves that nothing leaked.
    public void close() {
        sent();
        input.reassembler().clear();
        udp.shutDown();
        assertThat(loopback.hasEgress()).isFalse();
        leaks.assertNothingIsMissing();
    }

    public static long hi(String address) {
        return IpAddress.parse(address).hi();
    }

    public static long lo(String address) {
        return IpAddress.parse(address).lo();
    }
}
