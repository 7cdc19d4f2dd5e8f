package dev.berth.testkit;

import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpFeatures;
import dev.berth.stack.tcp.TcpInfo;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Endpoint;
import dev.berth.wire.Packet;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;

/// Two stacks whose users, whose wire and an attacker on it do what octets say. The first three octets are settings;
/// what follows are steps.
///
/// Checked besides what [Pair] checks: what is delivered is a prefix of what was sent on the same connection, and all
/// of it if packets were lost, late or doubled but none was made up; memory stays below its bound; when the users do
/// nothing, the exchange of packets ends; and nothing is left at the end.
final class PairProgram {
    private static final int STEPS = 300;
    private static final int PORT = 80;
    private static final int CONNECTIONS = 6;
    private static final int REMEMBERED = 16;
    private static final long MEMORY = 1 << 18;

    /// What a queue may hold beyond its share: [StackConfig#tcpMemory] is what all together aim at.
    private static final long SLACK = CONNECTIONS * 2 * (1 << 17);

    /// Packets in a minute of two idle users: probes of closed windows and retransmissions, ever less of them.
    private static final long IDLE_PACKETS = 1_000;

    /// One end of a connection.
    private static final class End {
        final NetStack stack;
        final Tcb tcb;
        final int iss;
        long written;
        long delivered;
        boolean ended; // by the user

        End(NetStack stack, Tcb tcb) {
            this.stack = stack;
            this.tcb = tcb;
            iss = stack.tcp().info(tcb, 0).iss();
        }
    }

    private final FuzzInput input;
    private final TcpConfig config;
    private final Pair pair;
    private final TcpListener listener;
    private final BufferPool pool = new BufferPool();
    private final NetInterface[] nics;
    private final List<End> ends = new ArrayList<>();
    private final Deque<Integer> fates = new ArrayDeque<>();
    private final List<byte[]> seen = new ArrayList<>();
    private final List<Integer> seenFrom = new ArrayList<>();
    private boolean forged;

    private PairProgram(FuzzInput input) {
        this.input = input;
        int settings = input.u8();
        int features = input.u8();
        TcpConfig.Congestion[] controls = TcpConfig.Congestion.values();
        TcpFeatures.Ecn[] ecn = TcpFeatures.Ecn.values();
        config = TcpConfig.DEFAULT
                .withCongestion(controls[settings % controls.length])
                .withKeepAlive((settings & 4) != 0)
                .withNoDelay((settings & 8) != 0)
                .withBuffers(1 << 15 + (settings >> 4 & 1), 1 << 13 + (settings >> 5 & 3))
                .withFeatures(TcpFeatures.DEFAULT
                        .withEcn(ecn[features % ecn.length])
                        .withFastOpen((features & 4) != 0, 4)
                        .withUserTimeoutOption((features & 0x40) != 0)
                        .withTuning((features & 8) != 0, (features & 0x10) != 0))
                .withUserTimeout((features & 0x80) != 0 ? 30_000 : 0);
        // What both ends need not agree about, the server decides for itself.
        TcpConfig listening = config.withCongestion(controls[(settings + features) % controls.length])
                .withUserTimeout((features & 0xc0) == 0x40 ? 120_000 : 0)
                .withFeatures(config.features().withEcn(ecn[features / ecn.length % ecn.length]));
        StackConfig all = StackConfig.DEFAULT.withTcp(listening).withTcpMemory(MEMORY);
        pair = new Pair(all, (features & 0x20) != 0 ? 9_000 : 1_500, input.u8());
        nics = new NetInterface[] {
            pair.client.interfaces().get(1), pair.server.interfaces().get(1),
        };
        listener = pair.listen(PORT);
        pair.wire.fault(this::fate);
        if ((settings & 0x80) == 0) {
            connect();
            pair.wire.run(10_000_000L);
            accept();
        }
    }

    /// Interprets `octets` to their end; throws if something that must hold does not.
    static void run(byte[] octets) {
        PairProgram program = new PairProgram(new FuzzInput(octets));
        program.steps();
        program.end();
    }

    private NetStack stack(int side) {
        return side == 0 ? pair.client : pair.server;
    }

    private void steps() {
        for (int step = 0; step < STEPS && input.hasMore(); step++) {
            switch (input.u8() % 16) {
                case 0 -> connect();
                case 1, 2 -> pair.wire.run(1_000L * input.u16() * (1 + (input.u8() & 15)));
                case 3 -> pair.wire.run(1_000_000L * input.u16() >> (input.u8() & 7));
                case 4, 5 -> send();
                case 6, 7 -> receive();
                case 8 -> finish();
                case 9, 10 -> addFates();
                case 11 -> repeat();
                case 12, 13 -> forge();
                case 14 -> icmp();
                default -> damage();
            }
            check();
        }
    }

    private void check() {
        accept();
        pair.wire.pump();
        for (int side = 0; side < 2; side++) {
            long held = stack(side).tcp().memory();
            if (held > MEMORY + SLACK) {
                throw new AssertionError(held + " octets of memory");
            }
        }
    }

    // The users

    private void connect() {
        if (ends.size() >= 2 * CONNECTIONS) {
            return;
        }
        int how = input.u8();
        Endpoint to = new Endpoint((how & 1) == 0 ? Pair.SERVER : Pair.SERVER6, PORT);
        try {
            Tcb tcb = pair.client.connect(to, null, config, null, pair.wire.now());
            if (tcb != null) {
                End end = new End(pair.client, tcb);
                ends.add(end);
                if ((how & 2) != 0) {
                    send(end, how); // with Fast Open, on the SYN
                }
            }
        } catch (PortUnavailableException e) {
            throw new AssertionError("of so few connections", e);
        }
    }

    private void accept() {
        while (listener.waiting() > 0) {
            Tcb tcb = pair.server.tcp().accept(listener);
            if (tcb != null) {
                ends.add(new End(pair.server, tcb));
            }
        }
    }

    private void send() {
        int which = input.u8();
        int length = 1 + input.u16() % 30_000;
        if (ends.isEmpty()) {
            return;
        }
        send(ends.get(which % ends.size()), length);
    }

    private static void send(End end, int length) {
        end.stack
                .tcp()
                .send(
                        end.tcb,
                        (bytes, at, count) -> {
                            for (int i = 0; i < count; i++) {
                                bytes[at + i] = Pair.pattern(end.written++);
                            }
                        },
                        length);
    }

    private void receive() {
        int which = input.u8();
        int most = 1 + input.u16();
        if (!ends.isEmpty()) {
            receive(ends.get(which % ends.size()), most);
        }
    }

    private int receive(End end, int most) {
        End other = otherEnd(end);
        return end.stack
                .tcp()
                .receive(
                        end.tcb,
                        (bytes, from, count) -> {
                            for (int i = 0; other != null && i < count; i++) {
                                if (bytes[from + i] != Pair.pattern(end.delivered + i)) {
                                    throw new AssertionError("octet " + (end.delivered + i) + " is wrong");
                                }
                            }
                            end.delivered += count;
                            if (other != null && end.delivered > other.written) {
                                throw new AssertionError(end.delivered + " of " + other.written + " octets");
                            }
                        },
                        most);
    }

    /// The end that sends what `end` receives; null if its stream was begun by somebody else, with a SYN made up.
    private End otherEnd(End end) {
        int irs = end.stack.tcp().info(end.tcb, 0).irs();
        for (End other : ends) {
            if (other.stack != end.stack
                    && other.iss == irs
                    && other.tcb.localPort() == end.tcb.remotePort()
                    && other.tcb.remotePort() == end.tcb.localPort()) {
                return other;
            }
        }
        return null;
    }

    private void finish() {
        int which = input.u8();
        int how = input.u8();
        if (ends.isEmpty()) {
            return;
        }
        End end = ends.get(which % ends.size());
        switch (how % 8) {
            case 0 -> {
                end.ended = true;
                end.stack.tcp().close(end.tcb, pair.wire.now());
            }
            case 1 -> {
                end.ended = true;
                end.stack.tcp().abort(end.tcb, pair.wire.now());
            }
            case 2 -> {
                end.ended = true;
                end.stack.tcp().shutdownInput(end.tcb);
            }
            case 3 -> {
                TcpConfig.Congestion[] controls = TcpConfig.Congestion.values();
                TcpConfig other = config.withNoDelay((how & 8) != 0)
                        .withCongestion(controls[how / 16 % controls.length])
                        .withUserTimeout((how & 0x80) != 0 ? 60_000 : 0);
                end.stack.tcp().configure(end.tcb, other, pair.wire.now());
            }
            default -> end.stack.tcp().shutdownOutput(end.tcb);
        }
    }

    // The wire

    private void addFates() {
        for (int i = input.u8() % 16; i >= 0 && fates.size() < 64; i--) {
            fates.add(input.u8());
        }
    }

    private long fate(Packet packet, int direction, SplittableRandom random) {
        packet.completeChecksum();
        byte[] copy = new byte[packet.length()];
        packet.copyTo(copy, 0);
        if (seen.size() == REMEMBERED) {
            seen.removeFirst();
            seenFrom.removeFirst();
        }
        seen.add(copy);
        seenFrom.add(direction);
        Integer fate = fates.poll();
        if (fate == null || fate < 0x80) {
            return 0;
        }
        return fate < 0xc0 ? -1 : (fate & 0x3f) * 500_000L;
    }

    private void inject(int side, byte[] bytes) {
        Packet packet = pool.takePacket(Math.max(1, bytes.length));
        System.arraycopy(bytes, 0, packet.bytes, 0, bytes.length);
        packet.end = bytes.length;
        stack(side).receive(nics[side], packet, pair.wire.now());
    }

    /// A packet seen before comes once more.
    private void repeat() {
        int which = input.u8();
        if (!seen.isEmpty()) {
            inject(1 - seenFrom.get(which % seen.size()), seen.get(which % seen.size()));
        }
    }

    /// A packet seen before comes with some bits changed, which its checksum tells; or cut short.
    private void damage() {
        int which = input.u8();
        int how = input.u16();
        if (seen.isEmpty()) {
            return;
        }
        byte[] copy = seen.get(which % seen.size()).clone();
        if ((how & 1) == 0) {
            copy[(how >> 4) % copy.length] ^= (byte) (1 << (how >> 1 & 7));
        } else {
            copy = java.util.Arrays.copyOf(copy, (how >> 1) % copy.length);
        }
        // The IPv4 checksum does not cover the data and TCP's not the rest, and IPv6 has fields nobody protects.
        forged = true;
        inject(1 - seenFrom.get(which % seenFrom.size()), copy);
    }

    /// A segment without data that somebody on the path made up, after one that was seen.
    private void forge() {
        int which = input.u8();
        int what = input.u8();
        if (seen.isEmpty()) {
            return;
        }
        int side = 1 - seenFrom.get(which % seen.size());
        if (ForgedPacket.isTcp(seen.get(which % seen.size()))) {
            forged = true;
            inject(
                    (what & 0x80) != 0 ? 1 - side : side,
                    ForgedPacket.segment(seen.get(which % seen.size()), what, input));
        }
    }

    private void icmp() {
        int which = input.u8();
        if (seen.isEmpty()) {
            return;
        }
        forged = true;
        inject(seenFrom.get(which % seen.size()), ForgedPacket.icmp(seen.get(which % seen.size()), input));
    }

    // The end

    private void end() {
        fates.clear();
        pair.wire.heal();
        pair.wire.run(60 * Pair.SECOND);
        long before = pair.wire.carried();
        pair.wire.run(60 * Pair.SECOND);
        if (pair.wire.carried() - before > IDLE_PACKETS) {
            throw new AssertionError((pair.wire.carried() - before) + " packets in an idle minute");
        }
        for (int round = 0; round < 40; round++) {
            accept();
            for (End end : ends) {
                int given;
                do {
                    given = receive(end, 1 << 16);
                } while (given > 0);
            }
            pair.wire.run(10 * Pair.SECOND);
        }
        if (!forged) {
            ends.forEach(this::checkComplete);
        }
        for (End end : ends) {
            end.stack.tcp().abort(end.tcb, pair.wire.now());
        }
        pair.unlisten(listener);
        pair.wire.run(700 * Pair.SECOND);
        pair.assertNothingLeft();
        if (pool.outstanding() != 0) {
            throw new AssertionError("Left of the attacker: " + pool.outstanding() + " packets");
        }
    }

    private void checkComplete(End end) {
        End other = otherEnd(end);
        if (other == null || end.ended || other.ended || end.tcb.error() != null || other.tcb.error() != null) {
            return;
        }
        if (end.delivered != other.written) {
            TcpInfo from = other.stack.tcp().info(other.tcb, 0);
            throw new AssertionError(end.delivered + " of " + other.written + " octets were delivered; " + from + "; "
                    + end.stack.tcp().info(end.tcb, 0));
        }
    }
}
