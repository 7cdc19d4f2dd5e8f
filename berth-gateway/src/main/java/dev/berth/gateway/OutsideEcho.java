package dev.berth.gateway;

import dev.berth.host.EchoResponder;
import dev.berth.stack.icmp.EchoRequest;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.icmp.IcmpReport;
import dev.berth.tun.PingSockets;
import dev.berth.tun.SocketError;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// ICMP echo of a [Gateway]: RFC 5508 section 3, over the unprivileged ping sockets of the kernel. Each identifier of
/// a guest has one of them, whomever it asks: REQ-1 a, "NAT mapping of ICMP Query Identifiers SHOULD be external-host
/// independent."
///
/// One platform thread takes what guests ask; a second one, started by the first request, waits for answers.
final class OutsideEcho implements PingSockets.Receiver {
    private static final int WAIT_MILLIS = 1_000;

    /// Requests of one identifier that may wait for their answers.
    private static final int OUTSTANDING = 64;

    private final EchoResponder guests;
    private final OutsideAddresses addresses;
    private final GatewayLimits limits;
    private final Tally tally;
    private final ReentrantLock lock = new ReentrantLock();
    /// The one that was used least recently comes first.
    private final Map<Asker, Session> sessions = new LinkedHashMap<>(16, 0.75f, true);

    private final GuestShares shares;
    private final Map<Integer, Session> bySocket = new HashMap<>();
    private @Nullable PingSockets sockets;
    private boolean waiting;
    private boolean reported;
    private volatile boolean closed;

    OutsideEcho(EchoResponder guests, OutsideAddresses addresses, GatewayLimits limits, Tally tally) {
        this.guests = guests;
        this.addresses = addresses;
        this.limits = limits;
        shares = new GuestShares(limits.echoes());
        this.tally = tally;
    }

    private record Asker(IpAddress guest, int identifier) {}

    /// What one identifier of a guest has asked. Guarded by the lock.
    private static final class Session {
        final Asker asker;
        final Object owner;
        final int socket;
        private final int[] sequences = new int[OUTSTANDING];
        private final @Nullable IpAddress[] asked = new IpAddress[OUTSTANDING];
        long lastUse;

        Session(Asker asker, Object owner, int socket) {
            this.asker = asker;
            this.owner = owner;
            this.socket = socket;
        }

        void asks(int sequence, IpAddress whom) {
            sequences[sequence % OUTSTANDING] = sequence;
            asked[sequence % OUTSTANDING] = whom;
        }

        /// Whether it waits for an answer of `whom`, outside.
        boolean waitsFor(int sequence, IpAddress whom) {
            return sequences[sequence % OUTSTANDING] == sequence && whom.equals(asked[sequence % OUTSTANDING]);
        }

        void answered(int sequence) {
            asked[sequence % OUTSTANDING] = null;
        }
    }

    void start() {
        Thread.ofPlatform().daemon().name("berth-gateway-echo-out").start(this::serveGuests);
    }

    // Out

    private void serveGuests() {
        while (!closed) {
            try {
                leave(guests.receive(0));
            } catch (IOException e) {
                if (!guests.isOpen()) {
                    break;
                }
                tally.undeliverable.increment(); // the kernel has no room, or it is too long for it
                logger().log(System.Logger.Level.DEBUG, "Gateway, ICMP: {0}", e.getMessage());
            } catch (RuntimeException e) {
                tally.undeliverable.increment();
                logger().log(System.Logger.Level.WARNING, "An echo request makes the gateway fail", e);
            }
        }
        end();
    }

    private void leave(EchoRequest request) throws IOException {
        if (!addresses.isGuest(request.source())) {
            tally.spoofed.increment();
            return;
        }
        IpAddress to = addresses.outside(request.destination());
        if (!addresses.policy().allowsEcho(to)) {
            tally.denied.increment();
            guests.report(IcmpReport.of(IcmpError.Kind.PROHIBITED), request);
            return;
        }
        // RFC 5508 section 7: a NAT is a router to the packets that it passes on, and lowers the time to live.
        int hops = request.timeToLive() - 1;
        if (hops < 1) {
            IpAddress self = addresses.machine(to.isIpv4());
            guests.report(new IcmpReport(IcmpError.Kind.TIME_EXCEEDED, 0, self), request);
            return;
        }
        Session session = session(new Asker(request.source(), request.identifier()));
        if (session == null) {
            tally.echoesLost.increment();
            // RFC 5508 REQ-8: "When a NAT device is unable to establish a NAT Session for a new transport-layer (TCP,
            // UDP, ICMP, etc.) flow due to resource constraints or administrative restrictions, the NAT device SHOULD
            // send an ICMP destination unreachable message, with a code of 13".
            guests.report(IcmpReport.of(IcmpError.Kind.PROHIBITED), request);
            return;
        }
        lock.lock();
        try {
            session.asks(request.sequence(), to);
        } finally {
            lock.unlock();
        }
        send(session.socket, to, hops, request);
    }

    private void send(int socket, IpAddress to, int hops, EchoRequest request) throws IOException {
        PingSockets present = sockets;
        IcmpError.Kind failure =
                present == null ? null : present.send(socket, to, request.sequence(), hops, request.data());
        if (failure == null) {
            tally.echoesOut.increment();
        } else {
            tally.undeliverable.increment();
            guests.report(IcmpReport.of(failure), request);
        }
    }

    /// The session of a guest's identifier, a new one if there is none; null if there can be none.
    private @Nullable Session session(Asker asker) {
        long now = System.nanoTime();
        lock.lock();
        try {
            Session found = sessions.get(asker);
            if (found == null) {
                if (sessions.size() >= limits.echoes()) {
                    Session evicted =
                            shares.giveWay(sessions.values(), each -> each.owner, addresses.guest(asker.guest));
                    if (evicted != null) {
                        tally.evicted.increment();
                        close(evicted);
                    }
                }
                found = open(asker);
                if (found == null) {
                    return null;
                }
                sessions.put(asker, found);
                shares.taken(found.owner);
                bySocket.put(found.socket, found);
            }
            found.lastUse = now;
            return found;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Session open(Asker asker) {
        if (closed) {
            return null;
        }
        try {
            PingSockets present = sockets;
            if (present == null) {
                present = PingSockets.open();
                sockets = present;
            }
            int socket = present.add(!asker.guest.isIpv4());
            if (!waiting) {
                waiting = true;
                Thread.ofPlatform().daemon().name("berth-gateway-echo-in").start(this::serveKernel);
            }
            return new Session(asker, addresses.guest(asker.guest), socket);
        } catch (IOException e) {
            if (!reported) {
                reported = true;
                logger().log(
                                System.Logger.Level.INFO,
                                "The gateway answers echo requests as prohibited. " + e.getMessage());
            }
            return null;
        }
    }

    // In

    private void serveKernel() {
        PingSockets present = sockets;
        while (present != null && present.poll(WAIT_MILLIS, this)) {
            // as long as it is open
        }
    }

    @Override
    public void reply(int socket, IpAddress from, int sequence, byte[] data) {
        Asker asker = answered(socket, from, sequence, true);
        if (asker == null) {
            tally.filtered.increment();
            return;
        }
        IpAddress asked = addresses.inside(new Endpoint(from, 0)).address();
        try {
            if (guests.reply(new EchoRequest(asker.guest, asked, asker.identifier, sequence, 0, data))) {
                tally.echoesIn.increment();
            } else {
                tally.undeliverable.increment();
            }
        } catch (IOException e) {
            logger().log(System.Logger.Level.DEBUG, "Gateway, ICMP: {0}", e.getMessage());
        }
    }

    @Override
    public void error(int socket, SocketError error) {
        IpAddress about = error.destination().address();
        Asker asker = answered(socket, about, error.echoSequence(), false);
        if (asker == null) {
            tally.filtered.increment();
            return;
        }
        IpAddress asked = addresses.inside(error.destination()).address();
        EchoRequest request =
                new EchoRequest(asker.guest, asked, asker.identifier, error.echoSequence(), 0, new byte[0]);
        tally.errorsPassed.increment();
        try {
            guests.report(new IcmpReport(error.kind(), error.mtu(), addresses.reporter(error.reporter())), request);
        } catch (IOException e) {
            logger().log(System.Logger.Level.DEBUG, "Gateway, ICMP: {0}", e.getMessage());
        }
    }

    /// Who waits for that answer, and does so no longer; null if nobody does.
    private @Nullable Asker answered(int socket, IpAddress whom, int sequence, boolean refresh) {
        lock.lock();
        try {
            Session session = bySocket.get(socket);
            if (session == null || !session.waitsFor(sequence, whom)) {
                return null;
            }
            session.answered(sequence);
            if (refresh) {
                // RFC 5508 REQ-6: an ICMP error "MUST NOT refresh or delete the NAT Session"; a reply may.
                session.lastUse = System.nanoTime();
            }
            return session.asker;
        } finally {
            lock.unlock();
        }
    }

    // The end

    /// Gives the sockets of idle sessions back.
    void sweep(long now) {
        lock.lock();
        try {
            Iterator<Session> each = sessions.values().iterator();
            while (each.hasNext()) {
                Session session = each.next();
                if (now - session.lastUse > limits.echoNanos()) {
                    each.remove();
                    shares.givenBack(session.owner);
                    close(session);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private void close(Session session) {
        bySocket.remove(session.socket);
        PingSockets present = sockets;
        if (present != null) {
            present.remove(session.socket);
        }
    }

    int sessions() {
        lock.lock();
        try {
            return sessions.size();
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            sessions.clear();
            shares.clear();
            bySocket.clear();
            if (sockets != null) {
                sockets.close();
            }
        } finally {
            lock.unlock();
        }
    }

    void close() {
        closed = true;
        guests.close();
    }

    /// Not in a field: loggers take a good part of the time that a program needs to start.
    private static System.Logger logger() {
        return System.getLogger(Gateway.class.getName());
    }
}
