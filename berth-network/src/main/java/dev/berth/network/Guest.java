package dev.berth.network;

import dev.berth.host.Link;
import dev.berth.host.LinkReceiver;
import dev.berth.host.PacketQueue;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/// A member of a [Network] that is no host of this JVM: whoever is on the other side of a [Link], such as the kernel of
/// a network namespace behind a TUN device, a virtual machine, or another JVM. See [Network#guest].
///
/// What the guest sends has to bear one of its own addresses as the source; everything else is dropped and counted, so
/// that no guest speaks for another member. What is for one of its addresses, for a multicast group or for a broadcast
/// address of its subnet is transmitted on the link. Packets pass as they come: hop limits stay as they are, and
/// packets that stand for several segments ([Packet#segmentSize]) stay whole where the link takes them, and are cut
/// where it does not.
///
/// The link hands its packets in from one thread at a time. What members send to the guest is transmitted by whichever
/// of their threads comes first, one at a time; up to 4,096 packets wait while the link is not ready, more are dropped
/// and counted. Nothing is allocated per packet. Thread-safe.
public final class Guest implements AutoCloseable {
    private static final int QUEUE = 4_096;

    // The Fragment header, RFC 8200 section 4.5
    private static final int FRAGMENT_HEADER = 8;
    private static final int FRAGMENT_OFFSET = 2;

    private final Network network;
    private final String name;
    private final Link link;
    private final NetworkLink port;
    private volatile long[] own = {}; // pairs of the halves of the addresses
    private final BufferPool pool = new BufferPool();
    private final int largest; // octets of a packet that the link takes whole
    private final Consumer<Packet> toLink;
    private final Segments segments = new Segments(); // of whoever transmits
    private final PacketQueue queue = new PacketQueue(QUEUE);
    private final AtomicBoolean transmitting = new AtomicBoolean();
    private final AtomicBoolean ended = new AtomicBoolean();
    private final AtomicReference<@Nullable String> failure = new AtomicReference<>();
    private volatile @Nullable Consumer<String> whenDown;
    private volatile boolean closed;

    private final LongAdder packetsIn = new LongAdder();
    private final LongAdder octetsIn = new LongAdder();
    private final LongAdder packetsOut = new LongAdder();
    private final LongAdder octetsOut = new LongAdder();
    private final LongAdder malformed = new LongAdder();
    private final LongAdder spoofed = new LongAdder();
    private final LongAdder linkLocal = new LongAdder();
    private final LongAdder overflow = new LongAdder();

    Guest(Network network, String name, Link link, NetworkLink port) {
        this.network = network;
        this.name = name;
        this.link = link;
        this.port = port;
        toLink = link::transmit;
        largest = Math.max(link.info().mtu(), link.info().maxSegmented());
        readdress();
    }

    private void readdress() {
        own = addresses().stream()
                .flatMapToLong(each -> LongStream.of(each.hi(), each.lo()))
                .toArray();
    }

    /// Gives the guest one more address, which it may send from and is reached at.
    ///
    /// @param address with the length of its subnet's prefix, which tells the address of broadcasts
    /// @return false if somebody has it, or it cannot be one of the guest's subnet
    public synchronized boolean claim(IpAddress.Prefix address) {
        boolean claimed = !closed && network.registry().claim(port, address);
        readdress();
        return claimed;
    }

    /// Takes an address from the guest; it is free again. Does nothing if the guest does not have it.
    public synchronized void giveUp(IpAddress address) {
        network.registry().giveUp(port, address);
        readdress();
    }

    /// Opens the link. What the network has for the guest goes there from then on.
    void start() throws IOException {
        port.start(new FromNetwork());
        link.start(new FromGuest());
    }

    /// The name by which members find the guest.
    public String name() {
        return name;
    }

    /// Makes the guest known by one more name, until it is closed or gets another such one, or a host of the network
    /// is to have that name.
    ///
    /// @return false if somebody has the name
    public synchronized boolean alias(String other) {
        return !closed && network.registry().alias(port.node(), other);
    }

    /// The guest's addresses.
    public List<IpAddress> addresses() {
        return Arrays.stream(port.addresses()).map(IpAddress.Prefix::address).toList();
    }

    /// What was moved and dropped so far.
    public GuestCounters counters() {
        return new GuestCounters(
                packetsIn.sum(),
                octetsIn.sum(),
                packetsOut.sum(),
                octetsOut.sum(),
                malformed.sum(),
                spoofed.sum(),
                linkLocal.sum(),
                overflow.sum());
    }

    /// Why the link has failed; null while it has not.
    public @Nullable String failure() {
        return failure.get();
    }

    /// Lets somebody know, once, that the link has failed: at once if it has already. Only one at a time.
    ///
    /// @param action gets the reason in words, on the link's thread; must not block
    public void whenDown(Consumer<String> action) {
        whenDown = action;
        String reason = failure.get();
        if (reason != null) {
            tell(reason);
        }
    }

    private void tell(String reason) {
        Consumer<String> action = whenDown;
        if (action != null && ended.compareAndSet(false, true)) {
            action.accept(reason);
        }
    }

    /// Takes the guest off the network and closes its link. Its name and addresses are free again. Idempotent.
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        port.close();
        link.close();
        drain();
    }

    private boolean isOpen() {
        return !closed && failure.get() == null;
    }

    /// Transmits what waits, unless another thread is at it.
    private void drain() {
        while (!queue.isEmpty() && (!isOpen() || link.isReady())) {
            if (!transmitting.compareAndSet(false, true)) {
                return;
            }
            try {
                Packet packet;
                while ((!isOpen() || link.isReady()) && (packet = queue.poll()) != null) {
                    if (isOpen()) {
                        packetsOut.increment();
                        octetsOut.add(packet.length());
                        transmit(packet);
                    } else {
                        overflow(packet, "its guest is gone");
                    }
                }
                link.flush();
            } finally {
                transmitting.set(false);
            }
        }
    }

    private void transmit(Packet packet) {
        if (packet.segmentSize > 0 && packet.length() > largest) {
            segments.cut(packet, toLink);
        } else {
            link.transmit(packet);
        }
    }

    private void overflow(Packet packet, String why) {
        overflow.increment();
        network.countDropped(packet, why);
        packet.release();
    }

    /// What members of the network send to the guest.
    private final class FromNetwork implements LinkReceiver {
        @Override
        public BufferPool pool() {
            throw new UnsupportedOperationException("A network hands in packets of the pools of its hosts");
        }

        @Override
        public boolean received(Packet packet) {
            boolean taken = receivedMore(packet);
            drain();
            return taken;
        }

        @Override
        public boolean receivedMore(Packet packet) {
            if (!isOpen() || !queue.offer(packet)) {
                overflow(packet, isOpen() ? "its guest has no room" : "its guest is gone");
                return false;
            }
            return true;
        }

        @Override
        public void receivedAll() {
            drain();
        }

        @Override
        public void down(String reason) {
            throw new UnsupportedOperationException("A network does not fail");
        }
    }

    /// What the guest sends.
    private final class FromGuest implements LinkReceiver {
        @Override
        public BufferPool pool() {
            return pool;
        }

        @Override
        public boolean received(Packet packet) {
            boolean taken = receivedMore(packet);
            port.flush();
            return taken;
        }

        @Override
        public boolean receivedMore(Packet packet) {
            if (!describe(packet)) {
                malformed.increment();
                network.countDropped(packet, "its IP header makes no sense");
                packet.release();
                return false;
            }
            if (!isOwn(packet.sourceHi, packet.sourceLo)) {
                refuse(packet);
                return false;
            }
            packetsIn.increment();
            octetsIn.add(packet.length());
            port.transmit(packet);
            return true;
        }

        @Override
        public void receivedAll() {
            port.flush();
        }

        @Override
        public void ready() {
            drain();
        }

        @Override
        public void down(String reason) {
            if (failure.compareAndSet(null, reason)) {
                tell(reason);
                drain();
            }
        }
    }

    private boolean isOwn(long hi, long lo) {
        long[] own = this.own;
        for (int i = 0; i < own.length; i += 2) {
            if (own[i] == hi && own[i + 1] == lo) {
                return true;
            }
        }
        return false;
    }

    private void refuse(Packet packet) {
        // RFC 4862 section 5.4, RFC 4861 section 6.3.7, RFC 3810: a host looks for neighbours, routers and listeners
        // on its link from a link-local or from no address. That is for the link, which ends here.
        if (IpAddress.isLinkLocal(packet.sourceHi, packet.sourceLo)
                || IpAddress.isUnspecified(packet.sourceHi, packet.sourceLo)) {
            linkLocal.increment();
        } else {
            spoofed.increment();
            network.countDropped(packet, "its source is no address of its guest");
        }
        packet.release();
    }

    /// Fills in what a packet of a host in memory has known all along.
    ///
    /// @return false if the header is not whole or cannot be
    private static boolean describe(Packet packet) {
        byte[] bytes = packet.bytes;
        int at = packet.start;
        int head = packet.end - at;
        int length = packet.length();
        packet.sentAt = 0; // the pool does not clear it
        if (head < Ipv4Header.MIN_LENGTH) {
            return false;
        }
        int version = bytes[at] >>> 4 & 0xf;
        if (version == 4) {
            int header = Ipv4Header.headerLength(bytes, at);
            int total = Bytes.u16(bytes, at + Ipv4Header.TOTAL_LENGTH);
            if (header < Ipv4Header.MIN_LENGTH || header > head || total < header || total > length) {
                return false;
            }
            packet.ipv6 = false;
            packet.sourceHi = 0;
            packet.sourceLo = IpAddress.mapped(Bytes.i32(bytes, at + Ipv4Header.SOURCE));
            packet.destinationHi = 0;
            packet.destinationLo = IpAddress.mapped(Bytes.i32(bytes, at + Ipv4Header.DESTINATION));
            packet.transportAt = at + header;
            boolean first = (Bytes.u16(bytes, at + Ipv4Header.FLAGS_FRAGMENT) & Ipv4Header.FRAGMENT_OFFSET) == 0;
            packet.protocol = first ? Bytes.u8(bytes, at + Ipv4Header.PROTOCOL) : 0;
            return true;
        }
        if (version != 6
                || head < Ipv6Header.LENGTH
                || Ipv6Header.LENGTH + Bytes.u16(bytes, at + Ipv6Header.PAYLOAD_LENGTH) > length) {
            return false;
        }
        packet.ipv6 = true;
        packet.sourceHi = Bytes.i64(bytes, at + Ipv6Header.SOURCE);
        packet.sourceLo = Bytes.i64(bytes, at + Ipv6Header.SOURCE + 8);
        packet.destinationHi = Bytes.i64(bytes, at + Ipv6Header.DESTINATION);
        packet.destinationLo = Bytes.i64(bytes, at + Ipv6Header.DESTINATION + 8);
        if (packet.checksum != Packet.CHECKSUM_PARTIAL) {
            packet.transportAt = at + Ipv6Header.LENGTH;
            packet.protocol = Bytes.u8(bytes, at + Ipv6Header.NEXT_HEADER);
            if (packet.protocol == IpProtocol.FRAGMENT && head >= Ipv6Header.LENGTH + FRAGMENT_HEADER) {
                describeFragment(packet);
            }
        }
        // An IPv4-mapped address stands for IPv4 in all tables here (RFC 4291 section 2.5.5.2), and is none of IPv6.
        return !IpAddress.isIpv4(packet.sourceHi, packet.sourceLo)
                && !IpAddress.isIpv4(packet.destinationHi, packet.destinationLo);
    }

    /// The same of the Fragment header of IPv6 (RFC 8200 section 4.5), if that is the first extension header.
    private static void describeFragment(Packet packet) {
        int header = packet.transportAt;
        packet.transportAt = header + FRAGMENT_HEADER;
        boolean first = (Bytes.u16(packet.bytes, header + FRAGMENT_OFFSET) & ~7) == 0;
        packet.protocol = first ? Bytes.u8(packet.bytes, header) : 0;
    }

    /// Name and addresses.
    @Override
    public String toString() {
        return "Guest[" + name + " " + addresses() + "]";
    }
}
