package dev.berth.host;

import dev.berth.ports.PortRange;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.icmp.IcmpReport;
import dev.berth.stack.udp.DatagramWay;
import dev.berth.stack.udp.Udp;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A UDP socket, for both families.
///
/// Sending does not wait: a datagram that finds a queue full is lost, as on the way. Receiving copies each octet once
/// and allocates nothing while it need not wait, but for [#lastSender].
public final class UdpSocket extends UdpSocketOptions {
    /// So many datagrams to the same end make a way worth remembering.
    private static final int SEVERAL = 8;

    // Under the host's lock
    private boolean late; // bound to an address
    private String boundBy = "";

    // The ends of the datagram that was sent last under the lock, and the way of those that follow it without
    private long lastHi;
    private long lastLo;
    private int lastPort;
    private int alike; // datagrams that went there since the way was looked for
    private volatile @Nullable DatagramRoad road;

    // Of the one thread that receives at a time
    private final ShortLock receiving = new ShortLock();
    private @Nullable Endpoint sender; // the ends of a datagram, when somebody has asked
    private @Nullable Endpoint asked;

    UdpSocket(Host host) {
        super(host, host.monitor());
        monitor.enter();
        try {
            endpoint.attach(this);
            host.opened(this);
        } finally {
            monitor.exit();
        }
    }

    @Override
    void portsWithin(PortRange range) {
        endpoint.portRange(range);
    }

    @Override
    public @Nullable Endpoint local() {
        monitor.enterQuietly();
        try {
            return endpoint.isBound() || late ? endpoint.local() : null;
        } finally {
            monitor.exitQuietly();
        }
    }

    /// The remote end while the socket is connected, otherwise null.
    public @Nullable Endpoint remote() {
        monitor.enterQuietly();
        try {
            return endpoint.isConnected() ? endpoint.remote() : null;
        } finally {
            monitor.exitQuietly();
        }
    }

    @Override
    public void bind(Endpoint local) throws IOException {
        long now = monitor.enter();
        try {
            requireOpen();
            if (endpoint.isBound() || late) {
                throw new SocketException("Already bound");
            }
            IpAddress address = local.address();
            if (local.port() == 0 && bindAddressNoPort()) {
                checkBind(udp.bindLate(endpoint, address.hi(), address.lo(), sharing()), address);
                late = true;
                return;
            }
            checkBind(udp.bind(endpoint, address.hi(), address.lo(), local.port(), sharing(), now), address);
            boundBy = presentThread();
        } catch (PortUnavailableException e) {
            throw SocketErrors.bind(e);
        } finally {
            monitor.exit();
        }
    }

    @Override
    String defaultLabel() {
        return boundBy;
    }

    /// Connects: from now on only datagrams from `remote` are received, and ICMP errors are thrown.
    ///
    /// @throws IOException if no port is free, no route leads there, or the socket is closed
    public void connect(Endpoint remote) throws IOException {
        long now = monitor.enter();
        try {
            requireOpen();
            IpAddress address = remote.address();
            forgetRoad();
            check(udp.connect(endpoint, address.hi(), address.lo(), remote.port(), now));
        } catch (PortUnavailableException e) {
            throw SocketErrors.bind(e);
        } finally {
            monitor.exit();
        }
    }

    /// Takes the remote end away; the local port stays.
    public void disconnect() throws IOException {
        monitor.enter();
        try {
            requireOpen();
            forgetRoad();
            check(udp.disconnect(endpoint));
        } catch (PortUnavailableException e) {
            throw SocketErrors.bind(e);
        } finally {
            monitor.exit();
        }
    }

    /// Sends a datagram of `length` octets.
    ///
    /// @param to the destination; null for the remote end of a connected socket
    /// @throws PortUnreachableException if the connected remote end said that nobody owns its port
    /// @throws IOException if the datagram is too long, the destination cannot be reached or the socket is closed
    public void send(byte[] bytes, int from, int length, @Nullable Endpoint to) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        send(null, bytes, from, length, null, to);
    }

    /// Sends a datagram of `length` octets from one of the host's addresses, as a server does that answers from the
    /// address that was asked ([#lastDestination]).
    ///
    /// @param local one of the host's own addresses, or one of a prefix that it stands in for
    /// @throws IOException as the other `send`, and if `local` is not the host's
    public void send(byte[] bytes, int from, int length, IpAddress local, Endpoint to) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        send(null, bytes, from, length, local, to);
    }

    /// Sends a datagram of `length` octets from `source`; otherwise as the other `send`.
    ///
    /// @return `length`
    public int trySend(ByteSource source, int length, @Nullable Endpoint to) throws IOException {
        return send(source, null, 0, length, null, to);
    }

    private int send(
            @Nullable ByteSource source,
            byte @Nullable [] bytes,
            int from,
            int length,
            @Nullable IpAddress local,
            @Nullable Endpoint to)
            throws IOException {
        Object begun = SocketObserver.begun(SocketObserver.Operation.WRITE);
        if (begun == null) {
            return sendNow(source, bytes, from, length, local, to);
        }
        try {
            int sent = sendNow(source, bytes, from, length, local, to);
            SocketObserver.ended(begun, this, to, sent, null);
            return sent;
        } catch (IOException e) {
            SocketObserver.ended(begun, this, to, 0, e);
            throw e;
        }
    }

    private int sendNow(
            @Nullable ByteSource source,
            byte @Nullable [] bytes,
            int from,
            int length,
            @Nullable IpAddress local,
            @Nullable Endpoint to)
            throws IOException {
        DatagramRoad known = road;
        if (known != null && local == null && known.leadsTo(to) && known.send(source, bytes, from, length)) {
            return length;
        }
        long now = monitor.enter();
        try {
            requireOpen();
            ByteSource octets = source != null ? source : monitor.arrayBytes.of(bytes, from);
            int result;
            if (to == null) {
                result = udp.send(endpoint, octets, length, now);
                remember(result, null, endpoint.remoteHi(), endpoint.remoteLo(), endpoint.remotePort());
            } else {
                Endpoint target = host.reachable(to);
                IpAddress address = target.address();
                long hi = local == null ? 0 : local.hi();
                long lo = local == null ? 0 : local.lo();
                result = udp.send(endpoint, octets, length, hi, lo, address.hi(), address.lo(), target.port(), now);
                remember(local == null ? result : Udp.BAD_ADDRESS, to, address.hi(), address.lo(), target.port());
            }
            monitor.arrayBytes.clear();
            return check(result);
        } catch (PortUnavailableException e) {
            throw SocketErrors.bind(e);
        } finally {
            monitor.exit();
        }
    }

    /// Remembers the way of the datagram that was sent just now, if those before it had the same. Under the lock.
    private void remember(int result, @Nullable Endpoint to, long hi, long lo, int port) {
        if (result < 0) {
            return;
        }
        if (port != lastPort || lo != lastLo || hi != lastHi) {
            lastHi = hi;
            lastLo = lo;
            lastPort = port;
            alike = 0;
        } else if (++alike >= SEVERAL) {
            DatagramRoad known = road;
            if (known == null || !known.leadsTo(to) || !known.isOpen()) {
                DatagramWay way = udp.way(endpoint, hi, lo, port);
                road = way == null ? null : DatagramRoad.along(way, to, monitor);
                alike = 0;
            }
        }
    }

    /// The ends have changed, or are about to: what is sent from now on takes another way. Under the lock.
    private void forgetRoad() {
        road = null;
        lastPort = 0;
    }

    /// Waits for a datagram, at most `timeoutNanos`, and copies at most `length` octets of it; the rest is lost.
    ///
    /// @return octets copied; who sent it is in [#lastSender]
    /// @throws java.net.SocketTimeoutException after `timeoutNanos` ("Receive timed out")
    /// @throws PortUnreachableException if the connected remote end said that nobody owns its port
    public int receive(byte[] bytes, int from, int length, long timeoutNanos) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        return awaitAndTake(null, bytes, from, length, timeoutNanos, "Receive");
    }

    /// Waits for a datagram and hands at most `max` octets of it to `sink`; otherwise as the other `receive`.
    public int receive(ByteSink sink, int max, long timeoutNanos) throws IOException {
        return awaitAndTake(sink, null, 0, max, timeoutNanos, "Receive");
    }

    /// Takes a datagram if one is there.
    ///
    /// @return octets given to `sink`, at most `max`, or [#UNAVAILABLE]
    public int tryReceive(ByteSink sink, int max) throws IOException {
        return tryTake(sink, null, 0, max);
    }

    @Override
    int takeOutside(@Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max) throws IOException {
        int result;
        receiving.lock();
        try {
            result = sink == null && bytes != null
                    ? udp.receive(endpoint, bytes, from, max)
                    : udp.receive(endpoint, Objects.requireNonNull(sink), max);
        } finally {
            receiving.unlock();
        }
        return result == Udp.WOULD_BLOCK ? UNAVAILABLE : check(result);
    }

    /// Only here it is certain that nothing is there, and that whoever waits from now on is told of what comes.
    @Override
    int take(@Nullable ByteSink sink, byte @Nullable [] bytes, int from, int max) throws IOException {
        requireOpen();
        return endpoint.isReadable() ? TAKE_OUTSIDE : UNAVAILABLE;
    }

    @Override
    boolean hasLittle() {
        return false; // it is taken without the lock
    }

    @Override
    Endpoint lastRemote() {
        return lastSender();
    }

    /// Who sent the datagram that was received last. Callers that receive in several threads have to take turns.
    public Endpoint lastSender() {
        Endpoint last = end(sender, endpoint.lastSourceHi(), endpoint.lastSourceLo(), endpoint.lastSourcePort());
        sender = last;
        return last;
    }

    /// Where the datagram received last was sent to: RFC 1122 section 4.1.3.5 asks for the address, and a socket that
    /// has every port needs the port too. Callers that receive in several threads have to take turns.
    public Endpoint lastDestination() {
        Endpoint last =
                end(asked, endpoint.lastDestinationHi(), endpoint.lastDestinationLo(), endpoint.lastDestinationPort());
        asked = last;
        return last;
    }

    private static Endpoint end(@Nullable Endpoint known, long hi, long lo, int port) {
        return known != null
                        && port == known.port()
                        && lo == known.address().lo()
                        && hi == known.address().hi()
                ? known
                : new Endpoint(new IpAddress(hi, lo), port);
    }

    /// Binds to every port of every address that nobody else is bound to, as a gateway does that stands in for others
    /// ([Host.Builder#localPrefix]): [#lastDestination] says where a datagram was to go, and the [#send] that names
    /// both ends answers it.
    ///
    /// @throws java.net.BindException if another socket has them
    /// @throws IOException if the socket is closed or bound already
    public void bindEveryPort() throws IOException {
        long now = monitor.enter();
        try {
            requireOpen();
            if (endpoint.isBound() || late) {
                throw new SocketException("Already bound");
            }
            udp.bindEveryPort(endpoint, now);
            boundBy = presentThread();
        } catch (IllegalStateException e) {
            throw SocketErrors.everyPort(e);
        } catch (PortUnavailableException e) {
            throw SocketErrors.bind(e);
        } finally {
            monitor.exit();
        }
    }

    /// Sends a datagram from any end, for a socket that has every port.
    ///
    /// @throws IOException as the other `send`, and if `local` is not the host's
    public void send(byte[] bytes, int from, int length, Endpoint local, Endpoint to) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        long now = monitor.enter();
        try {
            requireOpen();
            int result = udp.send(endpoint, monitor.arrayBytes.of(bytes, from), length, local, to, now);
            monitor.arrayBytes.clear();
            check(result);
        } catch (PortUnavailableException e) {
            throw SocketErrors.bind(e);
        } finally {
            monitor.exit();
        }
    }

    /// Says with an ICMP error what became of a datagram that `from` has sent to `to`, within the rate limit of such
    /// errors; for a socket that has every port.
    public void report(IcmpReport what, Endpoint from, Endpoint to) throws IOException {
        long now = monitor.enter();
        try {
            requireOpen();
            monitor.stack().icmp().sendReport(what, IpProtocol.UDP, from, to, 0, now);
        } finally {
            monitor.exit();
        }
    }

    private void checkBind(int result, IpAddress address) throws IOException {
        if (result == Udp.BAD_ADDRESS) {
            throw SocketErrors.notLocal(host, address);
        }
        check(result);
    }

    private static int check(int result) throws IOException {
        if (result >= Udp.OK) {
            return result;
        }
        throw error(result);
    }

    private static IOException error(int result) {
        return switch (result) {
            case Udp.CLOSED -> SocketErrors.closed();
            case Udp.NOT_CONNECTED -> new SocketException("Destination address required");
            case Udp.BAD_ADDRESS -> new SocketException("Invalid argument");
            case Udp.NO_ROUTE -> SocketErrors.noRoute();
            case Udp.MESSAGE_TOO_LONG -> new SocketException("Message too long");
            case Udp.PERMISSION_DENIED -> new SocketException("Permission denied");
            case Udp.PORT_UNREACHABLE -> new PortUnreachableException();
            case Udp.PROTOCOL_UNREACHABLE -> new ConnectException("Protocol not available");
            case Udp.PROHIBITED -> new NoRouteToHostException("No route to host");
            default -> throw new AssertionError("a result of UDP that nobody knows: " + result);
        };
    }

    @Override
    int readinessNow() {
        return endpoint.readiness();
    }

    @Override
    public void close() {
        monitor.enter();
        try {
            if (closed) {
                return;
            }
            closed = true;
            forgetRoad();
            forgetLabel();
            host.closed(this);
            udp.shut(endpoint);
            monitor.wakeAll(this);
        } finally {
            monitor.exit();
        }
        receiving.lock();
        try {
            udp.clear(endpoint);
        } finally {
            receiving.unlock();
        }
    }

    @Override
    public String toString() {
        return "UdpSocket[" + host.name() + ", " + local() + "]";
    }
}
