package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;

import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpFeatures;
import dev.berth.wire.IpAddress;
import java.util.List;
import java.util.function.Consumer;

/// One stack, whose user and whose remote end do what octets say. The first octet chooses the state to begin in, the
/// second and third the settings; what follows are steps.
///
/// Checked besides what [TcpScript] checks after every step (the codec verifies all that is sent): octets that are
/// delivered are those of the remote end's stream, in order; no RST answers a RST; memory stays below its bound.
final class ScriptProgram extends TcpScript {
    private static final int STEPS = 400;

    /// Octets that one connection with the buffers set here may cost, chunks counted whole.
    private static final long MEMORY = 1 << 20;

    /// The states to begin in: none, listening, and what follows.
    static final List<Consumer<ScriptProgram>> STATES = List.of(
            script -> {},
            TcpScript::listen,
            script -> {
                script.listen();
                script.receive(SYN.seq(0).mss(1_000).ws(3).sackPermitted().ts(5, 0));
            },
            TcpScript::open,
            script -> {
                script.open();
                script.receive(SYN.seq(0));
            },
            ScriptProgram::establish,
            script -> {
                script.establish();
                script.send(50_000);
                script.receive(ACK.seq(1).ack(1).sack(1_001, 3_001, 5_001, 6_001));
            },
            script -> {
                script.establish();
                script.receive(ACK.seq(1).ack(1).win(0));
                script.send(5_000);
                script.advance(300);
            },
            script -> {
                script.establish();
                script.close();
            },
            script -> {
                script.establish();
                script.shutdownOutput();
                script.receive(ACK.seq(1).ack(2));
            },
            script -> {
                script.establish();
                script.receive(FIN.seq(1).ack(1));
            },
            script -> {
                script.establish();
                script.close();
                script.receive(FIN.seq(1).ack(1));
            },
            script -> {
                script.establish();
                script.receive(FIN.seq(1).ack(1));
                script.close();
            },
            script -> {
                script.establish();
                script.close();
                script.receive(FIN.seq(1).ack(2));
            },
            script -> {
                script.listen();
                script.receive(SYN.seq(0).mss(1_000).ws(3).sackPermitted().ts(5, 0));
                script.receive(ACK.seq(1).ack(1).ts(6, 0));
                script.accept();
            });

    private final FuzzInput input;
    private long delivered;
    private int urgentSegments;

    private ScriptProgram(FuzzInput input) {
        this.input = input;
        ignoringRest();
        int settings = input.u8();
        int features = input.u8();
        TcpConfig.Congestion[] controls = TcpConfig.Congestion.values();
        TcpFeatures.Ecn[] ecn = TcpFeatures.Ecn.values();
        ipv6 = (settings & 0x80) != 0;
        config = config.withCongestion(controls[settings % controls.length])
                .withBuffers(1 << 16, 1 << 14)
                .withKeepAlive((settings & 4) != 0)
                .withNoDelay((settings & 8) != 0)
                .withUserTimeout((settings & 0x10) != 0 ? 20_000 : 0)
                .withFeatures(config.features()
                        .withEcn(ecn[features % ecn.length])
                        .withUrgentInline((features & 4) != 0)
                        .withFastOpen((features & 8) != 0, 4)
                        .withUserTimeoutOption((features & 0x10) != 0)
                        .withTuning(false, false));
    }

    /// Interprets `octets` to their end; throws if something that must hold does not.
    static void run(byte[] octets) {
        FuzzInput input = new FuzzInput(octets);
        Consumer<ScriptProgram> begin = STATES.get(input.u8() % STATES.size());
        ScriptProgram program = new ScriptProgram(input);
        begin.accept(program);
        program.ignoreSent();
        program.steps();
        program.finish();
    }

    private void establish() {
        open();
        receive(SYN.seq(0).ack(1).mss(1_000).ws(2).sackPermitted().ts(5, 0));
    }

    private void steps() {
        for (int step = 0; step < STEPS && input.hasMore(); step++) {
            switch (input.u8() % 8) {
                case 0 -> advance(input.u16() % (1L << 1 + input.u8() % 16));
                case 1 -> user();
                case 2 -> garbage();
                default -> inject(segment());
            }
            ignoreSent();
            long held = stack().tcp().memory();
            if (held > MEMORY) {
                throw new AssertionError(held + " octets of memory");
            }
        }
    }

    private void inject(Seg seg) {
        boolean reset = (seg.flags & RST.flags) != 0;
        if (tcb == null && (seg.flags & SYN.flags) != 0) {
            forgetIss();
        }
        urgentSegments += (seg.flags & 0x20) != 0 ? 1 : 0;
        receive(seg);
        for (Seg answer = pollSent(); answer != null; answer = pollSent()) {
            // RFC 9293 section 3.10.7.1: "An incoming segment containing a RST is discarded."
            if (reset && (answer.flags & RST.flags) != 0) {
                throw new AssertionError(answer + " answers " + seg);
            }
        }
    }

    private Seg segment() {
        Seg seg = List.of(SYN, ACK, ACK, ACK, FIN, RST, Seg.BARE).get(input.u8() % 7);
        seg = seg.seq(input.near(1)).win(input.u8() % 5 == 0 ? 0 : input.u16());
        if (input.u8() % 5 > 0) {
            int sent = tcb == null ? 1 : tcpInfo().sndNxt() - tcpInfo().iss();
            seg = seg.ack(input.u8() % 4 > 0 ? Math.floorMod(input.i32(), Math.max(1, sent) + 1) : input.near(sent));
        }
        int extras = input.u8();
        if ((extras & 1) == 0) {
            seg = seg.data(input.u16() % 1_400);
        }
        seg = switch (extras >> 1 & 7) {
            case 0, 1 -> {
                int left = input.near(1);
                yield seg.sack(left, left + input.u16() % 3_000, input.near(1), input.near(1));
            }
            case 2, 3 -> seg.ts(input.u8() % 100 - 20, input.u8() % 100);
            case 4 -> seg.mss(input.u16() % 1_500).ws(input.u8() % 20).sackPermitted();
            case 5 ->
                switch (extras >> 4 & 3) {
                    case 0 -> seg.fastOpen(input.take(input.u8() % 20));
                    case 1 -> seg.userTimeout(input.u16());
                    case 2 -> seg.ece();
                    default -> seg.cwr().ecn(input.u8() % 4);
                };
            default -> seg;
        };
        return (extras & 0xe0) == 0xe0 ? seg.urgent(input.u16() % 2_000) : seg;
    }

    private void garbage() {
        int kind = input.u8() % 4;
        // Octets of data that are changed and not found out would be a wrong stream, rightly.
        Seg seg = kind > 1 ? segment().data(0) : segment();
        byte[] bytes = new ScriptCodec().encode(seg, PEER, IpAddress.parse("10.0.0.1"), 80, 56_605, peerIss, 1_000);
        switch (kind) {
            case 0 -> bytes = input.take(input.u8());
            case 1 -> bytes = java.util.Arrays.copyOf(bytes, input.u16() % (bytes.length + 1));
            default -> {
                for (int i = input.u8() % 4; i >= 0; i--) {
                    bytes[input.u16() % bytes.length] ^= (byte) (1 << input.u8() % 8);
                }
            }
        }
        receiveRaw(bytes);
    }

    private void user() {
        if (tcb == null) {
            if (listener != null && listener.waiting() > 0) {
                accept();
            }
            return;
        }
        switch (input.u8() % 14) {
            case 0, 1, 2 -> trySend(1 + input.u16() % 20_000);
            case 3 -> shutdownOutput();
            case 4 -> configure(config.withNoDelay((input.u8() & 1) != 0).withKeepAlive((input.u8() & 1) != 0));
            case 5 -> receiveIcmp(3, input.u8() % 16, input.u16() % 1_600, input.near(1));
            case 6 -> close();
            case 7 -> shutdownInput();
            case 8 -> {
                if (input.oneIn(4)) {
                    abort();
                }
            }
            default -> take(1 + input.u16() % 10_000);
        }
    }

    /// RECEIVE; what comes has to be the remote end's stream, without the urgent octets that were taken out of it.
    private void take(int octets) {
        Tcb connection = tcb;
        assert connection != null;
        // The remote end may have begun anywhere: octet 0 follows its SYN.
        int begin = tcpInfo().irs() - peerIss;
        stack().tcp()
                .receive(
                        connection,
                        (bytes, from, count) -> {
                            for (int i = 0; i < count; i++) {
                                check(bytes[from + i], begin);
                            }
                        },
                        octets);
    }

    private void check(byte octet, int begin) {
        while (octet != Pair.pattern(begin + delivered++)) {
            if (--urgentSegments < 0) {
                throw new AssertionError("octet " + (delivered - 1) + " is wrong");
            }
        }
    }
}
