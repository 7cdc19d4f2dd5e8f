package dev.berth.stack.tcp;

import dev.berth.ports.Flow;
import dev.berth.stack.time.Timer;
import dev.berth.wire.Chunk;
import org.jspecify.annotations.Nullable;

/// A connection in SYN-RECEIVED that came from a passive OPEN: only what the answer to its SYN needs. It becomes a
/// [Tcb] in the same slot of the port table when the handshake is complete.
final class SynEntry extends Flow {
    final TcpListener listener;
    final int irs;
    int iss;
    int mss;
    int peerWindow;
    byte sndWindShift;
    byte rcvWindShift;
    byte retransmissions;
    char userTimeout; // RFC 5482: as it came, 0 if none did
    boolean windowScaling;
    boolean timestamps;
    boolean sackPermitted;
    boolean ecn;
    boolean tellCookie; // the SYN,ACK brings a Fast Open cookie
    boolean answeredTwice; // so that the round-trip time cannot be told
    byte challenges;
    int tsRecent;
    int tsOffset;
    int rcvWnd;
    int openedAt; // CoarseTime
    long sentAt;
    /// What the user has to decide first; null if the SYN was answered.
    @Nullable
    TcpRequest request;

    long answeredAt = Long.MIN_VALUE; // when the SYN,ACK was sent in answer to the SYN's coming again
    /// What came on the SYN, a copy; null if nothing.
    @Nullable
    Chunk text;

    final Deadline deadline = new Deadline(this);

    @Nullable
    SynEntry previous;

    @Nullable
    SynEntry next;

    /// When the SYN,ACK is sent again.
    static final class Deadline extends Timer {
        final SynEntry entry;

        Deadline(SynEntry entry) {
            this.entry = entry;
        }
    }

    SynEntry(
            TcpListener listener,
            int irs,
            long localHi,
            long localLo,
            int localPort,
            long remoteHi,
            long remoteLo,
            int remotePort) {
        super(localHi, localLo, localPort, remoteHi, remoteLo, remotePort);
        this.listener = listener;
        this.irs = irs;
    }

    @Override
    public String stateName() {
        return TcpState.SYN_RECEIVED.text();
    }

    @Override
    public long age(long now) {
        return CoarseTime.since(openedAt, now);
    }
}
