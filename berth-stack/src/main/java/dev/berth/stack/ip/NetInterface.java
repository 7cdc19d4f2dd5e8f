package dev.berth.stack.ip;

import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A host's side of one link: its properties, its addresses, and the bounded queue of packets that wait to be sent.
///
/// The egress queue is what keeps packets in order between the critical section, which appends to it, and whoever
/// drains it to the link. It is chained through [Packet#next] and allocates nothing. All methods belong to the host's
/// critical section. The loopback interface ([#loopback]) has no link: what is queued there, the host takes as input
/// again.
public final class NetInterface {
    /// Packets that an egress queue holds by default.
    public static final int DEFAULT_EGRESS_LIMIT = 16_384;

    /// The MTU of the loopback interface: the largest IPv4 datagram.
    public static final int LOOPBACK_MTU = 65_535;

    private static final IpAddress.Prefix[] NO_ADDRESSES = {};

    private static final VarHandle PACKETS_BESIDE;
    private static final VarHandle OCTETS_BESIDE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            PACKETS_BESIDE = lookup.findVarHandle(NetInterface.class, "packetsBeside", long.class);
            OCTETS_BESIDE = lookup.findVarHandle(NetInterface.class, "octetsBeside", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int index;
    private final String name;
    private final int mtu;
    private final boolean checksumOffload;
    private final int maxSegmented;
    private final boolean loopback;
    private IpAddress.Prefix[] addresses = NO_ADDRESSES;
    private volatile boolean up = true; // others look at it outside the critical section

    private @Nullable Packet first;
    private @Nullable Packet last;
    private int queued;
    private int egressLimit = DEFAULT_EGRESS_LIMIT;

    private long packetsIn;
    private long octetsIn;
    private long packetsOut;
    private long octetsOut;
    private long egressDrops;

    @SuppressWarnings("unused") // through PACKETS_BESIDE
    private long packetsBeside;

    @SuppressWarnings("unused") // through OCTETS_BESIDE
    private long octetsBeside;

    /// An interface to a link.
    ///
    /// @param index a small number that names the interface within its host, 1 or more
    /// @param name the name as people see it
    /// @param mtu octets of the largest IP packet, 68 to 65535
    /// @param checksumOffload the link takes packets whose transport checksum is partial
    /// @param maxSegmented octets of the largest packet with a [Packet#segmentSize], 0 if it cannot cut
    public NetInterface(int index, String name, int mtu, boolean checksumOffload, int maxSegmented) {
        this(index, name, mtu, checksumOffload, maxSegmented, false);
    }

    private NetInterface(int index, String name, int mtu, boolean checksumOffload, int maxSegmented, boolean loopback) {
        // RFC 791 section 3.2: "Every internet module must be able to forward a datagram of 68 octets without further
        // fragmentation."
        if (mtu < 68 || mtu > 65_535) {
            throw new IllegalArgumentException("An MTU is 68 to 65535 octets, not " + mtu);
        }
        this.index = index;
        this.name = Objects.requireNonNull(name);
        this.mtu = mtu;
        this.checksumOffload = checksumOffload;
        this.maxSegmented = maxSegmented;
        this.loopback = loopback;
    }

    /// The interface through which a host talks to itself: index 0, no checksums, packets of up to 64 KiB.
    public static NetInterface loopback() {
        return new NetInterface(0, "lo", LOOPBACK_MTU, true, LOOPBACK_MTU, true);
    }

    /// Appends a packet to the egress queue, which owns it from then on.
    ///
    /// @return false if the queue is full: the packet still belongs to the caller
    public boolean enqueue(Packet packet) {
        if (queued >= egressLimit) {
            egressDrops++;
            return false;
        }
        packet.next = null;
        Packet end = last;
        if (end == null) {
            first = packet;
        } else {
            end.next = packet;
        }
        last = packet;
        queued++;
        return true;
    }

    /// Takes the oldest packet out of the egress queue, or null when it is empty. The caller owns it.
    public @Nullable Packet pollEgress() {
        Packet packet = first;
        if (packet == null) {
            return null;
        }
        first = packet.next;
        if (first == null) {
            last = null;
        }
        packet.next = null;
        queued--;
        packetsOut++;
        octetsOut += packet.length();
        return packet;
    }

    /// Counts a packet of `octets` that goes to the link beside the egress queue. By one thread at a time, which need
    /// not be in the critical section.
    public void countBeside(int octets) {
        PACKETS_BESIDE.setRelease(this, packetsBeside + 1);
        OCTETS_BESIDE.setRelease(this, octetsBeside + octets);
    }

    /// Packets of [#countBeside].
    public long packetsBeside() {
        return (long) PACKETS_BESIDE.getAcquire(this);
    }

    /// The oldest packet of the egress queue, which stays there; null when it is empty.
    public @Nullable Packet peekEgress() {
        return first;
    }

    /// Counts a packet that arrived.
    void countIn(Packet packet) {
        packetsIn++;
        octetsIn += packet.length();
    }

    /// Takes the interface up or down. Going down drops what waits in the egress queue, counted as
    /// [DropReason#DOWN].
    public void up(boolean value, DropCounters drops) {
        up = value;
        if (!value) {
            Packet packet = first;
            first = null;
            last = null;
            queued = 0;
            while (packet != null) {
                Packet next = packet.next;
                drops.drop(DropReason.DOWN, packet);
                packet = next;
            }
        }
    }

    /// Bounds the egress queue to so many packets.
    public void egressLimit(int packets) {
        egressLimit = packets;
    }

    void addAddress(IpAddress.Prefix prefix) {
        addresses = Arrays.copyOf(addresses, addresses.length + 1);
        addresses[addresses.length - 1] = prefix;
    }

    boolean removeAddress(IpAddress.Prefix prefix) {
        int at = Arrays.asList(addresses).indexOf(prefix);
        if (at < 0) {
            return false;
        }
        IpAddress.Prefix[] fewer = new IpAddress.Prefix[addresses.length - 1];
        System.arraycopy(addresses, 0, fewer, 0, at);
        System.arraycopy(addresses, at + 1, fewer, at, fewer.length - at);
        addresses = fewer;
        return true;
    }

    IpAddress.Prefix[] prefixes() {
        return addresses;
    }

    /// A small number that names the interface within its host; 0 is the loopback interface.
    public int index() {
        return index;
    }

    /// The name as people see it.
    public String name() {
        return name;
    }

    /// Octets of the largest IP packet.
    public int mtu() {
        return mtu;
    }

    /// True if the link takes packets whose transport checksum is partial.
    public boolean checksumOffload() {
        return checksumOffload;
    }

    /// Octets of the largest packet that the link cuts into segments itself; 0 if it cannot.
    public int maxSegmented() {
        return maxSegmented;
    }

    /// True for the interface through which the host talks to itself.
    public boolean isLoopback() {
        return loopback;
    }

    /// False after the link failed or was taken down.
    public boolean isUp() {
        return up;
    }

    /// The addresses with their prefix lengths, oldest first; a copy.
    public List<IpAddress.Prefix> addresses() {
        return List.of(addresses);
    }

    /// True when packets wait to be sent.
    public boolean hasEgress() {
        return first != null;
    }

    /// Packets that wait to be sent.
    public int egressLength() {
        return queued;
    }

    /// Packets that the egress queue has still room for.
    public int egressRoom() {
        return egressLimit - queued;
    }

    /// Packets received.
    public long packetsIn() {
        return packetsIn;
    }

    /// Octets of the packets received, IP headers included.
    public long octetsIn() {
        return octetsIn;
    }

    /// Packets handed to the link.
    public long packetsOut() {
        return packetsOut + packetsBeside();
    }

    /// Octets of the packets handed to the link, IP headers included.
    public long octetsOut() {
        return octetsOut + (long) OCTETS_BESIDE.getAcquire(this);
    }

    /// Packets refused because the egress queue was full.
    public long egressDrops() {
        return egressDrops;
    }

    @Override
    public String toString() {
        return name + (up ? "" : " (down)") + " mtu " + mtu + " " + Arrays.toString(addresses);
    }
}
