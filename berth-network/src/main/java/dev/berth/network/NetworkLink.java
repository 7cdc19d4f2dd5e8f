package dev.berth.network;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.BufferPool;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// One host's link to a [Network]. Nothing is computed that memory does not need: a partial checksum stays partial.
final class NetworkLink implements Link, Attachment {
    /// So many octets are handed over at once at most: one large segment, or many small ones.
    private static final int MAX_BATCH = 65_000;

    private final Network network;
    private final Subnet subnet;
    private volatile IpAddress.Prefix[] addresses;
    private final LinkInfo info;
    private volatile Node node;
    private volatile @Nullable LinkReceiver receiver;
    private volatile boolean crashed;
    private final AtomicBoolean waiting = new AtomicBoolean(); // for room in the link

    /// The link that its host was given; this, unless this is a further lane of it.
    private final NetworkLink whole;

    // Of the one thread that transmits at a time: who has got packets and was not told to process them
    private @Nullable LinkReceiver batchFor;
    private int batchOctets;
    private long batchSentAt;
    private @Nullable Passage passage;

    // Of the same: where the last stream of packets goes
    private long stream;
    private int streamChanges;
    private @Nullable LinkReceiver streamTo;

    private @Nullable BufferPool copies;

    NetworkLink(Network network, Subnet subnet, Node node, int mtu, IpAddress.Prefix[] addresses) {
        this.network = network;
        this.subnet = subnet;
        this.node = node;
        this.addresses = addresses.clone();
        this.info = new LinkInfo(subnet.name, mtu, true, network.topology().maxSegmented);
        whole = this;
    }

    /// A further lane: all of it is the link's, but for what belongs to the one thread that transmits at a time.
    private NetworkLink(NetworkLink whole) {
        network = whole.network;
        subnet = whole.subnet;
        node = whole.node;
        addresses = whole.addresses;
        info = whole.info;
        this.whole = whole;
    }

    @Override
    public Link lane() {
        return new NetworkLink(whole);
    }

    /// The link of which this is a lane.
    NetworkLink whole() {
        return whole;
    }

    IpAddress.Prefix[] addresses() {
        return addresses;
    }

    void addresses(IpAddress.Prefix... own) {
        addresses = own;
    }

    @Override
    public Node node() {
        return whole.node;
    }

    /// False for a link whose host the network does not know.
    boolean isNamed() {
        return !node().name().isEmpty();
    }

    void node(Node owner) {
        node = owner;
    }

    @Override
    public Subnet subnet() {
        return subnet;
    }

    @Override
    public @Nullable Pipe up() {
        return node().up;
    }

    @Override
    public @Nullable Pipe down() {
        return node().down;
    }

    @Override
    public LinkInfo info() {
        return info;
    }

    @Override
    public void start(LinkReceiver host) {
        receiver = host;
    }

    /// From now on nothing leaves.
    void crash() {
        crashed = true;
    }

    @Override
    public boolean isReady() {
        return !network.isShaped() || hasRoom();
    }

    private boolean hasRoom() {
        Pipe up = node().up;
        long now = network.clock().now();
        long wait = up == null ? 0 : up.roomAfter(now);
        if (wait == 0) {
            return true;
        }
        if (whole.waiting.compareAndSet(false, true)) {
            network.clock().at(now + wait, Event.of(() -> {
                whole.waiting.set(false);
                LinkReceiver host = whole.receiver;
                if (host != null) {
                    host.ready();
                }
            }));
        }
        return false;
    }

    /// The packet as rules see it.
    Passage passage(Packet packet, Node to) {
        Passage known = passage;
        if (known == null) {
            Node owner = node();
            SplittableRandom random = Node.random(network.seed(), owner.name(), owner.starts);
            known = new Passage(network, random, packet, owner, to);
            passage = known;
        }
        known.packet = packet;
        known.from = node();
        known.to = to;
        return known;
    }

    @Override
    public @Nullable LinkReceiver straight(Packet packet) {
        // A rule itself is never asked here, but where it decides: in transmit, and so once about each packet.
        if (network.isStraight()
                && network.attachmentOf(packet.destinationHi, packet.destinationLo) instanceof NetworkLink link
                && !network.rules().concern(packet, node(), link.node())) {
            LinkReceiver host = link.receiver;
            return host == null ? null : host.of(packet);
        }
        return null;
    }

    @Override
    public void transmit(Packet packet) {
        if (network.isDetoured()) {
            if (whole.crashed) {
                network.countDropped(packet, "its host has crashed");
                packet.release();
                return;
            }
            if (network.carrier().takes(this, packet)) {
                return;
            }
        }
        Attachment to = network.attachmentOf(packet.destinationHi, packet.destinationLo);
        if (to == null && network.isForAll(subnet, packet.destinationHi, packet.destinationLo)) {
            flood(packet);
            return;
        }
        if (to == null) {
            to = network.gatewayFor(packet, whole);
        }
        LinkReceiver host = to instanceof NetworkLink link ? link.receiver : null;
        if (host == null) {
            network.countUndeliverable(packet);
            packet.release();
        } else {
            host = host.of(packet);
            if (host != batchFor) {
                flush();
                batchFor = host;
            }
            batchOctets += packet.length();
            batchSentAt = packet.sentAt;
            host.receivedMore(packet);
            if (batchOctets >= MAX_BATCH) {
                flush();
            }
        }
    }

    @Override
    public @Nullable LinkReceiver transmitAlone(Packet packet) {
        LinkReceiver host = streamTo;
        if (packet.stream != stream || network.attachmentChanges() != streamChanges || host == null) {
            host = towards(packet);
        }
        if (host == null || network.isDetoured() && straight(packet) == null) {
            transmit(packet);
            flush();
            return null;
        }
        return host.receivedAlone(packet);
    }

    /// Who gets the packet, if that is another host; the same one gets all of its stream until something changes.
    private @Nullable LinkReceiver towards(Packet packet) {
        int changes = network.attachmentChanges(); // before the look-up that they may make wrong
        Attachment to = network.attachmentOf(packet.destinationHi, packet.destinationLo);
        LinkReceiver host = to instanceof NetworkLink link ? link.receiver : null;
        LinkReceiver part = host == null ? null : host.of(packet);
        stream = packet.stream;
        streamChanges = changes;
        streamTo = packet.stream == 0 ? null : part;
        return part;
    }

    @Override
    public void arrived(Packet packet) {
        LinkReceiver host = receiver;
        if (host == null) {
            network.countUndeliverable(packet);
            packet.release();
        } else {
            host.received(packet);
        }
    }

    /// Hands everybody else on the network a copy: headers of its own, the payload by reference where it is one.
    private void flood(Packet packet) {
        flush();
        BufferPool pool = copies;
        if (pool == null) {
            pool = new BufferPool(64, 64, 4);
            copies = pool;
        }
        for (Attachment to : subnet.attachments(network)) {
            LinkReceiver host = to instanceof NetworkLink link ? link.receiver : null;
            if (to != whole && host != null) {
                host.receivedMore(PacketCopies.share(pool, packet));
                host.receivedAll();
            }
        }
        packet.release();
    }

    @Override
    public void flush() {
        LinkReceiver host = batchFor;
        if (host != null) {
            batchFor = null;
            batchOctets = 0;
            host.receivedAll(batchSentAt);
        }
    }

    @Override
    public void close() {
        receiver = null;
        network.detach(this);
    }
}
