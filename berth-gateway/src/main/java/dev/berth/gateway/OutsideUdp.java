package dev.berth.gateway;

import dev.berth.host.UdpSocket;
import dev.berth.ports.PortBinding;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.icmp.IcmpReport;
import dev.berth.tun.SocketError;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.channels.spi.SelectorProvider;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// UDP of a [Gateway]: an [Association] for each inside end that sends. Two platform threads serve all of them: one
/// takes what guests send, one selects among the sockets of the kernel, and looks every second what is idle.
final class OutsideUdp {
    private static final int LARGEST = 65_535;
    private static final int RECEIVE_BUFFER = 4 << 20;
    private static final long SWEEP_MILLIS = 1_000;

    /// Datagrams that one socket may bring before the others have their turn.
    private static final int TURN = 64;

    private static final int TRIES = 3;

    private final UdpSocket guests;
    private final OutsideAddresses addresses;
    private final GatewayLimits limits;
    private final Tally tally;
    private final SelectorProvider kernel;
    private final UdpFiltering filtering;
    private final OutsidePorts ports;
    private final KernelErrors errors = new KernelErrors();
    private final Selector selector;
    private final LongConsumer sweeps;
    private final ReentrantLock lock = new ReentrantLock();
    /// The one that was used least recently comes first.
    private final Map<Endpoint, Association> associations = new LinkedHashMap<>(16, 0.75f, true);

    private final GuestShares shares;
    private final AtomicBoolean shortageReported = new AtomicBoolean();
    private volatile boolean closed;

    /// @param sweeps what else is to be done every second, with the time
    OutsideUdp(
            UdpSocket guests,
            OutsideAddresses addresses,
            GatewayLimits limits,
            Tally tally,
            SelectorProvider kernel,
            UdpFiltering filtering,
            OutsidePorts ports,
            LongConsumer sweeps)
            throws IOException {
        this.guests = guests;
        this.addresses = addresses;
        this.limits = limits;
        shares = new GuestShares(limits.associations());
        this.tally = tally;
        this.kernel = kernel;
        this.filtering = filtering;
        this.ports = ports;
        this.sweeps = sweeps;
        selector = kernel.openSelector();
    }

    /// Binds the socket and starts both threads.
    void start() throws IOException {
        guests.receiveBufferSize(RECEIVE_BUFFER);
        guests.bindEveryPort();
        guests.label("gateway");
        Thread.ofPlatform().daemon().name("berth-gateway-udp-out").start(this::serveGuests);
        Thread.ofPlatform().daemon().name("berth-gateway-udp-in").start(this::serveKernel);
    }

    // Out

    private void serveGuests() {
        byte[] bytes = new byte[LARGEST];
        while (!closed) {
            try {
                int length = guests.receive(bytes, 0, bytes.length, 0);
                leave(bytes, length, guests.lastSender(), guests.lastDestination());
            } catch (IOException e) {
                if (!guests.isOpen()) {
                    return;
                }
                tally.undeliverable.increment();
                debug(e);
            } catch (RuntimeException e) {
                tally.undeliverable.increment();
                failed(e);
            }
        }
    }

    private void leave(byte[] bytes, int length, Endpoint guest, Endpoint asked) throws IOException {
        Endpoint to = addresses.outside(asked);
        if (guest.port() == 0 || !addresses.isGuest(guest.address())) {
            tally.spoofed.increment();
            return;
        }
        if (!addresses.policy().allows(to)) {
            tally.denied.increment();
            guests.report(IcmpReport.of(IcmpError.Kind.PROHIBITED), guest, asked);
            return;
        }
        Association association = associate(guest);
        if (association == null) {
            tally.overLimit.increment();
            // RFC 5508 REQ-8: "When a NAT device is unable to establish a NAT Session for a new transport-layer (TCP,
            // UDP, ICMP, etc.) flow due to resource constraints or administrative restrictions, the NAT device SHOULD
            // send an ICMP destination unreachable message, with a code of 13".
            guests.report(IcmpReport.of(IcmpError.Kind.PROHIBITED), guest, asked);
            return;
        }
        ByteBuffer datagram = ByteBuffer.wrap(bytes, 0, length);
        try {
            if (send(association, datagram, to)) {
                tally.datagramsOut.increment();
            } else {
                tally.undeliverable.increment();
            }
        } catch (NoRouteToHostException e) {
            unreachable(association, asked, IcmpError.Kind.HOST_UNREACHABLE, e);
        } catch (ClosedChannelException e) {
            tally.undeliverable.increment(); // it has just given way to another
        } catch (IOException | UnsupportedAddressTypeException e) { // the second without IPv6
            unreachable(association, asked, IcmpError.Kind.NET_UNREACHABLE, e);
        }
    }

    /// An error may be about an earlier datagram, which does not keep this one from being sent: with an error queue
    /// it waits there too, to be told.
    private boolean send(Association association, ByteBuffer datagram, Endpoint to) throws IOException {
        for (int i = 1; ; i++) {
            try {
                return association.send(datagram, to);
            } catch (ClosedChannelException e) {
                throw e;
            } catch (PortUnreachableException e) {
                if (i == TRIES) {
                    throw e;
                }
                if (association.errors() < 0) {
                    tellUnreachable(association);
                }
            } catch (IOException e) {
                if (i == TRIES || association.errors() < 0) {
                    throw e;
                }
            }
            datagram.rewind();
        }
    }

    private void unreachable(Association association, Endpoint asked, IcmpError.Kind what, Exception e)
            throws IOException {
        tally.undeliverable.increment();
        debug(e);
        guests.report(IcmpReport.of(what), association.guest, asked);
    }

    private void tellUnreachable(Association association) throws IOException {
        Endpoint peer = association.peer();
        if (peer != null) {
            tally.errorsPassed.increment();
            guests.report(IcmpReport.of(IcmpError.Kind.PORT_UNREACHABLE), association.guest, addresses.inside(peer));
        }
    }

    /// The association of a guest's end, a new one if there is none; null if the kernel has no socket for it.
    private @Nullable Association associate(Endpoint guest) {
        long now = System.nanoTime();
        lock.lock();
        try {
            Association found = associations.get(guest);
            if (found != null) {
                found.used(now);
                return found;
            }
            if (associations.size() >= limits.associations()) {
                Association evicted =
                        shares.giveWay(associations.values(), each -> each.owner, addresses.guest(guest.address()));
                if (evicted != null) {
                    tally.evicted.increment();
                    end(evicted);
                }
            }
            Association fresh = closed ? null : open(guest, now);
            if (fresh != null) {
                associations.put(guest, fresh);
                shares.taken(fresh.owner);
            }
            return fresh;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Association open(Endpoint guest, long now) {
        DatagramChannel channel = null;
        PortBinding<String> port = null;
        try {
            channel = kernel.openDatagramChannel();
            channel.configureBlocking(false);
            port = ports.bind(channel, guest);
            Association fresh = new Association(
                    guest, addresses.guest(guest.address()), channel, filtering, errors.watch(channel), port, now);
            channel.register(selector, SelectionKey.OP_READ, fresh);
            selector.wakeup();
            return fresh;
        } catch (IOException e) {
            if (shortageReported.compareAndSet(false, true)) {
                logger().log(
                                System.Logger.Level.WARNING,
                                "The gateway gets no socket for datagrams of " + guest + ": " + e.getMessage());
            }
            if (port != null) {
                ports.release(port);
            }
            if (channel != null) {
                close(channel);
            }
            return null;
        }
    }

    // In

    private void serveKernel() {
        ByteBuffer buffer = ByteBuffer.allocateDirect(LARGEST);
        byte[] bytes = new byte[LARGEST];
        long swept = System.nanoTime();
        try {
            while (!closed) {
                selector.select(key -> receive((Association) key.attachment(), buffer, bytes), SWEEP_MILLIS);
                long now = System.nanoTime();
                if (now - swept >= SWEEP_MILLIS * 1_000_000) {
                    swept = now;
                    sweep(now);
                    sweeps.accept(now);
                }
            }
        } catch (IOException e) {
            logger().log(System.Logger.Level.WARNING, "The gateway cannot select: " + e.getMessage());
        } finally {
            endAll();
            close(selector);
        }
    }

    private void receive(Association association, ByteBuffer buffer, byte[] bytes) {
        try {
            for (int i = 0; i < TURN; i++) {
                buffer.clear();
                InetSocketAddress from =
                        (InetSocketAddress) association.channel().receive(buffer);
                if (from == null) {
                    if (i == 0) {
                        passErrors(association);
                    }
                    return;
                }
                int length = buffer.flip().remaining();
                buffer.get(bytes, 0, length);
                enter(association, bytes, length, OutsideAddresses.endpoint(from));
            }
        } catch (PortUnreachableException e) {
            try {
                if (association.errors() < 0) {
                    tellUnreachable(association);
                } else {
                    passErrors(association);
                }
            } catch (IOException closing) {
                debug(closing);
            }
        } catch (IOException e) {
            debug(e); // it was closed, or ICMP says something else
            if (association.channel().isOpen()) {
                passErrors(association);
            }
        } catch (RuntimeException e) {
            tally.undeliverable.increment();
            failed(e);
        }
    }

    /// Tells the guest what ICMP has said of datagrams that it has sent: RFC 4787 REQ-12, RFC 5508 REQ-4. On the
    /// thread that selects only, which is the one that gives descriptors of closed sockets back.
    private void passErrors(Association association) {
        SocketError error;
        for (int i = 0; i < TURN && (error = errors.poll(association.errors())) != null; i++) {
            if (!association.hasSentTo(error.destination())) {
                tally.filtered.increment(); // whoever made it up knows the port, but not where it led
                continue;
            }
            tally.errorsPassed.increment();
            try {
                guests.report(
                        new IcmpReport(error.kind(), error.mtu(), addresses.reporter(error.reporter())),
                        association.guest,
                        addresses.inside(error.destination()));
            } catch (IOException e) {
                debug(e);
            }
        }
    }

    private void enter(Association association, byte[] bytes, int length, Endpoint from) {
        if (!association.admits(from)) {
            tally.filtered.increment();
            return;
        }
        if (!association.hasSentTo(from)
                && !addresses
                        .policy()
                        .admits(from.address(), association.channel().socket().getLocalPort())) {
            tally.denied.increment();
            return;
        }
        lock.lock();
        try {
            if (associations.get(association.guest) == association) {
                association.used(System.nanoTime());
            }
        } finally {
            lock.unlock();
        }
        try {
            guests.send(bytes, 0, length, addresses.inside(from), association.guest);
            tally.datagramsIn.increment();
        } catch (IOException e) {
            tally.undeliverable.increment();
            debug(e);
        }
    }

    // The end

    private void sweep(long now) {
        List<Association> idle = new ArrayList<>();
        lock.lock();
        try {
            associations.values().removeIf(each -> each.isIdle(now, limits) && idle.add(each));
            idle.forEach(each -> shares.givenBack(each.owner));
        } finally {
            lock.unlock();
        }
        idle.forEach(this::end);
    }

    private void end(Association association) {
        release(association);
        selector.wakeup(); // which lets the descriptor go
    }

    private void release(Association association) {
        close(association.channel());
        PortBinding<String> port = association.port();
        if (port != null) {
            ports.release(port);
        }
    }

    private void endAll() {
        lock.lock();
        try {
            associations.values().forEach(this::release);
            associations.clear();
            shares.clear();
        } finally {
            lock.unlock();
        }
    }

    private static void close(AutoCloseable what) {
        try {
            what.close();
        } catch (Exception e) {
            logger().log(System.Logger.Level.DEBUG, "Closing: {0}", e.getMessage());
        }
    }

    private static void debug(Exception e) {
        logger().log(System.Logger.Level.DEBUG, "Gateway, UDP: {0}", e.getMessage());
    }

    /// What nobody has thought of ends one datagram, and not those of all guests.
    private static void failed(RuntimeException e) {
        logger().log(System.Logger.Level.WARNING, "A datagram makes the gateway fail", e);
    }

    int associations() {
        lock.lock();
        try {
            return associations.size();
        } finally {
            lock.unlock();
        }
    }

    void close() {
        closed = true;
        guests.close();
        selector.wakeup();
    }

    /// Not in a field: loggers take a good part of the time that a program needs to start.
    private static System.Logger logger() {
        return System.getLogger(Gateway.class.getName());
    }
}
