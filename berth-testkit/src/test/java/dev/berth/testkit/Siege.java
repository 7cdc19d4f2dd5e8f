package dev.berth.testkit;

import dev.berth.ports.Flow;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.Bytes;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.TcpOptions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// A server that is attacked while it serves honest clients.
///
/// The service sends a page to whoever connects and echoes what comes until the other end closes. Each honest client
/// reads the page, checks it, has something echoed, checks that, closes and begins anew. The attacker has addresses of
/// its own ([Bot]), and can put any packet into the server's interface. Time passes in turns of a millisecond; after
/// each, memory, flows and buffers have to be within their bounds. Work is counted in packets, never in real time.
final class Siege {
    /// Octets of the page.
    static final int PAGE = 60_000;

    static final IpAddress CLIENT = IpAddress.parse("10.0.0.1");

    /// The memory of all queues of the server, in octets.
    static final long MEMORY = 8L << 20;

    private static final int ECHO = 40_000;
    private static final int CLIENTS = 4;
    private static final long TURN = 1_000_000L;
    private static final int BOTS = 0x0b00_0000; // 11.0.0.0/8
    private static final int SEGMENT = 1_460;

    /// What the attacker does in a turn.
    interface Attack {
        void turn(Siege siege, int turn);
    }

    /// A connection of the attacker's, kept by hand: it does what its owner says, and nothing of its own accord but
    /// finish the handshake.
    static final class Bot {
        final int address;
        final int port;
        int window = 65_535; // that its SYN and its handshake's ACK offer
        byte[] options = {2, 4, 5, (byte) 0xb4};
        int sndNxt; // its next number
        int rcvNxt; // behind all that the server has sent
        int answers; // segments of the server's
        int iss; // the server's
        int acked; // what the server has acknowledged
        int taken; // octets that it says it has taken
        byte @Nullable [] cookie; // of Fast Open, that the server gave
        boolean open;
        boolean finished; // the server has sent its FIN
        boolean reset;

        private Bot(int address, int port) {
            this.address = address;
            this.port = port;
        }
    }

    private record Answer(long bot, int seq, int ack, int flags, int length, byte @Nullable [] cookie) {}

    private final class Client {
        @Nullable
        Tcb tcb;

        int page;
        int sent;
        int echoed;

        void step(SplittableRandom random) {
            Tcp tcp = pair.client.tcp();
            Tcb at = tcb;
            if (at == null) {
                tcb = pair.connect(Pair.SERVER, 80);
                page = 0;
                sent = 0;
                echoed = 0;
                return;
            }
            int given;
            do {
                given = tcp.receive(at, this::check, 1 << 20);
            } while (given > 0);
            if (given == Tcp.NOT_OPEN) {
                throw new AssertionError("An honest client's connection broke: " + at.error());
            }
            if (page == PAGE && sent < ECHO) {
                int taken = tcp.send(
                        at,
                        (bytes, from, count) -> {
                            for (int i = 0; i < count; i++) {
                                bytes[from + i] = Pair.pattern(sent++);
                            }
                        },
                        ECHO - sent);
                if (taken < 0) {
                    throw new AssertionError("An honest client cannot send: " + at.error());
                }
            }
            if (echoed == ECHO) {
                tcp.close(at, pair.wire.now());
                tcb = null;
                conversations++;
            }
        }

        private void check(byte[] bytes, int from, int count) {
            for (int i = 0; i < count; i++) {
                byte expected = page < PAGE ? Pair.pattern(page++) : Pair.pattern(echoed++);
                if (bytes[from + i] != expected) {
                    throw new AssertionError("An honest client got a wrong octet");
                }
            }
        }
    }

    /// The service's side of a connection.
    private static final class Session {
        final Tcb tcb;
        int page;
        final byte[] back = new byte[16_384]; // to be echoed
        int backFrom;
        int backTo;
        boolean closed;

        Session(Tcb tcb) {
            this.tcb = tcb;
        }
    }

    final Pair pair;
    final Attacker attacker;
    final SplittableRandom random;
    final Map<Long, Bot> bots = new HashMap<>();
    private final TcpListener listener;
    private final List<Client> clients = new ArrayList<>();
    private final List<Session> sessions = new ArrayList<>();
    private final Deque<Answer> answers = new ArrayDeque<>();
    private final long mostFlows;
    private long attackPackets;
    private long answerPackets;
    private long mostMemory;
    private int conversations;
    private int nextBot;
    boolean serviceCloses; // after the page, whatever the other end does

    /// @param config the server's connections
    /// @param mostFlows flows, TIME-WAIT among them, that the server may have at any time
    Siege(SplittableRandom random, TcpConfig config, long mostFlows) {
        this.random = random;
        this.mostFlows = mostFlows;
        StackConfig stacks = StackConfig.DEFAULT.withTcpMemory(MEMORY).withTcp(config);
        pair = new Pair(stacks, 1_500, random.nextLong());
        pair.wire.checkEvery(97);
        pair.server.addRoute(
                IpAddress.Prefix.parse("0.0.0.0/0"), pair.server.interfaces().get(1));
        pair.wire.fault(this::capture);
        listener = pair.listen(80);
        attacker = new Attacker(pair.server);
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(new Client());
        }
    }

    // The wire

    /// What the server sends to the attacker goes no further.
    private long capture(Packet packet, int direction, SplittableRandom unused) {
        byte[] bytes = packet.bytes;
        int at = packet.start;
        if (direction == 0 || bytes[at] >>> 4 != 4 || Bytes.u8(bytes, at + 16) != BOTS >>> 24) {
            return 0;
        }
        answerPackets++;
        if (Bytes.u8(bytes, at + 9) == IpProtocol.TCP) {
            int tcp = at + Ipv4Header.MIN_LENGTH;
            int total = Bytes.u16(bytes, at + 2);
            int length = total - Ipv4Header.MIN_LENGTH - (Bytes.u8(bytes, tcp + TcpHeader.DATA_OFFSET) >>> 4 << 2);
            answers.add(new Answer(
                    key(Bytes.i32(bytes, at + 16), Bytes.u16(bytes, tcp + TcpHeader.DESTINATION_PORT)),
                    Bytes.i32(bytes, tcp + TcpHeader.SEQUENCE),
                    Bytes.i32(bytes, tcp + TcpHeader.ACKNOWLEDGMENT),
                    Bytes.u8(bytes, tcp + TcpHeader.FLAGS),
                    length,
                    cookie(bytes, tcp)));
        }
        return -1;
    }

    /// The eight octets of a Fast Open option in a SYN,ACK, or null.
    private static byte @Nullable [] cookie(byte[] bytes, int tcp) {
        int end = tcp + (Bytes.u8(bytes, tcp + TcpHeader.DATA_OFFSET) >>> 4 << 2);
        int at = tcp + TcpHeader.MIN_LENGTH;
        while ((Bytes.u8(bytes, tcp + TcpHeader.FLAGS) & TcpHeader.SYN) != 0 && at < end) {
            int kind = Bytes.u8(bytes, at);
            if (kind == TcpOptions.FAST_OPEN) {
                return Arrays.copyOfRange(bytes, at + 2, at + Bytes.u8(bytes, at + 1));
            }
            at += kind == TcpOptions.NOP ? 1 : Math.max(2, Bytes.u8(bytes, at + 1));
        }
        return null;
    }

    private static long key(int address, int port) {
        return (long) address << 16 | port;
    }

    private void hear() {
        for (Answer answer = answers.poll(); answer != null; answer = answers.poll()) {
            Bot bot = bots.get(answer.bot);
            if (bot == null) {
                continue;
            }
            bot.answers++;
            if ((answer.flags & TcpHeader.RST) != 0) {
                bot.reset = true;
                continue;
            }
            bot.acked = answer.ack;
            if ((answer.flags & TcpHeader.SYN) != 0) {
                bot.iss = answer.seq;
                bot.rcvNxt = answer.seq + 1;
                bot.open = true;
                bot.cookie = answer.cookie;
                send(bot, TcpHeader.ACK, bot.sndNxt, bot.rcvNxt, bot.window, new byte[0], 0);
                continue;
            }
            int end = answer.seq + answer.length + (answer.flags & TcpHeader.FIN);
            if (end - bot.rcvNxt > 0) {
                bot.rcvNxt = end;
            }
            bot.finished |= (answer.flags & TcpHeader.FIN) != 0;
        }
    }

    // What an attacker does

    /// Another address begins to connect.
    Bot bot(int window, byte... options) {
        Bot bot = new Bot(BOTS + 1 + nextBot % 0xff_0000, 1_024 + nextBot / 0xff_0000);
        nextBot++;
        bot.window = window;
        if (options.length > 0) {
            bot.options = options;
        }
        bot.sndNxt = random.nextInt();
        bots.put(key(bot.address, bot.port), bot);
        send(bot, TcpHeader.SYN, bot.sndNxt++, 0, window, bot.options, 0);
        return bot;
    }

    /// A SYN with data from a bot's address and another port, whose answer nobody hears.
    void silent(Bot bot, int port, byte[] options, int data) {
        attackPackets++;
        attacker.send(
                bot.address,
                port,
                Pair.SERVER,
                80,
                random.nextInt(),
                0,
                TcpHeader.SYN,
                65_535,
                options,
                data,
                pair.wire.now());
    }

    /// An ACK of all that the server has sent.
    void acknowledge(Bot bot, int window) {
        send(bot, TcpHeader.ACK, bot.sndNxt, bot.rcvNxt, window, new byte[0], 0);
    }

    void send(Bot bot, int flags, int seq, int ack, int window, byte[] options, int data) {
        attackPackets++;
        attacker.send(bot.address, bot.port, Pair.SERVER, 80, seq, ack, flags, window, options, data, pair.wire.now());
    }

    /// A segment that claims to come from an honest client.
    void forge(Tcb victim, int flags, int seq, int ack, int data) {
        attackPackets++;
        attacker.send(
                (int) CLIENT.lo(),
                victim.remotePort(),
                Pair.SERVER,
                80,
                seq,
                ack,
                flags,
                1_000,
                new byte[0],
                data,
                pair.wire.now());
    }

    /// Any packet.
    void raw(byte[] packet) {
        attackPackets++;
        attacker.raw(packet, pair.wire.now());
    }

    /// The connections between the server and honest clients, as the server sees them.
    List<Tcb> honest() {
        List<Tcb> found = new ArrayList<>();
        for (Session session : sessions) {
            if (session.tcb.remoteLo() == CLIENT.lo() && session.tcb.state() == TcpState.ESTABLISHED) {
                found.add(session.tcb);
            }
        }
        return found;
    }

    // The service

    private void serve() {
        Tcb accepted;
        while ((accepted = pair.server.tcp().accept(listener)) != null) {
            sessions.add(new Session(accepted));
        }
        for (Session session : sessions) {
            serve(session);
        }
        sessions.removeIf(session -> session.closed);
    }

    private void serve(Session session) {
        Tcp tcp = pair.server.tcp();
        Tcb tcb = session.tcb;
        if (tcb.error() != null || tcb.state() == TcpState.CLOSED) {
            tcp.close(tcb, pair.wire.now());
            session.closed = true;
            return;
        }
        if (session.page < PAGE) {
            tcp.send(
                    tcb,
                    (bytes, from, count) -> {
                        for (int i = 0; i < count; i++) {
                            bytes[from + i] = Pair.pattern(session.page++);
                        }
                    },
                    PAGE - session.page);
        }
        if (serviceCloses && session.page == PAGE && tcb.remoteLo() != CLIENT.lo()) {
            tcp.close(tcb, pair.wire.now());
            session.closed = true;
            return;
        }
        int given = 0;
        do {
            if (session.backFrom == session.backTo) {
                session.backFrom = 0;
                session.backTo = 0;
                given = tcp.receive(
                        tcb,
                        (bytes, from, count) -> {
                            System.arraycopy(bytes, from, session.back, session.backTo, count);
                            session.backTo += count;
                        },
                        session.back.length);
            }
            if (session.page == PAGE && session.backFrom < session.backTo) {
                tcp.send(
                        tcb,
                        (bytes, from, count) -> {
                            System.arraycopy(session.back, session.backFrom, bytes, from, count);
                            session.backFrom += count;
                        },
                        session.backTo - session.backFrom);
            }
        } while (given > 0 && session.backFrom == session.backTo);
        if (given == Tcp.END_OF_STREAM) {
            tcp.close(tcb, pair.wire.now());
            session.closed = true;
        }
    }

    // The whole

    /// So many turns of attack and service.
    ///
    /// @return conversations that honest clients completed
    int run(int turns, Attack attack) {
        int before = conversations;
        for (int turn = 0; turn < turns; turn++) {
            hear();
            attack.turn(this, turn);
            serve();
            for (Client client : clients) {
                client.step(random);
            }
            pair.wire.run(TURN);
            check();
        }
        return conversations - before;
    }

    private void check() {
        NetStack server = pair.server;
        long memory = server.tcp().memory();
        mostMemory = Math.max(mostMemory, memory);
        // Every connection may hold a little, whatever the others do: 16 KiB, in chunks that are not quite full.
        int flows = server.tcp().ports().flowCount();
        long bound = MEMORY + (1 << 20) + flows * 26_000L;
        if (memory > bound) {
            throw new AssertionError("Memory is " + memory + ", beyond " + bound);
        }
        if (flows > mostFlows) {
            throw new AssertionError(flows + " flows");
        }
        long buffers = server.buffersInUse() + attacker.held();
        if (buffers > 4_000 + memory / 64) {
            throw new AssertionError(buffers + " buffers for " + memory + " octets");
        }
    }

    /// Packets that the attacker has sent.
    long attackPackets() {
        return attackPackets;
    }

    /// Packets with which the server answered it.
    long answerPackets() {
        return answerPackets;
    }

    long mostMemory() {
        return mostMemory;
    }

    /// Connections that the service has, with honest clients and others.
    int sessions() {
        return sessions.size();
    }

    NetStack server() {
        return pair.server;
    }

    /// All end, and nothing may be left after `seconds` more.
    void end(int seconds) {
        for (Client client : clients) {
            Tcb tcb = client.tcb;
            if (tcb != null) {
                pair.client.tcp().abort(tcb, pair.wire.now());
            }
        }
        for (Session session : sessions) {
            pair.server.tcp().abort(session.tcb, pair.wire.now());
        }
        pair.unlisten(listener);
        pair.wire.run(seconds * Pair.SECOND);
        pair.assertNothingLeft();
        if (attacker.held() != 0) {
            throw new AssertionError("The server still holds " + attacker.held() + " of the attacker's buffers");
        }
        if (pair.server.tcp().memory() != 0) {
            throw new AssertionError(
                    "The server's queues still count " + pair.server.tcp().memory());
        }
    }

    /// The flow of a bot at the server, or null.
    @Nullable
    Flow flow(Bot bot) {
        IpAddress address = IpAddress.ofIpv4(bot.address);
        return pair.server
                .tcp()
                .ports()
                .lookup(Pair.SERVER.hi(), Pair.SERVER.lo(), 80, address.hi(), address.lo(), bot.port);
    }
}
