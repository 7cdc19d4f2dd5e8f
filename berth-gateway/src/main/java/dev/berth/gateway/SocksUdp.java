package dev.berth.gateway;

import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The datagrams of one client of a [SocksProxy]: RFC 1928 section 7. Two virtual threads carry them, one each way.
///
/// Only datagrams of the client's address are taken, from the port that it has announced, or from the one that the
/// first of them comes from. What comes back is filtered by address (RFC 4787 section 5).
final class SocksUdp {
    private static final int LARGEST = 65_535;
    private static final int HEADER = 4;
    private static final int LONGEST_HEADER = HEADER + 16 + 2;
    private static final int IPV4 = 1;
    private static final int NAME = 3;
    private static final int IPV6 = 4;
    private static final int MOST_CONTACTED = 1_024;

    private final DatagramChannel outer;
    private final UdpSocket inner;
    private final InetAddress client;
    private final ProxyDestinations destinations;
    private final ProxyTally tally;
    private final ReentrantLock lock = new ReentrantLock();
    private final Set<IpAddress> contacted = new LinkedHashSet<>();
    private volatile int port;
    private volatile long lastUse = System.nanoTime();

    /// @param outer bound, where the client sends to
    /// @param inner of the host inside
    /// @param client the client's address
    /// @param port the client's port, 0 if it is not known yet
    SocksUdp(
            DatagramChannel outer,
            UdpSocket inner,
            InetAddress client,
            int port,
            ProxyDestinations destinations,
            ProxyTally tally) {
        this.outer = outer;
        this.inner = inner;
        this.client = client;
        this.port = port;
        this.destinations = destinations;
        this.tally = tally;
    }

    /// Where the client sends to.
    Endpoint local() throws IOException {
        return OutsideAddresses.endpoint((InetSocketAddress) outer.getLocalAddress());
    }

    long lastUse() {
        return lastUse;
    }

    void start() {
        Thread.ofVirtual().name("berth-socks-udp-out").start(() -> run(this::leave));
        Thread.ofVirtual().name("berth-socks-udp-in").start(() -> run(this::enter));
    }

    private interface Direction {
        void run() throws IOException;
    }

    private void run(Direction direction) {
        try {
            direction.run();
        } catch (IOException e) {
            if (inner.isOpen()) {
                SocksProxy.LOGGER.log(System.Logger.Level.DEBUG, "Datagrams of the proxy: {0}", e.getMessage());
            }
        } finally {
            close();
        }
    }

    private void leave() throws IOException {
        byte[] bytes = new byte[LARGEST];
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (inner.isOpen()) {
            InetSocketAddress from = (InetSocketAddress) outer.receive(buffer.clear());
            if (!isClient(from) || !send(bytes, buffer.flip())) {
                tally.dropped.increment();
            }
        }
    }

    /// "It MUST drop any datagrams arriving from any source IP address other than the one recorded for the particular
    /// association."
    private boolean isClient(InetSocketAddress from) {
        if (!from.getAddress().equals(client)) {
            return false;
        }
        if (port == 0) {
            port = from.getPort();
        }
        return from.getPort() == port;
    }

    /// "Implementation of fragmentation is optional; an implementation that does not support fragmentation MUST drop
    /// any datagram whose FRAG field is other than X'00'."
    private boolean send(byte[] bytes, ByteBuffer datagram) {
        if (datagram.remaining() < HEADER || datagram.getShort() != 0 || datagram.get() != 0) {
            return false;
        }
        try {
            Endpoint to = destination(datagram);
            if (to == null || !destinations.policy().allows(to)) {
                return false;
            }
            contact(to.address());
            lastUse = System.nanoTime();
            inner.send(bytes, datagram.position(), datagram.remaining(), to);
            tally.datagramsOut.increment();
            return true;
        } catch (IOException e) {
            SocksProxy.LOGGER.log(System.Logger.Level.DEBUG, "A datagram of the proxy: {0}", e.getMessage());
            return false;
        }
    }

    private @Nullable Endpoint destination(ByteBuffer datagram) throws IOException {
        int type = datagram.get();
        int length = switch (type) {
            case IPV4 -> 4;
            case IPV6 -> 16;
            case NAME -> datagram.hasRemaining() ? datagram.get() & 0xff : -1;
            default -> -1;
        };
        if (length < 0 || datagram.remaining() < length + 2) {
            return null;
        }
        byte[] address = new byte[length];
        datagram.get(address);
        int toPort = datagram.getShort() & 0xffff;
        IpAddress to = type == NAME
                ? destinations
                        .addresses(new String(address, StandardCharsets.UTF_8))
                        .getFirst()
                : IpAddress.of(address);
        return new Endpoint(to, toPort);
    }

    private void contact(IpAddress to) {
        lock.lock();
        try {
            contacted.remove(to);
            contacted.add(to);
            if (contacted.size() > MOST_CONTACTED) {
                contacted.remove(contacted.iterator().next());
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean isContacted(IpAddress from) {
        lock.lock();
        try {
            return contacted.contains(from);
        } finally {
            lock.unlock();
        }
    }

    private void enter() throws IOException {
        byte[] bytes = new byte[LONGEST_HEADER + LARGEST];
        while (inner.isOpen()) {
            int length = inner.receive(bytes, LONGEST_HEADER, LARGEST, 0);
            Endpoint from = inner.lastSender();
            int to = port;
            if (to == 0 || !isContacted(from.address())) {
                tally.dropped.increment();
                continue;
            }
            byte[] address = from.address().octets();
            int start = LONGEST_HEADER - HEADER - address.length - 2;
            ByteBuffer datagram = ByteBuffer.wrap(bytes, start, LONGEST_HEADER - start + length);
            datagram.putShort((short) 0).put((byte) 0).put((byte) (address.length == 4 ? IPV4 : IPV6));
            datagram.put(address).putShort((short) from.port());
            lastUse = System.nanoTime();
            if (pass(datagram.position(start), to)) {
                tally.datagramsIn.increment();
            } else {
                tally.dropped.increment();
            }
        }
    }

    /// One datagram that the kernel does not take, as with the header it may be too long, is not the end of the others.
    private boolean pass(ByteBuffer datagram, int to) throws IOException {
        try {
            return outer.send(datagram, new InetSocketAddress(client, to)) > 0;
        } catch (IOException e) {
            if (!outer.isOpen()) {
                throw e;
            }
            SocksProxy.LOGGER.log(System.Logger.Level.DEBUG, "A datagram for a client: {0}", e.getMessage());
            return false;
        }
    }

    void close() {
        inner.close();
        SocksProxy.close(outer);
    }
}
