package dev.berth.stack.tcp;

import dev.berth.ports.Flow;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.endpoint.StackSocket;
import dev.berth.stack.time.Timer;
import org.jspecify.annotations.Nullable;

/// The Transmission Control Block of RFC 9293 section 3.3.1: the variables of one connection, by their RFC names.
///
/// Only data and one-line derived values; what happens to them is in [SegmentArrives], [UserCalls], [Timeouts] and
/// [SegmentOutput]. Owned by its stack, used under the stack's lock only. Queues, timers and the state of recovery
/// exist only while they are needed, so that an idle connection is small.
public final class Tcb extends Flow implements StackSocket {
    /// ACKs that a connection sends at once at its beginning.
    static final byte QUICK_ACKS = 16;

    // What output has to do, bits of `pending`.
    static final int ACK_NOW = 1;
    static final int ACK_DELAYED = 2;
    static final int SEND = 4;
    static final int SYN = 8;
    static final int RETRANSMIT = 16;
    static final int PROBE = 32;
    static final int FIN_QUEUED = 64;
    static final int FIN_SENT = 128;
    static final int KEEP_ALIVE = 256;
    static final int LOSS_PROBE = 1 << 20; // RFC 8985 section 7.3

    // Facts, bits of `flags`.
    static final int TIMESTAMPS = 1;
    static final int SACK_PERMITTED = 2;
    static final int FIN_RECEIVED = 8;
    static final int FIN_OUT_OF_ORDER = 16;
    static final int INPUT_SHUT = 32;
    static final int RTT_RUNNING = 64; // of the SYN, since lastProgress
    static final int FAST_RECOVERY = 128;
    static final int RTO_RECOVERY = 256;
    static final int SYN_RETRANSMITTED = 512;
    static final int ABANDONED = 1_024; // the user has closed it: nobody will read
    static final int ATTACHED = 2_048; // in the port table
    static final int DIRTY = 4_096; // in the output queue
    static final int PUSHED = 131_072; // the last segment was small and pushed: its sender may wait for the ACK
    static final int PING_PONG = 262_144; // the user answers what it reads, so that ACKs ride on the answers
    static final int ANSWERABLE = 524_288; // data came since the last data were sent
    static final int TIMED_OUT = 32_768; // what begins at SND.UNA was sent again by the retransmission timer
    static final int WINDOW_SCALING = 65_536;
    static final int REORDERING_SEEN = 1 << 24; // RACK.reordering_seen
    static final int DUPLICATES = 1 << 25; // the range of duplicate octets is to be reported (RFC 2883)
    static final int READY = 16_384; // in the queue of sockets whose readiness changed

    static final int ECN = 1 << 30; // ECN is asked for, or agreed upon
    static final int ECN_ECHO = 1 << 29; // ECE until the other end says CWR
    static final int ECN_CWR = 1 << 28; // CWR on the next new data

    static final int FAST_OPEN = 1 << 27; // data may be exchanged before the handshake is over

    static final int FULL_ACKED = 1 << 26; // a segment of full size got through

    static final int SHORT_IN_FLIGHT = 1 << 21; // a segment below the MSS waits for its ACK (Nagle)

    static final int SEND_LIMITED = 1 << 23; // the user waits until the host has memory again

    TcpState state = TcpState.CLOSED;
    int flags;
    int pending;

    // Send sequence variables
    int iss;
    int sndUna;
    int sndNxt;
    int sndWnd;
    int sndWl1;
    int sndWl2;
    int maxSndWnd;
    byte sndWindShift;

    // Receive sequence variables
    int irs;
    int rcvNxt;
    int rcvAdv; // right edge of the window that was advertised: RCV.NXT + RCV.WND
    byte rcvWindShift;
    int lastAckSent;
    char rcvUnit; // the largest segment payload seen: what "full-sized" means here

    // Timestamps, RFC 7323
    int tsRecent;
    int tsRecentAge; // seconds
    int tsOffset;

    // Segment size
    char sendMss; // the peer's MSS option, or the default
    int effectiveMss; // payload octets per segment, options taken off

    // Round-trip time, RFC 6298; nanoseconds
    long srtt;
    long rttvar;
    int rttSeq;
    byte backoff;

    // Congestion control, RFC 5681
    int cwnd;
    int ssthresh = Integer.MAX_VALUE;
    CongestionControl congestion;
    byte dupAcks;
    int recover;

    @Nullable
    Flight flight; // while something is in flight

    @Nullable
    Episode episode; // while losses are repaired, and a little longer

    // RACK, RFC 8985 section 5.3
    long minRtt; // RACK.min_RTT, 0 before the first measurement; nanoseconds
    char minRttAt; // when it was measured, in seconds modulo 2^16

    int openedAt; // CoarseTime
    int lastSent; // CoarseTime.millis, 0 for never
    int lastHeard; // of the remote end; CoarseTime.millis
    long lastProgress; // SND.UNA advanced, or the first octet of a flight was sent
    byte unanswered; // retransmissions and probes since the remote end was last heard of
    byte quickAcks; // so many ACKs more are sent at once, for a quick start

    // Counters, see Tally
    char segmentsIn;
    char segmentsOut;
    char dataSegmentsIn;
    char dataSegmentsOut;
    int busyMicros;

    @Nullable
    SendQueue sendQueue;

    @Nullable
    ReceiveQueue receiveQueue;

    @Nullable
    OutOfOrderQueue outOfOrder;

    @Nullable
    Deadlines deadlines;

    TcpConfig config;

    @Nullable
    TcpError error;

    @Nullable
    TcbExtras extras;

    @Nullable
    TcpListener listener; // while it waits in the listener's queue

    @Nullable
    Tcb nextInQueue; // of the listener's accept queue or the output queue

    @Nullable
    Object attachment;

    /// The deadlines of a connection: one node in the wheel, at or before the earliest of them.
    static final class Deadlines extends Timer {
        static final long NONE = Long.MAX_VALUE;
        Tcb tcb;
        /// What `retransmit` stands for: RFC 8985 section 8, "one timer with an additional state variable indicating
        /// the type of the timer".
        static final byte RTO = 0; // RFC 6298, or the persist timer of RFC 9293 section 3.8.6.1
        static final byte PROBE_TIMEOUT = 1; // RFC 8985 section 7.2
        static final byte REORDERING = 2; // RFC 8985 section 6.2, step 5

        byte kind;
        long retransmit = NONE;
        long retransmissionTimeout; // when the RTO expires, if `retransmit` is earlier and stands for something else
        long pace = NONE; // when the next octets may leave
        long delayedAck = NONE;
        long idle = NONE; // keep-alive, or the end of FIN-WAIT-2 without an owner
        long scheduled = NONE;

        Deadlines(Tcb tcb) {
            this.tcb = tcb;
        }

        /// Nothing is due.
        void clear() {
            kind = RTO;
            retransmit = NONE;
            pace = NONE;
            delayedAck = NONE;
            idle = NONE;
            scheduled = NONE;
        }

        long earliest() {
            return Math.min(Math.min(retransmit, pace), Math.min(delayedAck, idle));
        }
    }

    Tcb(
            long localHi,
            long localLo,
            int localPort,
            long remoteHi,
            long remoteLo,
            int remotePort,
            TcpConfig config,
            CongestionControl congestion) {
        super(localHi, localLo, localPort, remoteHi, remoteLo, remotePort);
        this.config = config;
        this.congestion = congestion;
    }

    /// The state of the connection; CLOSED after TIME-WAIT took over too.
    public TcpState state() {
        return state;
    }

    /// Why the connection ended, or null while it has not or if it ended by FIN.
    public @Nullable TcpError error() {
        return error;
    }

    /// The settings in force.
    public TcpConfig config() {
        return config;
    }

    /// Who uses the connection; set by the layer above.
    @Override
    public @Nullable Object attachment() {
        return attachment;
    }

    @Override
    public void attach(@Nullable Object owner) {
        attachment = owner;
    }

    /// Octets that wait for the user to read.
    public int available() {
        ReceiveQueue queue = receiveQueue;
        return queue == null ? 0 : queue.length();
    }

    /// Octets that a read could give: not those behind an urgent octet that is not part of the stream.
    public int readable() {
        int length = available();
        return extras == null || config.features().urgentInline() ? length : Urgent.limit(this, length);
    }

    /// Octets up to the urgent pointer that the user has not read, also of what is still to come; 0 if there is no
    /// urgent data (RFC 9293 section 3.8.5, MUST-33).
    public int urgent() {
        return Urgent.remaining(this);
    }

    /// Octets that were sent or wait to be sent and are not acknowledged.
    public int unacknowledged() {
        SendQueue queue = sendQueue;
        return queue == null ? 0 : queue.length();
    }

    @Override
    public boolean queued() {
        return has(READY);
    }

    @Override
    public void queued(boolean queued) {
        flags = queued ? flags | READY : flags & ~READY;
    }

    @Override
    public int readiness() {
        if (error != null || state == TcpState.CLOSED) {
            return Readiness.ALL;
        }
        if (isOpening()) {
            return Readiness.NONE;
        }
        int ready = Readiness.CONNECTED;
        if (available() > 0 || has(FIN_RECEIVED | INPUT_SHUT)) {
            ready |= Readiness.READABLE;
        }
        // Not for every octet that is acknowledged: a writer is woken when it is worth the switch of threads.
        int buffer = sendBuffer();
        boolean room = sendRoom() >= Math.min(Math.max(effectiveMss, buffer / 4), buffer) && !has(SEND_LIMITED);
        if (room || !canSend() || (pending & FIN_QUEUED) != 0) {
            ready |= Readiness.WRITABLE;
        }
        if (extras != null && Urgent.remaining(this) > 0) {
            ready |= Readiness.URGENT;
        }
        return ready;
    }

    @Override
    public String stateName() {
        return state.text();
    }

    @Override
    public long age(long now) {
        return CoarseTime.since(openedAt, now);
    }

    /// What is rarely needed, made now if there is none.
    TcbExtras extras() {
        TcbExtras made = extras;
        if (made == null) {
            made = new TcbExtras();
            extras = made;
        }
        return made;
    }

    @Nullable
    TcpError softError() {
        TcbExtras some = extras;
        return some == null ? null : some.softError;
    }

    /// True while the handshake goes on and nothing can be sent or received; not with Fast Open.
    public boolean isOpening() {
        return (state == TcpState.SYN_SENT || state == TcpState.SYN_RECEIVED) && !has(FAST_OPEN);
    }

    /// True while the user may send.
    boolean canSend() {
        return state.canSend() || has(FAST_OPEN);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    int sendRoom() {
        return sendBuffer() - unacknowledged();
    }

    /// Octets that may wait unacknowledged: what is configured, and with tuning twice the congestion window, so that
    /// the next flight is there when this one is acknowledged.
    int sendBuffer() {
        TcpFeatures features = config.features();
        int configured = config.sendBuffer();
        return features.tuneSend() && cwnd > configured / 2
                ? Math.max(configured, Math.min(features.maxSendBuffer(), (int) Math.min(2L * cwnd, 1 << 30)))
                : configured;
    }

    /// Octets that may wait unread.
    int receiveBuffer() {
        TcbExtras some = extras;
        int tuned = some == null || !config.features().tuneReceive() ? 0 : some.receiveBuffer;
        return Math.max(config.receiveBuffer(), tuned);
    }

    /// SND.NXT - SND.UNA.
    int flightSize() {
        return sndNxt - sndUna;
    }

    /// RCV.WND as advertised.
    int rcvWnd() {
        return Math.max(0, rcvAdv - rcvNxt);
    }

    /// The octets `[left, right)` arrived although they had arrived before.
    void duplicates(int left, int right) {
        if (has(SACK_PERMITTED) && SeqNum.lt(left, right)) {
            flags |= DUPLICATES;
            TcbExtras some = extras();
            some.duplicateLeft = left;
            some.duplicateRight = right;
        }
    }

    int shiftedTimestamp(long now) {
        return (int) (now / 1_000_000) + tsOffset;
    }

    boolean isRecovering() {
        return has(FAST_RECOVERY | RTO_RECOVERY);
    }
}
