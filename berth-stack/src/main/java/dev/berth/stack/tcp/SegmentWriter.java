package dev.berth.stack.tcp;

import dev.berth.ports.Flow;
import dev.berth.stack.ip.IpOutput;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.ip.PathMtu;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.TcpOptions;
import org.jspecify.annotations.Nullable;

/// Writes segments: the only place where a TCP header is made (RFC 9293 section 3.1). What to send, and when, is
/// decided by its callers.
final class SegmentWriter {
    /// Octets of the timestamps option with its padding.
    static final int TIMESTAMPS_LENGTH = 12;

    private static final int NOP_NOP = TcpOptions.NOP << 8 | TcpOptions.NOP;

    private final IpOutput output;
    private final BufferPool pool;
    private final MemoryBudget budget;
    private final int[] sackLefts = new int[TcpOptions.MAX_SACK_BLOCKS];
    private final int[] sackRights = new int[TcpOptions.MAX_SACK_BLOCKS];
    private long segmentsSent;

    // What the next SYN is to bring besides
    private int fastOpenLength = -1;
    private long fastOpenHi;
    private long fastOpenLo;
    private int synData;

    SegmentWriter(IpOutput output, BufferPool pool, MemoryBudget budget) {
        this.output = output;
        this.pool = pool;
        this.budget = budget;
    }

    long segmentsSent() {
        return segmentsSent;
    }

    /// Sends a segment of an existing connection, with the acknowledgment and the window it has now.
    ///
    /// @param flags control bits besides ACK, which is always set
    /// @param length payload octets from `seq` on in the send queue, 0 for none
    /// @param segmentSize payload octets per segment if the device is to cut it, otherwise 0
    void send(Tcb tcb, int seq, int flags, int length, int segmentSize, long now) {
        Packet packet = pool.takePacket();
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        int end = at + TcpHeader.MIN_LENGTH;
        if (tcb.has(Tcb.TIMESTAMPS)) {
            end = timestamps(bytes, end, tcb.shiftedTimestamp(now), tcb.tsRecent);
        }
        if (length == 0 && tcb.extras != null && tcb.extras.userTimeoutDue) {
            tcb.extras.userTimeoutDue = false;
            end = userTimeout(bytes, end, tcb.config);
        }
        OutOfOrderQueue holes = tcb.outOfOrder;
        boolean untold = false;
        if ((holes != null || tcb.has(Tcb.DUPLICATES)) && tcb.has(Tcb.SACK_PERMITTED)) {
            // RFC 9293 section 3.7.1, MUST-16: options take their room from the data of a segment. Data go first.
            int room = at + TcpHeader.MAX_LENGTH - end;
            if (length > 0) {
                room = segmentSize > 0 ? 0 : Math.min(room, tcb.effectiveMss - length);
            }
            int before = end;
            end = sack(bytes, end, tcb, room);
            untold = end == before;
        }
        packet.end = end;
        int control = flags | TcpHeader.ACK | (tcb.has(Tcb.ECN_ECHO) ? TcpHeader.ECE : 0);
        int trafficClass = tcb.config.trafficClass() & ~Ecn.CE;
        if (Ecn.isCapable(tcb, seq, length)) {
            trafficClass |= Ecn.ECT_0;
            control |= tcb.has(Tcb.ECN_CWR) ? TcpHeader.CWR : 0;
            tcb.flags &= ~Tcb.ECN_CWR;
        }
        header(bytes, at, tcb, seq, tcb.rcvNxt, control, window(tcb), end - at);
        if (tcb.extras != null) {
            int pointer = Urgent.pointer(tcb, seq);
            if (pointer > 0) {
                Bytes.put8(bytes, at + TcpHeader.FLAGS, control | TcpHeader.URG);
                Bytes.put16(bytes, at + TcpHeader.URGENT_POINTER, pointer);
            }
        }
        if (length > 0) {
            SendQueue queue = tcb.sendQueue;
            assert queue != null;
            queue.payload(packet, seq, length);
        }
        packet.segmentSize = segmentSize;
        Tally.sent(tcb, length, segmentSize);
        tcb.lastAckSent = tcb.rcvNxt;
        if (length > 0 && tcb.has(Tcb.ANSWERABLE)) {
            tcb.flags |= Tcb.PING_PONG;
            tcb.flags &= ~Tcb.ANSWERABLE;
        }
        tcb.flags &= ~Tcb.PUSHED;
        // Where the SACK blocks had no room, an ACK of its own still has to bring them.
        tcb.pending &= untold && length > 0 ? ~Tcb.ACK_DELAYED : ~(Tcb.ACK_NOW | Tcb.ACK_DELAYED);
        Tcb.Deadlines deadlines = tcb.deadlines;
        if (deadlines != null) {
            deadlines.delayedAck = Tcb.Deadlines.NONE;
        }
        if (length > 0) {
            tcb.lastSent = CoarseTime.millis(now);
        }
        transmit(packet, tcb, trafficClass, tcb.config.timeToLive(), now);
    }

    /// Sends an acknowledgment without data.
    void sendAck(Tcb tcb, long now) {
        send(tcb, acceptableSeq(tcb), 0, 0, 0, now);
    }

    /// `SND.NXT`, unless octets were sent beyond the window (a probe, a FIN, or the window has shrunk since). The
    /// other end does not find a segment acceptable that begins beyond its window (RFC 9293 section 3.10.7.4), and
    /// would not see what it acknowledges either: two ends that probe each other's closed windows would never hear of
    /// them being opened.
    private static int acceptableSeq(Tcb tcb) {
        return tcb.state == TcpState.SYN_RECEIVED ? tcb.sndNxt : SeqNum.min(tcb.sndNxt, tcb.sndUna + tcb.sndWnd);
    }

    /// The window field for what the user can still be given, and `RCV.ADV` moved accordingly.
    private int window(Tcb tcb) {
        int adv = advertise(tcb);
        int wnd = adv - tcb.rcvNxt >> tcb.rcvWindShift;
        int field = Math.min(wnd, 65_535);
        // RFC 9293 section 3.8.6, SHLD-14: the right edge never moves to the left.
        tcb.rcvAdv = SeqNum.max(tcb.rcvAdv, tcb.rcvNxt + (field << tcb.rcvWindShift));
        return field;
    }

    /// The right edge to advertise: RFC 9293 section 3.8.6.2.2, "the receiver ... avoids advancing the right window
    /// edge RCV.NXT+RCV.WND in small increments".
    int advertise(Tcb tcb) {
        int buffer = budget.bound(tcb.receiveBuffer());
        int free = Math.max(0, buffer - tcb.available());
        free = Math.min(free, 65_535 << tcb.rcvWindShift); // more cannot be said
        int edge = tcb.rcvNxt + free;
        int gain = edge - tcb.rcvAdv;
        int worthwhile = Math.min(buffer / 2, tcb.effectiveMss);
        return gain >= worthwhile ? edge : tcb.rcvAdv;
    }

    private int sack(byte[] bytes, int at, Tcb tcb, int room) {
        if (room < 12) {
            return at;
        }
        int most = (room - 4) / 8;
        OutOfOrderQueue holes = tcb.outOfOrder;
        int blocks = holes == null ? 0 : holes.blocks(sackLefts, sackRights, most);
        if (tcb.has(Tcb.DUPLICATES)) {
            // RFC 2883 section 4: "A D-SACK block is only used to report a duplicate contiguous sequence of data
            // received by the receiver in the most recent packet"; it comes first, and "each duplicate contiguous
            // sequence of data received is reported in at most one D-SACK block".
            tcb.flags &= ~Tcb.DUPLICATES;
            blocks = Math.min(blocks + 1, most);
            System.arraycopy(sackLefts, 0, sackLefts, 1, blocks - 1);
            System.arraycopy(sackRights, 0, sackRights, 1, blocks - 1);
            TcbExtras extras = tcb.extras();
            sackLefts[0] = extras.duplicateLeft;
            sackRights[0] = extras.duplicateRight;
        }
        if (blocks == 0) {
            return at;
        }
        Bytes.put32(bytes, at, NOP_NOP << 16 | TcpOptions.SACK << 8 | 2 + 8 * blocks);
        int end = at + 4;
        for (int i = 0; i < blocks; i++) {
            Bytes.put32(bytes, end, sackLefts[i]);
            Bytes.put32(bytes, end + 4, sackRights[i]);
            end += 8;
        }
        return end;
    }

    private static int userTimeout(byte[] bytes, int at, TcpConfig config) {
        Bytes.put32(bytes, at, TcpOptions.USER_TIMEOUT << 24 | 4 << 16 | UserTimeout.advertised(config));
        return at + 4;
    }

    private static int timestamps(byte[] bytes, int at, int value, int echo) {
        Bytes.put32(bytes, at, NOP_NOP << 16 | TcpOptions.TIMESTAMPS << 8 | 10);
        Bytes.put32(bytes, at + 4, value);
        Bytes.put32(bytes, at + 8, echo);
        return at + TIMESTAMPS_LENGTH;
    }

    /// The next SYN brings a Fast Open option (RFC 7413 section 2) with a cookie of `length` octets, 0 to ask for
    /// one, and so many octets of data.
    void fastOpen(int length, long hi, long lo, int data) {
        fastOpenLength = length;
        fastOpenHi = hi;
        fastOpenLo = lo;
        synData = data;
    }

    private int fastOpenOption(byte[] bytes, int at) {
        int length = 2 + fastOpenLength;
        Bytes.put32(bytes, at, NOP_NOP << 16 | NOP_NOP);
        int end = at + (length + 3 & ~3);
        Bytes.put32(bytes, end - 4, NOP_NOP << 16 | NOP_NOP); // padding
        Bytes.put16(bytes, at, TcpOptions.FAST_OPEN << 8 | length);
        for (int i = 0; i < fastOpenLength; i++) {
            long octet = i < 8 ? fastOpenHi >>> 56 - 8 * i : fastOpenLo >>> 120 - 8 * i;
            Bytes.put8(bytes, at + 2 + i, (int) (octet & 0xff));
        }
        return end;
    }

    /// Sends a SYN or SYN,ACK with all options that we offer or were offered.
    ///
    /// @param flags control bits: SYN, perhaps ACK, ECE, CWR
    /// @param shift the window scale to announce, -1 for none
    /// @param tsValue the timestamp to send when `timestamps`
    void sendSyn(
            Flow flow,
            int seq,
            int ack,
            int flags,
            int window,
            int shift,
            boolean sackPermitted,
            boolean timestamps,
            int tsValue,
            int tsEcho,
            TcpConfig config,
            long now) {
        Packet packet = pool.takePacket();
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        int end = at + TcpHeader.MIN_LENGTH;
        Bytes.put32(bytes, end, TcpOptions.MSS << 24 | 4 << 16 | receiveMss(flow));
        end += 4;
        if (timestamps) {
            int lead = sackPermitted ? TcpOptions.SACK_PERMITTED << 8 | 2 : NOP_NOP;
            Bytes.put32(bytes, end, lead << 16 | TcpOptions.TIMESTAMPS << 8 | 10);
            Bytes.put32(bytes, end + 4, tsValue);
            Bytes.put32(bytes, end + 8, tsEcho);
            end += TIMESTAMPS_LENGTH;
        } else if (sackPermitted) {
            Bytes.put32(bytes, end, NOP_NOP << 16 | TcpOptions.SACK_PERMITTED << 8 | 2);
            end += 4;
        }
        if (shift >= 0) {
            Bytes.put32(bytes, end, TcpOptions.NOP << 24 | TcpOptions.WINDOW_SCALE << 16 | 3 << 8 | shift);
            end += 4;
        }
        if (fastOpenLength <= 0 && config.features().userTimeoutOption()) {
            end = userTimeout(bytes, end, config);
        }
        if (fastOpenLength >= 0) {
            end = fastOpenOption(bytes, end);
            fastOpenLength = -1;
        }
        packet.end = end;
        boolean acknowledge = (flags & TcpHeader.ACK) != 0;
        // RFC 7323 section 2.2: "The window field in a segment where the SYN bit is set ... MUST NOT be scaled."
        header(bytes, at, flow, seq, acknowledge ? ack : 0, flags, Math.min(window, 65_535), end - at);
        if (flow instanceof Tcb tcb) {
            Tally.sent(tcb, synData, 0);
            if (synData > 0 && tcb.sendQueue != null) {
                tcb.sendQueue.payload(packet, seq + 1, synData);
            }
        }
        synData = 0;
        // RFC 3168 section 6.1.1: "A host MUST NOT set ECT on SYN or SYN-ACK packets."
        transmit(packet, flow, config.trafficClass() & ~Ecn.CE, config.timeToLive(), now);
    }

    /// The MSS to announce: RFC 9293 section 3.7.1, MUST-67: "MMS_R - 20", from the MTU of the interface.
    int receiveMss(Flow flow) {
        NetInterface nic = output.route(flow.remoteHi(), flow.remoteLo());
        int mtu = nic == null ? 1_280 : nic.mtu();
        return mtu - networkHeader(flow) - TcpHeader.MIN_LENGTH;
    }

    /// What is known of paths.
    PathMtu paths() {
        return output.pathMtu();
    }

    /// Payload octets per segment without options that the path towards the remote end takes.
    int pathMss(Flow flow) {
        return output.mtuTowards(flow.remoteHi(), flow.remoteLo()) - networkHeader(flow) - TcpHeader.MIN_LENGTH;
    }

    static int networkHeader(Flow flow) {
        return IpAddress.isIpv4(flow.remoteHi(), flow.remoteLo()) ? 20 : 40;
    }

    /// Sends an ACK for a flow that has no [Tcb] (any more).
    void sendAck(Flow flow, int seq, int ack, int window, boolean timestamps, int tsValue, int tsEcho, long now) {
        Packet packet = pool.takePacket();
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        int end = at + TcpHeader.MIN_LENGTH;
        if (timestamps) {
            end = timestamps(bytes, end, tsValue, tsEcho);
        }
        packet.end = end;
        header(bytes, at, flow, seq, ack, TcpHeader.ACK, window, end - at);
        transmit(packet, flow, 0, TcpConfig.DEFAULT.timeToLive(), now);
    }

    /// Sends the RST of a connection that is aborted: RFC 9293 section 3.10.5, "<SEQ=SND.NXT><CTL=RST>", with ACK.
    void sendReset(Tcb tcb, long now) {
        Packet packet = pool.takePacket();
        int at = packet.transportAt;
        int end = at + TcpHeader.MIN_LENGTH;
        if (tcb.has(Tcb.TIMESTAMPS)) {
            end = timestamps(packet.bytes, end, tcb.shiftedTimestamp(now), tcb.tsRecent);
        }
        packet.end = end;
        header(packet.bytes, at, tcb, acceptableSeq(tcb), tcb.rcvNxt, TcpHeader.RST | TcpHeader.ACK, 0, end - at);
        transmit(packet, tcb, tcb.config.trafficClass() & ~Ecn.CE, tcb.config.timeToLive(), now);
    }

    /// Answers `segment`, which came in `cause`, with the RST of RFC 9293 section 3.5.2: "If the ACK bit is on,
    /// <SEQ=SEG.ACK><CTL=RST>", otherwise "<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>". Never answers a RST.
    void resetInAnswerTo(Packet cause, Segment segment, long now) {
        if (segment.has(TcpHeader.RST)) {
            return;
        }
        Packet packet = pool.takePacket();
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        int end = at + TcpHeader.MIN_LENGTH;
        if (segment.options.timestamps) {
            // RFC 7323 section 5.2: a RST in answer to a segment with timestamps carries its TSval as TSecr.
            end = timestamps(bytes, end, 0, segment.options.tsVal);
        }
        packet.end = end;
        boolean acked = segment.has(TcpHeader.ACK);
        Bytes.put16(bytes, at + TcpHeader.SOURCE_PORT, segment.destinationPort);
        Bytes.put16(bytes, at + TcpHeader.DESTINATION_PORT, segment.sourcePort);
        Bytes.put32(bytes, at + TcpHeader.SEQUENCE, acked ? segment.ack : 0);
        Bytes.put32(bytes, at + TcpHeader.ACKNOWLEDGMENT, acked ? 0 : segment.seq + segment.length());
        Bytes.put8(bytes, at + TcpHeader.DATA_OFFSET, (end - at) << 2);
        Bytes.put8(bytes, at + TcpHeader.FLAGS, acked ? TcpHeader.RST : TcpHeader.RST | TcpHeader.ACK);
        Bytes.put16(bytes, at + TcpHeader.WINDOW, 0);
        Bytes.put32(bytes, at + TcpHeader.CHECKSUM, 0);
        addresses(
                packet,
                /* sourceHi= */ cause.destinationHi,
                /* sourceLo= */ cause.destinationLo,
                /* destinationHi= */ cause.sourceHi,
                /* destinationLo= */ cause.sourceLo);
        finish(packet, 0, TcpConfig.DEFAULT.timeToLive(), now);
    }

    /// RFC 9293 section 3.5.2: the RST for a SYN without an ACK, <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>; for one
    /// that was kept.
    void refuse(SynEntry entry, long now) {
        Packet packet = pool.takePacket();
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        int end = at + TcpHeader.MIN_LENGTH;
        if (entry.timestamps) {
            end = timestamps(bytes, end, 0, entry.tsRecent);
        }
        packet.end = end;
        header(bytes, at, entry, 0, entry.irs + 1, TcpHeader.RST | TcpHeader.ACK, 0, end - at);
        transmit(packet, entry, 0, TcpConfig.DEFAULT.timeToLive(), now);
    }

    private static void header(
            byte[] bytes, int at, Flow flow, int seq, int ack, int flags, int window, int headerLength) {
        // In whole words, as who sums them up reads them.
        Bytes.put32(bytes, at + TcpHeader.SOURCE_PORT, flow.localPort() << 16 | flow.remotePort());
        Bytes.put32(bytes, at + TcpHeader.SEQUENCE, seq);
        Bytes.put32(bytes, at + TcpHeader.ACKNOWLEDGMENT, ack);
        Bytes.put32(bytes, at + TcpHeader.DATA_OFFSET, headerLength << 26 | flags << 16 | window & 0xffff);
        Bytes.put32(bytes, at + TcpHeader.CHECKSUM, 0); // and no urgent pointer
    }

    private void transmit(Packet packet, Flow flow, int trafficClass, int timeToLive, long now) {
        addresses(packet, flow.localHi(), flow.localLo(), flow.remoteHi(), flow.remoteLo());
        finish(packet, trafficClass, timeToLive, now);
    }

    private static void addresses(Packet packet, long sourceHi, long sourceLo, long destinationHi, long destinationLo) {
        packet.protocol = IpProtocol.TCP;
        packet.ipv6 = !IpAddress.isIpv4(destinationHi, destinationLo);
        packet.sourceHi = sourceHi;
        packet.sourceLo = sourceLo;
        packet.destinationHi = destinationHi;
        packet.destinationLo = destinationLo;
    }

    /// Leaves the pseudo-header's sum in the checksum field, for whoever completes it, and hands the packet to IP.
    private void finish(Packet packet, int trafficClass, int timeToLive, long now) {
        long sum = InternetChecksum.pseudoHeaderSum(
                packet.ipv6,
                packet.sourceHi,
                packet.sourceLo,
                packet.destinationHi,
                packet.destinationLo,
                IpProtocol.TCP,
                packet.length());
        Bytes.put16(packet.bytes, packet.transportAt + TcpHeader.CHECKSUM, InternetChecksum.fold(sum));
        packet.checksum = Packet.CHECKSUM_PARTIAL;
        segmentsSent++;
        output.send(packet, trafficClass, timeToLive, true, now);
    }

    /// The largest packet that the interface towards `flow` cuts into segments by itself, 0 if none.
    int maxSegmented(Flow flow) {
        @Nullable NetInterface nic = output.route(flow.remoteHi(), flow.remoteLo());
        return nic == null ? 0 : nic.maxSegmented();
    }
}
