package dev.berth.gateway;

import dev.berth.host.ConnectionRequest;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.ports.Flow;
import dev.berth.stack.icmp.Unreachable;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// TCP of a [Gateway]: every SYN waits until the kernel has connected to where it goes, and is answered as the kernel
/// was. It has no thread: SYNs are taken on the thread that brings them, and nothing waits.
final class OutsideTcp {
    /// How long a guest may take to complete the handshake that it began.
    private static final long HANDSHAKE_NANOS = 60_000_000_000L;

    /// A kernel that says "refused" does so before it would say "timed out"; for messages in other languages.
    private static final long PATIENT_NANOS = 15_000_000_000L;

    private static final long DRAIN_NANOS = 500_000_000L;
    private static final long DRAIN_STEP_NANOS = 1_000_000L;

    private final TcpAcceptor acceptor;
    private final OutsideAddresses addresses;
    private final GatewayLimits limits;
    private final Tally tally;
    private final SelectorProvider kernel;
    private final OutsidePorts ports;
    private final ConcurrentHashMap<CarriedConnection, Flow> flows = new ConcurrentHashMap<>();
    private final Set<CarriedConnection> connections = ConcurrentHashMap.newKeySet();
    private final LongAdder opening = new LongAdder();
    private final ConcurrentHashMap<IpAddress, Integer> byDestination = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Object, Integer> byGuest = new ConcurrentHashMap<>();
    private final GuestConnections<CarriedConnection> held;
    private final KernelLoop.Use use;
    /// How often the acceptor has told of requests that nobody has seen to.
    private final AtomicInteger told = new AtomicInteger();
    private final AtomicBoolean shortageReported = new AtomicBoolean();
    private volatile boolean closed;

    OutsideTcp(
            TcpAcceptor acceptor,
            OutsideAddresses addresses,
            GatewayLimits limits,
            Tally tally,
            SelectorProvider kernel,
            OutsidePorts ports)
            throws IOException {
        this.acceptor = acceptor;
        this.addresses = addresses;
        this.limits = limits;
        held = new GuestConnections<>(limits, CarriedConnection::lastUse);
        this.tally = tally;
        this.kernel = kernel;
        this.ports = ports;
        use = KernelLoop.use(kernel, _ -> {});
    }

    /// Binds the acceptor. Requests are decided on the threads that bring them, by one at a time.
    void start() throws IOException {
        acceptor.bindEveryPort();
        acceptor.label("gateway");
        acceptor.listenForRequests(limits.opening(), limits.connectNanos() + HANDSHAKE_NANOS);
        acceptor.observe(_ -> takeRequests());
    }

    private void takeRequests() {
        if (told.getAndIncrement() != 0) {
            return; // whoever is at it looks again
        }
        int seen = 1;
        do {
            try {
                ConnectionRequest request;
                while (!closed && (request = acceptor.tryRequest()) != null) {
                    decideSafely(request);
                }
            } catch (IOException e) {
                if (acceptor.isOpen()) {
                    logger().log(System.Logger.Level.DEBUG, "Gateway: {0}", e.getMessage());
                }
            } catch (RuntimeException | Error e) {
                hasFailed(e);
            }
            seen = told.addAndGet(-seen);
        } while (seen != 0);
    }

    /// Whatever fails, the next one is decided.
    private void decideSafely(ConnectionRequest request) {
        try {
            decide(request);
        } catch (RuntimeException | Error e) {
            hasFailed(e);
            request.ignore(); // it comes again, if it was not decided
        }
    }

    private static void hasFailed(Throwable e) {
        logger().log(System.Logger.Level.ERROR, "The gateway has lost a connection", e);
    }

    private void decide(ConnectionRequest request) {
        Object guest = addresses.guest(request.remote().address());
        Endpoint to = addresses.outside(request.local());
        if (!addresses.isGuest(request.remote().address())) {
            tally.spoofed.increment();
            request.ignore();
        } else if (!addresses.policy().allows(to)) {
            tally.denied.increment();
            request.unreachable(Unreachable.PROHIBITED);
        } else if (!hasRoom(guest, to.address())) {
            tally.overLimit.increment();
            request.refuse();
        } else if (!enter(byGuest, guest, limits.openingPerGuest())) {
            tally.overLimit.increment();
            tally.overGuestLimit.increment();
            request.ignore(); // it comes again
        } else if (!enter(byDestination, to.address(), limits.openingPerDestination())) {
            leave(byGuest, guest);
            tally.overLimit.increment();
            tally.overDestinationLimit.increment();
            request.ignore();
        } else {
            begin(request, guest, to);
        }
    }

    /// Whether there may be one more connection; where all are taken, one of the guest with most gives way to a guest
    /// that has less than its share.
    private boolean hasRoom(Object guest, IpAddress destination) {
        if (held.isGuestFull(guest)) {
            tally.overGuestLimit.increment();
            return false;
        }
        if (held.isDestinationFull(destination)) {
            tally.overDestinationLimit.increment();
            return false;
        }
        if (!held.isFull()) {
            return true;
        }
        CarriedConnection idlest = held.giveWay(guest);
        if (idlest != null) {
            tally.displaced.increment();
            idlest.abort();
        }
        return idlest != null;
    }

    private static <K> boolean enter(ConcurrentHashMap<K, Integer> counts, K key, int limit) {
        if (counts.merge(key, 1, Integer::sum) <= limit) {
            return true;
        }
        leave(counts, key);
        return false;
    }

    private static <K> void leave(ConcurrentHashMap<K, Integer> counts, K key) {
        counts.computeIfPresent(key, (_, count) -> count == 1 ? null : count - 1);
    }

    private void begin(ConnectionRequest request, Object guest, Endpoint to) {
        SocketChannel channel;
        try {
            channel = to.address().isIpv4()
                    ? kernel.openSocketChannel(StandardProtocolFamily.INET)
                    : kernel.openSocketChannel();
        } catch (IOException | UnsupportedOperationException e) {
            // Out of descriptors, or a family that the machine does not have: the SYN comes again.
            leave(byGuest, guest);
            leave(byDestination, to.address());
            tally.overLimit.increment();
            request.ignore();
            if (shortageReported.compareAndSet(false, true)) {
                logger().log(
                                System.Logger.Level.WARNING,
                                "The gateway can open no more sockets of the kernel: " + e.getMessage());
            }
            return;
        }
        CarriedConnection connection = new CarriedConnection(use.loop(), channel, to, this::ended);
        connections.add(connection);
        held.add(connection, guest, to.address());
        opening.increment();
        OpeningOutside by = new OpeningOutside(connection, request, guest, to);
        connection.opening(by);
        boolean begun = false;
        try {
            by.begin();
            begun = true;
        } finally {
            if (!begun || closed) {
                connection.abort();
            }
        }
    }

    /// A connection whose SYN waits for the kernel, and then for the end of its handshake.
    private final class OpeningOutside implements CarriedConnection.Opening {
        private final CarriedConnection connection;
        private final ConnectionRequest request;
        private final Object guest;
        private final Endpoint to;
        private final AtomicBoolean decided = new AtomicBoolean();
        private long begun;

        OpeningOutside(CarriedConnection connection, ConnectionRequest request, Object guest, Endpoint to) {
            this.connection = connection;
            this.request = request;
            this.guest = guest;
            this.to = to;
        }

        void begin() {
            try {
                Flow flow = bind(connection, request, to);
                if (flow != null) {
                    flows.put(connection, flow);
                    if (!connections.contains(connection)) {
                        release(connection); // it was ended meanwhile, before there was anything to release
                    }
                }
            } catch (IOException e) {
                failed(e, false);
                return;
            }
            begun = System.nanoTime();
            SocketChannel channel = connection.kernel();
            try {
                channel.configureBlocking(false);
                // A machine's own servers have answered when the first returns, which says "in progress" all the same.
                if (channel.connect(OutsideAddresses.socketAddress(to)) || channel.finishConnect()) {
                    connected();
                } else {
                    connection.watch(SelectionKey.OP_CONNECT);
                }
            } catch (IOException e) {
                failed(e, true);
            } catch (UnsupportedAddressTypeException e) {
                if (decide()) {
                    unreachable(request, Unreachable.NETWORK);
                }
                failed(new IOException("The machine has no IPv6", e), false);
            }
        }

        @Override
        public void kernelReady() {
            try {
                if (connection.kernel().finishConnect()) {
                    connected();
                } else {
                    connection.watch(SelectionKey.OP_CONNECT);
                }
            } catch (IOException e) {
                failed(e, true);
            }
        }

        private void connected() throws IOException {
            if (!decide()) {
                return; // it has just been ended
            }
            connection.step();
            TcpSocket socket = request.admit();
            if (socket == null) {
                throw new IOException("The guest has given up");
            }
            connection.carry(socket);
        }

        /// True for the one who decides the request.
        private boolean decide() {
            if (!decided.compareAndSet(false, true)) {
                return false;
            }
            opening.decrement();
            leave(byGuest, guest);
            leave(byDestination, to.address());
            return true;
        }

        /// @param answer whether the guest is to be told of it
        private void failed(IOException e, boolean answer) {
            if (decide() && answer) {
                answer(request, e, System.nanoTime() - begun);
            }
            connection.isReset(e);
        }

        @Override
        public void made() {
            tally.opened.increment();
            if (shortageReported.get()) {
                shortageReported.set(false);
            }
        }

        @Override
        public void ended() {
            if (decide()) {
                forget(request);
            }
        }

        @Override
        public long patience() {
            return decided.get() ? HANDSHAKE_NANOS : limits.connectNanos();
        }
    }

    /// @return the claim on the port outside; null if the kernel chooses it
    private @Nullable Flow bind(CarriedConnection connection, ConnectionRequest request, Endpoint to)
            throws IOException {
        try {
            return ports.bind(connection.kernel(), request.remote(), to);
        } catch (IOException e) {
            tally.overLimit.increment();
            request.unreachable(Unreachable.PROHIBITED); // RFC 5508 REQ-8
            if (shortageReported.compareAndSet(false, true)) {
                logger().log(
                                System.Logger.Level.WARNING,
                                "The gateway cannot connect to " + to + ". " + e.getMessage());
            }
            throw e;
        }
    }

    /// Says inside what the kernel has said: a RST for a RST, an ICMP error for one, nothing for nothing.
    private void answer(ConnectionRequest request, IOException e, long nanos) {
        String message = String.valueOf(e.getMessage());
        switch (e) {
            case ConnectException _ when message.startsWith("Connection timed out") -> forget(request);
            case ConnectException _
            when message.startsWith("Connection refused") || nanos < PATIENT_NANOS -> {
                tally.refused.increment();
                request.refuse();
            }
            case ConnectException _ -> forget(request);
            case NoRouteToHostException _ -> unreachable(request, Unreachable.HOST);
            // Not the table's port: the kernel still waits on it (TIME-WAIT). The SYN that comes again gets another
            // one.
            case BindException _
            when message.startsWith("Address already in use")
                    || message.startsWith("Cannot assign requested address") -> {
                tally.overLimit.increment();
                request.ignore();
            }
            // EACCES and EPERM: a "prohibit" route, a packet filter.
            case BindException _ -> unreachable(request, Unreachable.PROHIBITED);
            case SocketException _
            when message.startsWith("Connection reset") -> {
                tally.refused.increment();
                request.refuse();
            }
            case SocketException _
            when message.startsWith("Operation not permitted") -> unreachable(request, Unreachable.PROHIBITED);
            case SocketException _ -> unreachable(request, Unreachable.NETWORK);
            default -> forget(request); // it was closed, by the sweep or with the gateway
        }
    }

    private void unreachable(ConnectionRequest request, Unreachable what) {
        tally.unreachable.increment();
        request.unreachable(what);
    }

    private void forget(ConnectionRequest request) {
        if (closed) {
            request.refuse();
        } else {
            tally.timedOut.increment();
            request.ignore();
        }
    }

    private void ended(CarriedConnection connection) {
        connections.remove(connection);
        held.remove(connection);
        release(connection);
    }

    private void release(CarriedConnection connection) {
        Flow flow = flows.remove(connection);
        if (flow != null) {
            ports.release(flow);
        }
    }

    /// Ends what takes too long or does nothing for too long.
    void sweep(long now) {
        for (CarriedConnection connection : connections) {
            if (connection.isIdle(now, limits.idleNanos())) {
                tally.idle.increment();
                connection.abort();
            } else {
                connection.sweep(now);
            }
        }
    }

    int connections() {
        return connections.size();
    }

    int opening() {
        return opening.intValue();
    }

    /// Takes no more connections and ends those that are there. What guests have sent already gets half a second to
    /// reach the kernel; a connection that has more to deliver then is reset.
    void close() {
        closed = true;
        acceptor.close();
        long deadline = System.nanoTime() + DRAIN_NANOS;
        while (connections.stream().anyMatch(CarriedConnection::isDelivering) && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(DRAIN_STEP_NANOS);
        }
        connections.forEach(CarriedConnection::end);
        use.close();
    }

    /// Not in a field: loggers take a good part of the time that a program needs to start.
    private static System.Logger logger() {
        return System.getLogger(Gateway.class.getName());
    }
}
