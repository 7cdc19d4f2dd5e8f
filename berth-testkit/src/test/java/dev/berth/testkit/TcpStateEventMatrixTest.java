package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.BARE;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.berth.check.Requirement;
import dev.berth.wire.TcpHeader;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/// Every kind of segment in every state, in the window, at its edges and outside, over IPv4 and IPv6: the answer and
/// the next state of RFC 9293 section 3.10.7, with the checks of RFC 5961.
///
/// A cell is the answer, and behind `>` the next state where it is another one:
///
/// - `.` nothing;
/// - `A` `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`, for what was not acceptable, a challenge, or what is beyond a hole;
/// - `a` the same after RCV.NXT has moved over all of the segment;
/// - `R` `<SEQ=SEG.ACK><CTL=RST>`;
/// - `r` `<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>`;
/// - `S` `<SEQ=ISS><ACK=SEG.SEQ+1><CTL=SYN,ACK>`.
///
/// In the names of events N is RCV.NXT, E the first number beyond the receive window (of 10,000 octets), U SND.UNA and
/// X SND.NXT. So ACK X acknowledges everything, a FIN of ours included, and ACK U nothing new. In CLOSED and LISTEN
/// the numbers are those of a connection that was there before. The columns are CLOSED, LISTEN, SYN-SENT, SYN-RECEIVED
/// after a passive and after an active OPEN, ESTABLISHED, FIN-WAIT-1 and -2, CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT.
class TcpStateEventMatrixTest {
    private static final int WINDOW = 10_000;
    private static final int EDGE = 1 + WINDOW;

    // Where the RFC leaves a choice, or Berth deviates:
    //  - SYN-RECEIVED, SYN again: section 3.10.7.4 would answer with an ACK; the SYN,ACK that was lost says more.
    //  - SYN-RECEIVED by a passive OPEN, a SYN in the window: section 3.10.7.4 returns to LISTEN; here it is challenged
    //    as in the synchronized states, so that a made-up SYN ends no handshake.
    //  - TIME-WAIT: what is acceptable and needs no acknowledgment gets none, a RST that is not exact neither.
    private static final String TABLE = """
            event           | CL    LI    SS    SRP   SRA   ES    F1    F2    CW    CG    LA    TW
            SYN N           | r     S>SR  S>SR  A     A     A     A     A     A     A     A     A
            SYN again       | r     S>SR  S>SR  S     S     A     A     A     A     A     A     A
            SYN E           | r     S>SR  S>SR  A     A     A     A     A     A     A     A     A
            SYN,ACK X       | R     R     A>ES  A     A     A     A     A     A     A     A     A
            SYN,ACK X+1     | R     R     R     A     A     A     A     A     A     A     A     A
            ACK N X         | R     R     .     .>ES  .>ES  .     .>F2  .     .     .>TW  .>CL  .
            ACK N U         | R     R     R     R     R     .     .     .     .     .     .     .
            ACK N X+1       | R     R     R     R     R     A     A     A     A     A     A     .
            ACK N far below U| R     R     R     R     R     A     A     A     A     A     A     .
            ACK N-1 X       | R     R     .     A     A     A     A     A     A     A     A     A
            ACK E-1 X       | R     R     .     .>ES  .>ES  .     .>F2  .     .     .>TW  .>CL  A
            ACK E X         | R     R     .     A     A     A     A     A     A     A     A     A
            data N X        | R     R     .     a>ES  a>ES  a     a>F2  a     .     .>TW  .>CL  A
            data N X+1      | R     R     R     R     R     A     A     A     A     A     A     A
            data N-10 X     | R     R     .     A     A     A     A     A     A     A     A     A
            data E-1 X      | R     R     .     A>ES  A>ES  A     A>F2  A     .     .>TW  .>CL  A
            data E X        | R     R     .     A     A     A     A     A     A     A     A     A
            data N, no ACK  | r     .     .     .     .     .     .     .     .     .     .     .
            URG data N X    | R     R     .     a>ES  a>ES  a     a>F2  a     .     .>TW  .>CL  A
            URG data E X    | R     R     .     A     A     A     A     A     A     A     A     A
            FIN N U         | R     R     R     R     R     a>CW  a>CG  a>TW  .     .     .     A
            FIN N X         | R     R     .     a>CW  a>CW  a>CW  a>TW  a>TW  .     .>TW  .>CL  A
            FIN N X+1       | R     R     R     R     R     A     A     A     A     A     A     A
            FIN again X     | R     R     .     A     A     A     A     A     A     A     A     A
            FIN N+10 X      | R     R     .     A>ES  A>ES  A     A>F2  A     A     .>TW  .>CL  A
            FIN E X         | R     R     .     A     A     A     A     A     A     A     A     A
            RST N           | .     .     .     .>CL  .>CL  .>CL  .>CL  .>CL  .>CL  .>CL  .>CL  .>CL
            RST,ACK N X     | .     .     .>CL  .>CL  .>CL  .>CL  .>CL  .>CL  .>CL  .>CL  .>CL  .>CL
            RST,ACK N X+1   | .     .     .     .>CL  .>CL  .>CL  .>CL  .>CL  .>CL  .>CL  .>CL  .>CL
            RST N+1         | .     .     .     A     A     A     A     A     A     A     A     .
            RST E-1         | .     .     .     A     A     A     A     A     A     A     A     .
            RST E           | .     .     .     .     .     .     .     .     .     .     .     .
            RST N-1         | .     .     .     .     .     .     .     .     .     .     .     .
            no flags N      | r     .     .     .     .     .     .     .     .     .     .     .
            """;

    /// One cell: a connection that is brought into a state, and a segment that arrives there.
    private static final class Cell extends TcpScript {
        private int rcvNxt = 1;
        private int sndUna = 1;
        private int sndNxt = 1;

        Cell(boolean v6) {
            ipv6 = v6;
            config = config.withBuffers(WINDOW, WINDOW);
        }

        void enter(String state) {
            switch (state) {
                case "CL" -> {}
                case "LI" -> listen();
                case "SS" -> {
                    open();
                    sent(SYN.seq(ISS));
                    sndUna = 0;
                }
                case "SRP" -> {
                    listen();
                    receive(SYN.seq(IRS));
                    sent(SYN.seq(ISS).ack(1));
                    sndUna = 0;
                }
                case "SRA" -> {
                    open();
                    sent(SYN.seq(ISS));
                    receive(SYN.seq(IRS));
                    sent(SYN.seq(ISS).ack(1));
                    sndUna = 0;
                }
                case "ES" -> connected();
                case "F1" -> finWait1();
                case "F2" -> {
                    finWait1();
                    receive(ACK.seq(1).ack(2));
                    sndUna = 2;
                }
                case "CW" -> closeWait();
                case "CG" -> {
                    finWait1();
                    theirFin(1);
                }
                case "LA" -> {
                    closeWait();
                    ourFin();
                }
                case "TW" -> {
                    finWait1();
                    theirFin(2);
                    sndUna = 2;
                }
                default -> throw new AssertionError(state);
            }
            sentNothing();
            assertThat(state()).isEqualTo(flowState(state));
        }

        private void finWait1() {
            connected();
            ourFin();
        }

        private void closeWait() {
            connected();
            theirFin(1);
        }

        private void ourFin() {
            shutdownOutput();
            sent(FIN.seq(1).ack(rcvNxt));
            sndNxt = 2;
        }

        private void theirFin(int ack) {
            receive(FIN.seq(1).ack(ack));
            sent(ACK.seq(sndNxt).ack(2));
            rcvNxt = 2;
        }

        Seg event(String name) {
            int n = rcvNxt;
            int x = sndNxt;
            return switch (name) {
                case "SYN N" -> SYN.seq(n);
                case "SYN again" -> SYN.seq(IRS);
                case "SYN E" -> SYN.seq(EDGE);
                case "SYN,ACK X" -> SYN.seq(IRS).ack(x);
                case "SYN,ACK X+1" -> SYN.seq(IRS).ack(x + 1);
                case "ACK N X" -> ACK.seq(n).ack(x);
                case "ACK N U" -> ACK.seq(n).ack(sndUna);
                case "ACK N X+1" -> ACK.seq(n).ack(x + 1);
                case "ACK N far below U" -> ACK.seq(n).ack(sndUna - 65_536);
                case "ACK N-1 X" -> ACK.seq(n - 1).ack(x);
                case "ACK E-1 X" -> ACK.seq(EDGE - 1).ack(x);
                case "ACK E X" -> ACK.seq(EDGE).ack(x);
                case "data N X" -> ACK.seq(n).ack(x).data(10);
                case "data N X+1" -> ACK.seq(n).ack(x + 1).data(10);
                case "data N-10 X" -> ACK.seq(n - 10).ack(x).data(10);
                case "data E-1 X" -> ACK.seq(EDGE - 1).ack(x).data(1);
                case "data E X" -> ACK.seq(EDGE).ack(x).data(1);
                case "data N, no ACK" -> BARE.seq(n).data(10);
                case "URG data N X" -> ACK.seq(n).ack(x).data(10).urgent(5);
                case "URG data E X" -> ACK.seq(EDGE).ack(x).data(10).urgent(5);
                case "FIN N U" -> FIN.seq(n).ack(sndUna);
                case "FIN N X" -> FIN.seq(n).ack(x);
                case "FIN N X+1" -> FIN.seq(n).ack(x + 1);
                case "FIN again X" -> FIN.seq(n - 1).ack(x);
                case "FIN N+10 X" -> FIN.seq(n + 10).ack(x);
                case "FIN E X" -> FIN.seq(EDGE).ack(x);
                case "RST N" -> RST.seq(n);
                case "RST,ACK N X" -> RST.seq(n).ack(x);
                case "RST,ACK N X+1" -> RST.seq(n).ack(x + 1);
                case "RST N+1" -> RST.seq(n + 1);
                case "RST E-1" -> RST.seq(EDGE - 1);
                case "RST E" -> RST.seq(EDGE);
                case "RST N-1" -> RST.seq(n - 1);
                case "no flags N" -> BARE.seq(n);
                default -> throw new AssertionError(name);
            };
        }

        void check(String event, String cell, String state) {
            Seg seg = event(event);
            receive(seg);
            int seq = seg.seq == null ? 0 : seg.seq;
            int length = seg.data + (seg.flags & TcpHeader.FIN) + ((seg.flags & TcpHeader.SYN) == 0 ? 0 : 1);
            switch (cell.charAt(0)) {
                case '.' -> sentNothing();
                case 'A' -> sent(ACK.seq(sndNxt).ack(rcvNxt).data(0));
                case 'a' -> sent(ACK.seq(sndNxt).ack(rcvNxt + length));
                case 'R' -> sent(seg.ack == null ? RST : RST.seq(seg.ack));
                case 'r' -> sent(RST.rawSeq(0).ack(seq + length));
                case 'S' -> sent(SYN.seq(ISS).ack(seq + 1));
                default -> throw new AssertionError(cell);
            }
            sentNothing();
            int arrow = cell.indexOf('>');
            assertThat(state()).isEqualTo(flowState(arrow < 0 ? state : cell.substring(arrow + 1)));
            if (tcb != null) {
                assertThat(tcpInfo().unread()).isEqualTo(cell.charAt(0) == 'a' ? seg.data : 0);
            }
        }

        /// The state of the only flow, as snapshots show it.
        private String state() {
            @Nullable String[] found = {null};
            stack().tcp().ports().visitFlows(flow -> {
                found[0] = flow.stateName();
                return true;
            });
            return found[0] == null ? "none" : found[0];
        }

        private static String flowState(String column) {
            return switch (column) {
                case "CL", "LI" -> "none";
                case "SS" -> "SYN-SENT";
                case "SR", "SRP", "SRA" -> "SYN-RECEIVED";
                case "ES" -> "ESTABLISHED";
                case "F1" -> "FIN-WAIT-1";
                case "F2" -> "FIN-WAIT-2";
                case "CW" -> "CLOSE-WAIT";
                case "CG" -> "CLOSING";
                case "LA" -> "LAST-ACK";
                case "TW" -> "TIME-WAIT";
                default -> throw new AssertionError(column);
            };
        }
    }

    @TestFactory
    @Requirement("1122-080")
    @Requirement("SM-1")
    @Requirement("SM-2")
    @Requirement("SM-3")
    @Requirement("SM-4")
    @Requirement("SM-6")
    @Requirement("SM-7")
    @Requirement("SM-8")
    @Requirement("SM-9")
    @Requirement("SM-10")
    @Requirement("SM-12")
    @Requirement("SM-13")
    @Requirement("SM-15")
    @Requirement("SM-16")
    @Requirement("SM-17")
    @Requirement("SM-19")
    @Requirement("SM-26")
    List<DynamicNode> every_segment_in_every_state_over_ipv4() {
        return matrix(false);
    }

    @TestFactory
    @Requirement("1122-080")
    @Requirement("SM-1")
    @Requirement("SM-2")
    @Requirement("SM-3")
    @Requirement("SM-4")
    @Requirement("SM-6")
    @Requirement("SM-7")
    @Requirement("SM-8")
    @Requirement("SM-9")
    @Requirement("SM-10")
    @Requirement("SM-12")
    @Requirement("SM-13")
    @Requirement("SM-15")
    @Requirement("SM-16")
    @Requirement("SM-17")
    @Requirement("SM-19")
    @Requirement("SM-26")
    List<DynamicNode> every_segment_in_every_state_over_ipv6() {
        return matrix(true);
    }

    private static List<DynamicNode> matrix(boolean v6) {
        List<String[]> rows = new ArrayList<>();
        for (String line : TABLE.lines().toList()) {
            int bar = line.indexOf('|');
            String event = line.substring(0, bar).trim().replace(' ', '_');
            rows.add((event + " " + line.substring(bar + 1).trim()).split(" +"));
        }
        String[] head = rows.getFirst();
        List<DynamicNode> states = new ArrayList<>();
        for (int column = 1; column < head.length; column++) {
            List<DynamicNode> cells = new ArrayList<>();
            String state = head[column];
            for (String[] row : rows.subList(1, rows.size())) {
                assertThat(row).as(row[0]).hasSameSizeAs(head);
                String event = row[0].replace('_', ' ');
                String expected = row[column];
                cells.add(dynamicTest(event + ": " + expected, () -> {
                    Cell cell = new Cell(v6);
                    cell.enter(state);
                    cell.check(event, expected, state);
                    cell.ignoringRest();
                    cell.finish();
                }));
            }
            states.add(dynamicContainer(state, cells));
        }
        return states;
    }
}
