package dev.berth.testkit;

import dev.berth.ports.Flow;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpInfo;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.BufferPool;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// A test that reads like a packet trace: one [NetStack], whose user and whose remote end the test plays by hand.
///
/// The user calls [#open], [#send], [#read], [#close]; the remote end's segments go in with [#receive], and the
/// stack's come out with [#sent], in order. Sequence numbers are relative to the initial ones ([#ISS], [#IRS]). Time
/// stands still except in [#advance]. The checksum of every packet that leaves is verified independently, and after
/// every step [Tcp#inconsistency] has to find nothing. [#finish] ends a script: everything was expected, and nothing
/// is left.
public class TcpScript {
    /// The stack's initial sequence number, relative to itself.
    public static final int ISS = 0;
    /// The remote end's initial sequence number, relative to itself.
    public static final int IRS = 0;
    /// The address of the remote end.
    public static final IpAddress PEER = IpAddress.parse("10.0.0.2");
    /// The IPv6 address of the remote end.
    public static final IpAddress PEER6 = IpAddress.parse("fd00::2");

    private static final long MILLISECOND = 1_000_000L;

    /// The settings of connections, to be changed before the first act.
    protected TcpConfig config = TcpConfig.DEFAULT.withCongestion(TcpConfig.Congestion.NEW_RENO);
    /// The MTU of the link, to be changed before the first act.
    protected int mtu = 1_500;
    /// The script speaks IPv6; to be set before the first act.
    protected boolean ipv6;
    /// The initial sequence number of the remote end.
    protected int peerIss = 0x1234_5678;
    /// The window field of received segments that say nothing of it.
    protected int peerWindow = 65_535;
    /// The remote end's port.
    protected int peerPort = 80;
    /// The connection.
    protected @Nullable Tcb tcb;
    /// The listener.
    protected @Nullable TcpListener listener;

    private final BufferPool pool = new BufferPool();
    private final Deque<Seg> sent = new ArrayDeque<>();
    private final List<Tcb> connections = new ArrayList<>();
    private final List<PortBinding<TcpListener>> bindings = new ArrayList<>();
    private final ScriptCodec codec = new ScriptCodec();
    private @Nullable NetStack stack;
    private @Nullable NetInterface nic;
    private long now = 1_000_000_000_000L;
    private long waited;
    private int localPort = 80;
    private long written;
    private long readSoFar;
    private boolean restIgnored;
    private byte[] lastPacket = new byte[0];
    private @Nullable PortBinding<TcpListener> bound;

    // Settings

    /// The stack, made at the first act.
    protected NetStack stack() {
        NetStack made = stack;
        if (made == null) {
            made = make(now);
            stack = made;
            nic = made.interfaces().get(1);
        }
        return made;
    }

    private NetStack make(long time) {
        SplittableRandom random = new SplittableRandom(1);
        NetStack made = new NetStack(StackConfig.DEFAULT.withTcp(config), random::nextLong, time);
        NetInterface link = made.addInterface("eth0", mtu, false, 0);
        made.addAddress(link, IpAddress.Prefix.parse("10.0.0.1/24"));
        made.addAddress(link, IpAddress.Prefix.parse("fd00::1/64"));
        return made;
    }

    private IpAddress local() {
        return IpAddress.parse(ipv6 ? "fd00::1" : "10.0.0.1");
    }

    private IpAddress peer() {
        return ipv6 ? PEER6 : PEER;
    }

    private Tcb connection() {
        Tcb connection = tcb;
        if (connection == null) {
            throw new AssertionError("there is no connection");
        }
        return connection;
    }

    /// Makes the stack choose `iss` as the initial sequence number of the next [#open]. To be the first act.
    protected void choosingIss(int iss) {
        // The generator adds a clock of 4.096 us to a hash: learn the hash from a trial, then wait for the right
        // moment.
        try {
            NetStack trial = make(now);
            Tcb probe = trial.connect(new Endpoint(peer(), peerPort), null, config, null, now);
            if (probe == null) {
                throw new AssertionError("no route");
            }
            now += Integer.toUnsignedLong(iss - trial.tcp().info(probe, now).iss()) << 12;
        } catch (PortUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    // The user

    /// Binds a local port, from which every [#open] is to come.
    protected void bind(int port) {
        try {
            PortBinding<TcpListener> made = stack().tcp().ports().bind(local().hi(), local().lo(), port, 0, "test");
            bindings.add(made);
            bound = made;
        } catch (PortUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    /// Active OPEN.
    protected void open() {
        try {
            Tcb made = stack().connect(new Endpoint(peer(), peerPort), bound, config, null, now);
            if (made == null) {
                throw new AssertionError("no route");
            }
            tcb = made;
            connections.add(made);
            localPort = made.localPort();
            codec.forgetIss();
            written = 0;
            readSoFar = 0;
            settle();
        } catch (PortUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    /// Passive OPEN of port 80, for a remote end at port 5000.
    protected void listen() {
        listen(16);
    }

    /// Passive OPEN with a backlog.
    protected void listen(int backlog) {
        try {
            localPort = 80;
            peerPort = 5_000;
            PortBinding<TcpListener> binding = stack().tcp().ports().bind(0, 0, 80, 0, "test");
            bindings.add(binding);
            listener = stack().tcp().listen(binding, backlog, config);
        } catch (PortUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    /// Takes the listener's next connection.
    protected void accept() {
        TcpListener from = listener;
        Tcb accepted = from == null ? null : stack().tcp().accept(from);
        if (accepted == null) {
            throw new AssertionError("nothing to accept");
        }
        tcb = accepted;
        connections.add(accepted);
        written = 0;
        readSoFar = 0;
    }

    /// Stops listening.
    protected void closeListener() {
        TcpListener from = listener;
        if (from != null) {
            stack().tcp().close(from, now);
            stack().tcp().ports().close(from.binding());
            listener = null;
            settle();
        }
    }

    /// Active OPEN, ESTABLISHED with an MSS of 1460 and no other options.
    protected void connected() {
        connected(Seg.SYN.mss(1_460));
    }

    /// Active OPEN, ESTABLISHED with the options and the window of `syn`.
    protected void connected(Seg syn) {
        open();
        sent(Seg.SYN.seq(ISS));
        receive(syn.seq(IRS).ack(ISS + 1));
        sent(Seg.ACK.seq(1).ack(1));
        sentNothing();
    }

    /// Passive OPEN, ESTABLISHED with an MSS of 1460 and no other options, and accepted.
    protected void accepted() {
        listen();
        receive(Seg.SYN.seq(IRS).mss(1_460));
        sent(Seg.SYN.seq(ISS).ack(IRS + 1));
        receive(Seg.ACK.seq(1).ack(1));
        sentNothing();
        accept();
    }

    /// SEND, which has to take all of it.
    protected void send(int octets) {
        int taken = trySend(octets);
        if (taken != octets) {
            throw new AssertionError("SEND took " + taken + " of " + octets + " octets");
        }
    }

    /// SEND.
    ///
    /// @return what it returned
    protected int trySend(int octets) {
        int taken = stack().tcp()
                .send(
                        connection(),
                        (bytes, at, count) -> {
                            for (int i = 0; i < count; i++) {
                                bytes[at + i] = Pair.pattern(written++);
                            }
                        },
                        octets);
        settle();
        return taken;
    }

    /// RECEIVE of exactly so many octets, whose values are checked.
    protected void read(int octets) {
        int given = tryRead(octets);
        if (given != octets) {
            throw new AssertionError("RECEIVE gave " + given + ", not " + octets);
        }
    }

    /// SEND with the URGENT flag, which has to take all of it.
    protected void sendUrgent(int octets) {
        int taken = stack().tcp()
                .sendUrgent(
                        connection(),
                        (bytes, at, count) -> {
                            for (int i = 0; i < count; i++) {
                                bytes[at + i] = Pair.pattern(written++);
                            }
                        },
                        octets);
        settle();
        if (taken != octets) {
            throw new AssertionError("SEND took " + taken + " of " + octets + " octets");
        }
    }

    /// The next octet of the stream will not be read, as it was urgent.
    protected void skipUrgent() {
        readSoFar++;
    }

    /// RECEIVE, which has nothing to give.
    protected void readNothing() {
        read(0);
    }

    /// RECEIVE at the end of the stream.
    protected void readEnd() {
        int given = tryRead(1);
        if (given != Tcp.END_OF_STREAM) {
            throw new AssertionError("RECEIVE gave " + given + ", not the end of the stream");
        }
    }

    /// RECEIVE of a connection that ended with an error.
    protected void readError(TcpError error) {
        int given = tryRead(1);
        if (given != Tcp.NOT_OPEN || connection().error() != error) {
            throw new AssertionError(
                    "RECEIVE gave " + given + " and " + connection().error() + ", not " + error);
        }
    }

    /// RECEIVE.
    ///
    /// @return what it returned
    protected int tryRead(int octets) {
        int given = stack().tcp()
                .receive(
                        connection(),
                        (bytes, from, count) -> {
                            for (int i = 0; i < count; i++) {
                                if (bytes[from + i] != Pair.pattern(readSoFar++)) {
                                    throw new AssertionError("octet " + (readSoFar - 1) + " is wrong");
                                }
                            }
                        },
                        Math.max(octets, 1));
        settle();
        return given;
    }

    /// CLOSE.
    protected void close() {
        stack().tcp().close(connection(), now);
        settle();
    }

    /// CLOSE of the sending direction alone.
    protected void shutdownOutput() {
        stack().tcp().shutdownOutput(connection());
        settle();
    }

    /// Reads no more.
    protected void shutdownInput() {
        stack().tcp().shutdownInput(connection());
        settle();
    }

    /// ABORT.
    protected void abort() {
        stack().tcp().abort(connection(), now);
        settle();
    }

    /// Changes the settings of the connection.
    protected void configure(TcpConfig settings) {
        stack().tcp().configure(connection(), settings, now);
        settle();
    }

    // The remote end

    /// The stack receives a segment.
    protected void receive(Seg seg) {
        receive(List.of(seg));
    }

    /// The stack receives a segment for another local port than that of the connection or listener.
    protected void receiveAtPort(int port, Seg seg) {
        int usual = localPort;
        localPort = port;
        try {
            receive(List.of(seg));
        } finally {
            localPort = usual;
        }
    }

    /// The stack receives a segment that arrived at the host so many milliseconds ago and has waited since.
    protected void receiveAfterWaiting(Seg seg, long milliseconds) {
        waited = milliseconds * MILLISECOND;
        try {
            receive(seg);
        } finally {
            waited = 0;
        }
    }

    /// The stack receives several segments before it may answer.
    protected void receive(List<Seg> segs) {
        NetStack to = stack();
        for (Seg seg : segs) {
            byte[] bytes = codec.encode(seg, peer(), local(), peerPort, localPort, peerIss, peerWindow);
            inject(to, bytes);
        }
        settle();
    }

    /// The stack receives any packet.
    protected void receiveRaw(byte[] packet) {
        inject(stack(), packet);
        settle();
    }

    private void inject(NetStack to, byte[] bytes) {
        Packet packet = pool.takePacket(Math.max(1, bytes.length));
        System.arraycopy(bytes, 0, packet.bytes, 0, bytes.length);
        packet.end = bytes.length;
        packet.receivedAt = waited > 0 ? now - waited : 0;
        NetInterface link = nic;
        assert link != null;
        to.receive(link, packet, now);
    }

    /// An ICMP error arrives about a segment of the stack.
    ///
    /// @param type the ICMP type
    /// @param code the ICMP code
    /// @param nextMtu the next-hop MTU for "fragmentation needed"
    /// @param seq the sequence number of the quoted segment
    protected void receiveIcmp(int type, int code, int nextMtu, int seq) {
        stack();
        receiveRaw(codec.icmp(type, code, nextMtu, seq, peer(), local(), peerPort, localPort));
    }

    /// The next segment that the stack sent is this.
    protected void sent(Seg expected) {
        Seg actual = sent.poll();
        if (actual == null) {
            throw new AssertionError("nothing was sent; expected " + expected + status());
        }
        String difference = expected.difference(actual);
        if (difference != null) {
            throw new AssertionError(
                    difference + ": sent " + actual + "; expected " + expected + status() + "; then " + sent);
        }
    }

    /// The next segment is sent after so many milliseconds, give or take the ticks of the timers; time stops there.
    protected void sentAfter(long milliseconds, Seg expected) {
        sentNothing();
        NetStack host = stack();
        long begin = now;
        while (sent.isEmpty() && host.nextDeadline() <= begin + (milliseconds + 3) * MILLISECOND) {
            now = Math.max(now, host.nextDeadline());
            host.advance(now);
            settle();
        }
        long waited = (now - begin) / MILLISECOND;
        if (!sent.isEmpty() && waited < milliseconds) {
            throw new AssertionError("sent " + sent + " after " + waited + " ms, not " + milliseconds + status());
        }
        sent(expected);
    }

    /// Takes the next segment that the stack sent, or null.
    protected @Nullable Seg pollSent() {
        return sent.poll();
    }

    /// The packet that the stack sent last, from its IP header on.
    protected byte[] lastPacket() {
        return lastPacket.clone();
    }

    /// Nothing was sent besides what was expected before.
    protected void sentNothing() {
        if (!sent.isEmpty()) {
            throw new AssertionError("sent " + sent + "; expected nothing" + status());
        }
    }

    /// The next SYN of the stack begins a new connection, to whose initial sequence number segments are relative.
    protected void forgetIss() {
        codec.forgetIss();
    }

    /// Segments sent that nobody has expected yet.
    protected int unexpected() {
        return sent.size();
    }

    /// Forgets what was sent and not expected.
    protected void ignoreSent() {
        sent.clear();
    }

    // Time

    /// Lets time pass, with everything that is due on the way.
    protected void advance(long milliseconds) {
        advanceNanos(milliseconds * MILLISECOND);
    }

    /// Lets time pass, in nanoseconds.
    protected void advanceNanos(long nanos) {
        NetStack host = stack();
        long end = now + nanos;
        for (int steps = 0; host.nextDeadline() <= end; steps++) {
            now = Math.max(now, host.nextDeadline());
            host.advance(now);
            settle();
            if (steps > 10_000_000) {
                throw new AssertionError("time does not pass");
            }
        }
        now = end;
    }

    /// Nanoseconds now.
    protected long now() {
        return now;
    }

    private void settle() {
        NetStack host = stack();
        NetInterface link = nic;
        assert link != null;
        host.settle(now);
        Packet packet;
        while ((packet = link.pollEgress()) != null) {
            byte[] bytes = new byte[packet.length()];
            packet.copyTo(bytes, 0);
            packet.release();
            lastPacket = bytes;
            Seg seg = codec.decode(bytes);
            if (seg != null) {
                sent.add(seg);
            }
        }
        while (host.pollReady() != null) {
            // nobody waits for readiness here
        }
        String problem = host.tcp().inconsistency();
        if (problem != null) {
            throw new AssertionError(problem);
        }
    }

    // Assertions

    /// The connection's state; of the only flow there is, where no user has the connection.
    protected ConnectionState assertState(TcpState state) {
        String actual = tcb == null ? flowState() : connection().state().text();
        if (!actual.equals(state.text())) {
            throw new AssertionError("the state is " + actual + ", not " + state.text());
        }
        return new ConnectionState(tcb == null ? null : tcpInfo(), peerIss);
    }

    private String flowState() {
        List<Flow> flows = new ArrayList<>();
        stack().tcp().ports().visitFlows(flow -> flows.add(flow));
        return flows.isEmpty() ? TcpState.CLOSED.text() : flows.getFirst().stateName();
    }

    /// The connection ended with this error.
    protected void assertError(@Nullable TcpError error) {
        if (connection().error() != error) {
            throw new AssertionError("the error is " + connection().error() + ", not " + error);
        }
    }

    /// So many packets were dropped for this reason.
    protected void assertDrops(DropReason reason, long count) {
        long actual = stack().drops().total(reason);
        if (actual != count) {
            throw new AssertionError(actual + " dropped as " + reason + ", not " + count);
        }
    }

    /// STATUS of the connection.
    protected TcpInfo tcpInfo() {
        return stack().tcp().info(connection(), now());
    }

    private String status() {
        return "; " + (tcb == null ? "no connection" : tcpInfo().toString());
    }

    // The end

    /// Segments that nobody expected do not matter in this script.
    protected void ignoringRest() {
        restIgnored = true;
    }

    /// Ends the script: nothing was sent that was not expected; what is open is aborted; then nothing may be left, no
    /// flow, binding, timer, packet or chunk.
    public void finish() {
        if (!restIgnored) {
            sentNothing();
        }
        NetStack host = stack();
        for (Tcb connection : connections) {
            host.tcp().abort(connection, now);
        }
        closeListener();
        for (PortBinding<TcpListener> binding : bindings) {
            host.tcp().ports().close(binding);
        }
        settle();
        advance(700_000); // TIME-WAIT, and the time that an estimate of the path MTU is kept
        check(
                "flows or bindings: " + host.tcp().ports().snapshot(),
                host.tcp().ports().isEmpty());
        check(host.timers() + " timers", host.timers() == 0);
        check(host.buffersInUse() + " packets or chunks of the stack", host.buffersInUse() == 0);
        check(pool.outstanding() + " packets or chunks of the link", pool.outstanding() == 0);
    }

    private static void check(String what, boolean ok) {
        if (!ok) {
            throw new AssertionError("left: " + what);
        }
    }
}
