package dev.berth.gateway;

import dev.berth.host.Host;
import dev.berth.host.UdpSocket;
import dev.berth.ports.Transport;
import dev.berth.tun.PacketInfo;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.spi.SelectorProvider;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A UDP port of this machine that leads to a port of a host in memory.
///
/// Each client, by its address and port, has a socket of its own at the gateway's host, so that the target sees clients
/// apart and answers go where they belong; they leave from the address of this machine that the client has written to.
/// For a port of all addresses that takes native access (`--enable-native-access`) and `sun.nio.ch`, as `berth run`
/// has them; without, the kernel chooses by its routes.
///
/// A client is forgotten two minutes after the last datagram either way (RFC 4787 REQ-5), or when there are as many as
/// may be: then the one that was silent longest, of the addresses that have their share of them or more. A virtual
/// thread for each client waits for answers. Thread-safe.
public final class PublishedUdpPort extends PublishedEnd implements KernelLoop.Watched {
    /// Clients at the same time when the caller gives no number.
    public static final int DEFAULT_LIMIT = 1_024;

    /// How long a client is remembered.
    public static final long DEFAULT_IDLE_NANOS = 120_000_000_000L;

    private static final int LARGEST = 65_535;
    private static final int SMALLEST = 2_048;
    private static final int RECEIVE_BUFFER = 1 << 20;

    /// Datagrams that are taken before other sockets have their turn.
    private static final int TURN = 64;

    private final DatagramChannel channel;
    private final Host gateway;
    private final long idleNanos;
    private final KernelLoop.Use use;
    private final SelectionKey key;
    private final @Nullable PacketInfo info;
    private final int descriptor;
    private final boolean ipv6;

    private final ReentrantLock lock = new ReentrantLock();
    /// The one that was heard of least recently comes first.
    private final Map<Peer, Client> clients = new LinkedHashMap<>(16, 0.75f, true);

    private final GuestShares shares;

    /// Guards the descriptor against its end.
    private final ReentrantLock sending = new ReentrantLock();

    private final byte[] bytes = new byte[LARGEST]; // of the loop's thread, with the next
    private final ByteBuffer buffer = ByteBuffer.wrap(bytes);
    private final LongAdder datagramsIn = new LongAdder();
    private final LongAdder datagramsOut = new LongAdder();
    private final LongAdder dropped = new LongAdder();
    private volatile boolean closed;

    private PublishedUdpPort(
            SelectorProvider kernel,
            DatagramChannel channel,
            Host gateway,
            Endpoint target,
            int limit,
            long idleNanos,
            OutsidePolicy policy)
            throws IOException {
        super(Transport.UDP, (InetSocketAddress) channel.getLocalAddress(), target, limit, policy);
        this.channel = channel;
        this.gateway = gateway;
        this.idleNanos = idleNanos;
        shares = new GuestShares(limit);
        boolean all = address.getAddress().isAnyLocalAddress();
        PacketInfo found = all ? packetInfo() : null;
        descriptor = found == null ? -1 : KernelSockets.descriptor(channel);
        info = found != null && descriptor >= 0 && found.watch(descriptor) ? found : null;
        ipv6 = address.getAddress() instanceof Inet6Address;
        use = KernelLoop.use(kernel, this::sweep);
        boolean registered = false;
        try {
            channel.configureBlocking(false);
            key = channel.register(use.loop().selector(), 0, this);
            key.interestOps(SelectionKey.OP_READ); // the loop's thread uses the key, so not before it is there
            use.loop().wake();
            registered = true;
        } finally {
            if (!registered) {
                use.close();
            }
        }
    }

    private static @Nullable PacketInfo packetInfo() {
        try {
            return PacketInfo.open();
        } catch (IOException e) {
            logger().log(System.Logger.Level.DEBUG, "{0}", e.getMessage());
            return null;
        }
    }

    /// Opens the port for everybody, with [#DEFAULT_LIMIT] and [#DEFAULT_IDLE_NANOS].
    ///
    /// @param address where the kernel listens; port 0 for any that is free
    /// @param gateway where datagrams to the target come from
    /// @param target where they go to
    /// @throws IOException if the kernel does not let us listen there, with one sentence that says why
    public static PublishedUdpPort open(InetSocketAddress address, Host gateway, Endpoint target) throws IOException {
        return open(address, gateway, target, DEFAULT_LIMIT, DEFAULT_IDLE_NANOS, OutsidePolicy.standard());
    }

    /// Opens the port.
    ///
    /// @param limit clients at the same time
    /// @param idleNanos how long a client is remembered
    /// @param policy from where datagrams may come in; others are dropped
    /// @throws IOException if the kernel does not let us listen there, with one sentence that says why
    public static PublishedUdpPort open(
            InetSocketAddress address, Host gateway, Endpoint target, int limit, long idleNanos, OutsidePolicy policy)
            throws IOException {
        Objects.requireNonNull(gateway);
        Objects.requireNonNull(target);
        if (limit < 1 || idleNanos < 1) {
            throw new IllegalArgumentException("A published port has 1 client or more, for 1 ns or longer");
        }
        SelectorProvider kernel = KernelSockets.provider("Published ports");
        DatagramChannel channel = kernel.openDatagramChannel();
        boolean opened = false;
        try {
            channel.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_BUFFER);
            try {
                KernelBind.requireAddress(address);
                channel.bind(address);
            } catch (SocketException e) {
                throw KernelBind.explained(e, Transport.UDP, address);
            }
            PublishedUdpPort port = new PublishedUdpPort(kernel, channel, gateway, target, limit, idleNanos, policy);
            opened = true;
            return port;
        } finally {
            if (!opened) {
                channel.close();
            }
        }
    }

    /// Who sends, and which address of this machine it writes to: null if that is the only one, or is not known.
    private record Peer(InetSocketAddress from, @Nullable InetAddress local) {}

    // In

    @Override
    public void kernelReady(int ops) {
        for (int i = 0; i < TURN && takeOne(); i++) {
            // as long as there is one
        }
        if (!closed) {
            key.interestOps(SelectionKey.OP_READ);
        }
    }

    /// Returns false if none is there now.
    private boolean takeOne() {
        try {
            PacketInfo known = info;
            if (known != null) {
                PacketInfo.Datagram datagram = closed ? null : known.receive(descriptor, bytes);
                if (datagram != null) {
                    enter(new Peer(datagram.from(), datagram.local()), datagram.length());
                }
                return datagram != null;
            }
            InetSocketAddress from = (InetSocketAddress) channel.receive(buffer.clear());
            if (from != null) {
                enter(new Peer(from, null), buffer.position());
            }
            return from != null;
        } catch (PortUnreachableException e) {
            return true; // about an answer to a client that has gone
        } catch (IOException e) {
            debug(e);
            return !closed && channel.isOpen();
        } catch (RuntimeException e) {
            dropped.increment();
            logger().log(System.Logger.Level.WARNING, "A datagram makes published " + this + " fail", e);
            return true;
        }
    }

    private void enter(Peer peer, int length) {
        if (!policy.admits(OutsideAddresses.endpoint(peer.from).address(), address.getPort())) {
            denied.increment();
            return;
        }
        try {
            Client client = client(peer);
            if (client != null) {
                client.socket.send(bytes, 0, length, null);
                datagramsIn.increment();
                return;
            }
        } catch (PortUnreachableException e) {
            // The target has said so of an earlier one: this one was not sent.
        } catch (IOException e) {
            debug(e);
        }
        dropped.increment();
    }

    /// The client of that address, a new one if there is none; null if there can be none.
    private @Nullable Client client(Peer peer) throws IOException {
        long now = System.nanoTime();
        Client evicted = null;
        lock.lock();
        try {
            Client found = clients.get(peer);
            if (found != null || closed) {
                if (found != null) {
                    found.lastUse = now;
                }
                return found;
            }
            if (clients.size() >= limit) {
                evicted = shares.giveWay(clients.values(), each -> each.peer.from.getAddress(), peer.from.getAddress());
                overLimit.increment();
            }
            Client fresh = new Client(peer, now);
            clients.put(peer, fresh);
            shares.taken(peer.from.getAddress());
            accepted.increment();
            Thread.ofVirtual()
                    .name("berth-published-" + address.getPort() + "-udp")
                    .start(fresh::run);
            return fresh;
        } finally {
            lock.unlock();
            if (evicted != null) {
                evicted.socket.close();
                report();
            }
        }
    }

    private void report() {
        if (limitReported.compareAndSet(false, true)) {
            logger().log(
                            System.Logger.Level.WARNING,
                            "Published " + this + " has " + limit
                                    + " clients, its limit; those that were silent longest are forgotten for new ones");
        }
    }

    // Out

    /// A client, and the socket that stands for it inside.
    private final class Client {
        final Peer peer;
        final UdpSocket socket;
        volatile long lastUse;
        private byte[] answer = new byte[SMALLEST];
        private int length;

        Client(Peer peer, long now) throws IOException {
            this.peer = peer;
            lastUse = now;
            socket = gateway.openUdpSocket();
            boolean connected = false;
            try {
                socket.label("published");
                socket.connect(target);
                connected = true;
            } finally {
                if (!connected) {
                    socket.close();
                }
            }
        }

        private void run() {
            while (socket.isOpen()) {
                try {
                    length = 0;
                    socket.receive(this::take, LARGEST, 0);
                    lastUse = System.nanoTime();
                    if (leave(peer, answer, length)) {
                        datagramsOut.increment();
                    } else {
                        dropped.increment();
                    }
                } catch (PortUnreachableException e) {
                    // Nobody listens at the target now. There is no way to tell the client.
                    dropped.increment();
                } catch (IOException e) {
                    if (socket.isOpen()) {
                        dropped.increment();
                        debug(e);
                    }
                } catch (RuntimeException e) {
                    dropped.increment();
                    logger().log(
                                    System.Logger.Level.WARNING,
                                    "An answer makes published " + PublishedUdpPort.this + " fail",
                                    e);
                }
            }
        }

        private void take(byte[] from, int at, int count) {
            if (answer.length < length + count) {
                answer = Arrays.copyOf(answer, Math.min(LARGEST, Math.max(length + count, 2 * answer.length)));
            }
            System.arraycopy(from, at, answer, length, count);
            length += count;
        }
    }

    private boolean leave(Peer peer, byte[] answer, int length) throws IOException {
        sending.lock();
        try {
            if (closed) {
                return false;
            }
            PacketInfo known = info;
            if (known != null && peer.local != null) {
                try {
                    return known.send(descriptor, ipv6, answer, length, peer.local, peer.from);
                } catch (PortUnreachableException e) {
                    // About an earlier one.
                } catch (IOException e) {
                    debug(e); // a broadcast address, which nobody sends from
                }
            }
            try {
                return channel.send(ByteBuffer.wrap(answer, 0, length), peer.from) == length;
            } catch (PortUnreachableException e) {
                return false;
            }
        } finally {
            sending.unlock();
        }
    }

    // The end

    private void sweep(long now) {
        List<Client> idle = new ArrayList<>();
        lock.lock();
        try {
            clients.values().removeIf(each -> now - each.lastUse > idleNanos && idle.add(each));
            idle.forEach(each -> shares.givenBack(each.peer.from.getAddress()));
            if (clients.size() < limit) {
                limitReported.set(false);
            }
        } finally {
            lock.unlock();
        }
        idle.forEach(each -> each.socket.close());
    }

    @Override
    public int connections() {
        lock.lock();
        try {
            return clients.size();
        } finally {
            lock.unlock();
        }
    }

    /// Datagrams of clients that went to the target.
    public long datagramsIn() {
        return datagramsIn.sum();
    }

    /// Answers that went to clients.
    public long datagramsOut() {
        return datagramsOut.sum();
    }

    /// Datagrams, either way, that could not be sent on.
    public long dropped() {
        return dropped.sum();
    }

    @Override
    public void close() {
        List<Client> all;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            all = new ArrayList<>(clients.values());
            clients.clear();
            shares.clear();
        } finally {
            lock.unlock();
        }
        sending.lock();
        try {
            channel.close();
        } catch (IOException e) {
            logger().log(System.Logger.Level.WARNING, "Published " + this + " cannot be closed: " + e.getMessage());
        } finally {
            sending.unlock();
        }
        all.forEach(each -> each.socket.close());
        use.close();
    }

    private static void debug(IOException e) {
        logger().log(System.Logger.Level.DEBUG, "A published port of UDP: {0}", e.getMessage());
    }

    /// Not in a field: loggers take a good part of the time that a program needs to start.
    private static System.Logger logger() {
        return System.getLogger(PublishedPort.class.getName());
    }
}
