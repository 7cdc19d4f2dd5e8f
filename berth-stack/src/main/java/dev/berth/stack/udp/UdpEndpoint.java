package dev.berth.stack.udp;

import dev.berth.ports.Flow;
import dev.berth.ports.PortAge;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortRange;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.endpoint.StackSocket;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.ip.IpOutput;
import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.Packet;
import dev.berth.wire.PacketReturns;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// One end of UDP: unbound, bound to a local address (or wildcard) and port, or connected to one remote end.
///
/// While it is connected it is the flow in the port table; while it is only bound, it is the listener of its binding.
/// The datagrams received wait in a queue that is bounded in octets and made of the packets themselves. All
/// operations are those of [Udp]; what is here are its options and what was learned with the last datagram. Belongs
/// to the host's critical section, but for [Udp#receive].
public final class UdpEndpoint extends Flow implements StackSocket {
    private static final VarHandle PENDING_ERROR;

    static {
        try {
            PENDING_ERROR = MethodHandles.lookup().findVarHandle(UdpEndpoint.class, "pendingError", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /// Octets that the receive queue holds by default; each datagram counts with the memory it takes.
    public static final int DEFAULT_RECEIVE_BUFFER = 208 << 10;

    @Nullable
    PortBinding<UdpEndpoint> binding;

    /// The address and flags of a bind that waits for its port; the address is `::` while there is none.
    long lateHi;

    long lateLo;
    int lateSharing;
    boolean late;
    PortRange portRange = PortRange.ALL;

    boolean ipv4Only;
    boolean everyPort;
    volatile boolean closed;

    @SuppressWarnings("unused") // written through PENDING_ERROR
    private volatile int pendingError;

    IcmpError.@Nullable Kind softError;

    private final DatagramQueue queue = new DatagramQueue();
    private final PacketReturns returns = new PacketReturns(); // of who takes from the queue
    private volatile int receiveBuffer = DEFAULT_RECEIVE_BUFFER;
    long openedAt = PortAge.UNKNOWN; // when it was bound or connected first
    private long refused;

    private int tos;
    private int ttl = IpOutput.DEFAULT_TTL;
    private int multicastTtl = 1;
    private boolean multicastLoop = true;
    private boolean multicastAll = true;
    private @Nullable NetInterface multicastInterface;
    final Memberships memberships = new Memberships();
    private boolean broadcast;
    private boolean dontFragment;

    private @Nullable Object attachment;
    private boolean queued;

    long lastSourceHi;
    long lastSourceLo;
    int lastSourcePort;
    int lastDestinationPort;
    long lastDestinationHi;
    long lastDestinationLo;
    int lastLength;
    int lastTos;

    UdpEndpoint(boolean ipv4Only) {
        super(0, 0, 0, 0, 0, 0);
        this.ipv4Only = ipv4Only;
    }

    /// Restricts ports that are chosen from now on to a range; [PortRange#ALL] for no restriction but the host's.
    public void portRange(PortRange range) {
        portRange = range;
    }

    /// Puts a datagram with its UDP header at `transportAt` at the end of the queue.
    ///
    /// @param cost octets of memory that it takes
    /// @return false if there is no room: the packet still belongs to the caller
    boolean offer(Packet packet, int cost) {
        if (queue.offer(packet, cost, receiveBuffer)) {
            return true;
        }
        refused++;
        return false;
    }

    /// Takes the oldest datagram out, or null. By one thread at a time, which need not be in the critical section.
    @Nullable
    Packet take() {
        return queue.poll();
    }

    /// Gives back a datagram that was taken: at once if it is the last one, otherwise with some that follow. By the
    /// thread that takes.
    void giveBack(Packet packet) {
        returns.add(packet);
        if (!queue.isNextThere()) {
            returns.giveBack();
        }
    }

    /// Gives back what is left of [#giveBack]. By the thread that takes.
    void giveBackAll() {
        returns.giveBack();
    }

    /// The next operation of the user fails with `error`.
    void fail(int error) {
        pendingError = error;
    }

    /// True if the next operation of the user fails.
    boolean hasError() {
        return pendingError != Udp.OK;
    }

    /// The error of the next operation, which is told once; [Udp#OK] if there is none. From any thread.
    int takeError() {
        return pendingError == Udp.OK ? Udp.OK : (int) PENDING_ERROR.getAndSet(this, Udp.OK);
    }

    /// True if a datagram or an error waits.
    public boolean isReadable() {
        return !queue.isEmpty() || pendingError != Udp.OK;
    }

    /// What the endpoint is ready for: always for writing; for reading if a datagram or an error waits.
    @Override
    public int readiness() {
        if (closed) {
            return Readiness.ALL;
        }
        return isReadable() ? Readiness.READABLE | Readiness.WRITABLE : Readiness.WRITABLE;
    }

    @Override
    public @Nullable Object attachment() {
        return attachment;
    }

    @Override
    public void attach(@Nullable Object attachment) {
        this.attachment = attachment;
    }

    @Override
    public boolean queued() {
        return queued;
    }

    @Override
    public void queued(boolean queued) {
        this.queued = queued;
    }

    /// True between a successful connect and a disconnect or close.
    public boolean isConnected() {
        return isClaimed();
    }

    /// True if the endpoint has a local port, or all of them.
    public boolean isBound() {
        return localPort() != 0 || everyPort;
    }

    /// True after [Udp#close].
    public boolean isClosed() {
        return closed;
    }

    /// True if the endpoint sends and receives IPv4 only; otherwise its wildcard is `::`, which covers both families.
    public boolean ipv4Only() {
        return ipv4Only;
    }

    /// The last soft error (RFC 1122 section 4.1.3.3) about what the connected endpoint sent, such as an unreachable
    /// host; null if there was none. It is for information; only hard errors make operations fail.
    public IcmpError.@Nullable Kind softError() {
        return softError;
    }

    /// Sets the TOS octet or traffic class of what is sent, 0 to 255.
    public void tos(int value) {
        tos = value & 0xff;
    }

    /// The TOS octet or traffic class of what is sent.
    public int tos() {
        return tos;
    }

    /// Sets the time to live or hop limit of what is sent to unicast and broadcast addresses.
    ///
    /// @throws IllegalArgumentException if `value` is not 1 to 255: RFC 1122 section 3.2.1.7 forbids 0
    public void ttl(int value) {
        ttl = requireTtl(value);
    }

    /// The time to live of what is sent to unicast and broadcast addresses.
    public int ttl() {
        return ttl;
    }

    /// Sets the time to live of what is sent to multicast groups; 1 unless set, RFC 1112 section 6.1. With 0 it stays
    /// on the host.
    ///
    /// @throws IllegalArgumentException if `value` is not 0 to 255
    public void multicastTtl(int value) {
        multicastTtl = value == 0 ? 0 : requireTtl(value);
    }

    /// The time to live of what is sent to multicast groups.
    public int multicastTtl() {
        return multicastTtl;
    }

    /// Sets whether the host itself gets what is sent to groups that it is a member of (`IP_MULTICAST_LOOP`); set
    /// unless
    /// taken away.
    public void multicastLoop(boolean value) {
        multicastLoop = value;
    }

    /// Whether the host itself gets what is sent to its groups.
    public boolean multicastLoop() {
        return multicastLoop;
    }

    /// Sets whether the endpoint hears groups that it did not join but others on the host did (`IP_MULTICAST_ALL` of
    /// Linux); set unless taken away.
    public void multicastAll(boolean value) {
        multicastAll = value;
    }

    /// Whether the endpoint hears the groups of others.
    public boolean multicastAll() {
        return multicastAll;
    }

    /// Sets the interface for what is sent to groups (`IP_MULTICAST_IF`); null for the route's choice.
    public void multicastInterface(@Nullable NetInterface nic) {
        multicastInterface = nic;
    }

    /// The interface for what is sent to groups; null for the route's choice.
    public @Nullable NetInterface multicastInterface() {
        return multicastInterface;
    }

    private static int requireTtl(int value) {
        if (value < 1 || value > 255) {
            throw new IllegalArgumentException("A time to live is 1 to 255, not " + value);
        }
        return value;
    }

    /// Permits or forbids sending to broadcast addresses; forbidden unless set.
    public void broadcast(boolean value) {
        broadcast = value;
    }

    /// True if sending to broadcast addresses is permitted.
    public boolean broadcast() {
        return broadcast;
    }

    /// Lets what is sent never be fragmented, here or on the way; off unless set.
    public void dontFragment(boolean value) {
        dontFragment = value;
    }

    /// True if what is sent is never fragmented.
    public boolean dontFragment() {
        return dontFragment;
    }

    /// Bounds the receive queue; what is queued stays.
    ///
    /// @throws IllegalArgumentException if `octets` is not positive
    public void receiveBuffer(int octets) {
        if (octets <= 0) {
            throw new IllegalArgumentException("A receive buffer has at least 1 octet, not " + octets);
        }
        receiveBuffer = octets;
    }

    /// Octets that the receive queue holds.
    public int receiveBuffer() {
        return receiveBuffer;
    }

    /// Datagrams that wait to be received.
    public int queuedDatagrams() {
        return queue.size();
    }

    /// Octets of memory of the datagrams that wait.
    public int queuedOctets() {
        return queue.octets();
    }

    /// Datagrams queued since the endpoint was opened.
    public long received() {
        return queue.offered();
    }

    /// Datagrams dropped as [DropReason#RECEIVE_BUFFER_FULL].
    public long refused() {
        return refused;
    }

    /// The upper half of the source address of the datagram last received.
    public long lastSourceHi() {
        return lastSourceHi;
    }

    /// The lower half of the source address of the datagram last received.
    public long lastSourceLo() {
        return lastSourceLo;
    }

    /// The source port of the datagram last received; 0 if its sender expects no reply (RFC 768).
    public int lastSourcePort() {
        return lastSourcePort;
    }

    /// The upper half of the address that the datagram last received was sent to (RFC 1122 section 4.1.3.5).
    public long lastDestinationHi() {
        return lastDestinationHi;
    }

    /// The lower half of the address that the datagram last received was sent to.
    public long lastDestinationLo() {
        return lastDestinationLo;
    }

    /// The port that the datagram last received was sent to.
    public int lastDestinationPort() {
        return lastDestinationPort;
    }

    /// Octets of data of the datagram last received, also those that were cut off.
    public int lastLength() {
        return lastLength;
    }

    /// The TOS octet or traffic class of the datagram last received (RFC 1122 section 3.2.1.6).
    public int lastTos() {
        return lastTos;
    }

    @Override
    public long age(long now) {
        return PortAge.between(openedAt, now);
    }

    @Override
    public String stateName() {
        return closed ? "CLOSED" : isConnected() ? "CONNECTED" : isBound() ? "BOUND" : "UNBOUND";
    }

    @Override
    public String toString() {
        return isConnected() ? super.toString() : "udp " + local() + " " + stateName();
    }
}
