package dev.berth.gateway.shared;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.network.Network;
import dev.berth.wire.BufferPool;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Answers for members that are gone, until their addresses have somebody else: a segment of TCP gets a RST, a datagram
/// an ICMP port unreachable, as the kernel does it for a process that was killed. Without that, whoever has a
/// connection to such a member would try for minutes. Nothing else is answered.
///
/// The answers are those of a host without sockets that stands in for the whole network. Thread-safe.
final class Departed implements AutoCloseable {
    private static final int MOST = 1_024;

    private final Network network;
    private final Link way;
    private final Host host;
    private volatile @Nullable LinkReceiver receiver;
    private final Map<IpAddress, Link> links = new ConcurrentHashMap<>();
    private final Map<IpAddress, Link> order = new LinkedHashMap<>(); // guarded by this

    Departed(Network network, List<IpAddress.Prefix> subnets) throws IOException {
        this.network = network;
        way = network.link();
        Host.Builder builder = Host.builder("departed").link(new Way());
        for (IpAddress.Prefix subnet : subnets) {
            builder.route(subnet).localPrefix(subnet);
        }
        host = builder.start();
    }

    /// From now on, answers for an address that nobody has.
    synchronized void add(IpAddress.Prefix address) {
        Link link = network.link(address);
        links.put(address.address(), link);
        order.put(address.address(), link);
        try {
            link.start(new Filter());
        } catch (IOException e) {
            throw new AssertionError("a link in memory opens", e);
        }
        Iterator<Link> oldest = order.values().iterator();
        while (order.size() > MOST) {
            Link first = oldest.next();
            oldest.remove();
            links.values().remove(first);
            first.close();
        }
    }

    /// An address has somebody again.
    synchronized void remove(IpAddress address) {
        Link link = links.remove(address);
        order.remove(address);
        if (link != null) {
            link.close();
        }
    }

    @Override
    public synchronized void close() {
        order.values().forEach(Link::close);
        order.clear();
        links.clear();
        host.close();
        way.close();
    }

    /// What members send to those who are gone, and not what they send to all.
    private final class Filter implements LinkReceiver {
        @Override
        public BufferPool pool() {
            throw new UnsupportedOperationException("A network hands in packets of the pools of its hosts");
        }

        @Override
        public boolean received(Packet packet) {
            boolean taken = receivedMore(packet);
            receivedAll();
            return taken;
        }

        @Override
        public boolean receivedMore(Packet packet) {
            LinkReceiver to = receiver;
            boolean wanted = (packet.protocol == IpProtocol.TCP || packet.protocol == IpProtocol.UDP)
                    && links.containsKey(new IpAddress(packet.destinationHi, packet.destinationLo));
            if (to == null || !wanted) {
                packet.release();
                return false;
            }
            return to.receivedMore(packet);
        }

        @Override
        public void receivedAll() {
            LinkReceiver to = receiver;
            if (to != null) {
                to.receivedAll();
            }
        }

        @Override
        public void down(String reason) {
            throw new UnsupportedOperationException("A network does not fail");
        }
    }

    /// The host's one link: what it sends goes into the network, whatever address it is from.
    private final class Way implements Link {
        @Override
        public LinkInfo info() {
            return way.info();
        }

        @Override
        public void start(LinkReceiver own) {
            receiver = own;
        }

        @Override
        public void transmit(Packet packet) {
            way.transmit(packet);
        }

        @Override
        public void flush() {
            way.flush();
        }

        @Override
        public void close() {
            receiver = null;
        }
    }
}
