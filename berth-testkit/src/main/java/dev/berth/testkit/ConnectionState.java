package dev.berth.testkit;

import dev.berth.stack.tcp.TcpInfo;
import org.jspecify.annotations.Nullable;

/// What a [TcpScript] asserts of a connection besides its state. Sequence numbers are relative.
public final class ConnectionState {
    private static final long MILLISECOND = 1_000_000L;

    private final @Nullable TcpInfo status;
    private final int peerIss;

    ConnectionState(@Nullable TcpInfo status, int peerIss) {
        this.status = status;
        this.peerIss = peerIss;
    }

    private TcpInfo status() {
        if (status == null) {
            throw new AssertionError("there is no connection");
        }
        return status;
    }

    /// SND.UNA.
    public ConnectionState sndUna(int value) {
        return check("SND.UNA", status().sndUna() - status().iss(), value);
    }

    /// SND.NXT.
    public ConnectionState sndNxt(int value) {
        return check("SND.NXT", status().sndNxt() - status().iss(), value);
    }

    /// RCV.NXT.
    public ConnectionState rcvNxt(int value) {
        return check("RCV.NXT", status().rcvNxt() - peerIss, value);
    }

    /// SND.WND.
    public ConnectionState sndWnd(int value) {
        return check("SND.WND", status().sendWindow(), value);
    }

    /// The congestion window.
    public ConnectionState cwnd(int value) {
        return check("cwnd", status().cwnd(), value);
    }

    /// The slow start threshold.
    public ConnectionState ssthresh(int value) {
        return check("ssthresh", status().ssthresh(), value);
    }

    /// Octets per full segment.
    public ConnectionState mss(int value) {
        return check("effective MSS", status().sendMss(), value);
    }

    /// The retransmission timeout in milliseconds.
    public ConnectionState rto(long milliseconds) {
        return check("RTO", status().rtoNanos() / MILLISECOND, milliseconds);
    }

    /// The smoothed round-trip time in milliseconds.
    public ConnectionState srtt(long milliseconds) {
        return check("SRTT", status().srttNanos() / MILLISECOND, milliseconds);
    }

    /// Octets that the user can read.
    public ConnectionState unread(int value) {
        return check("unread octets", status().unread(), value);
    }

    private ConnectionState check(String what, long actual, long expected) {
        if (actual != expected) {
            throw new AssertionError(what + " is " + actual + ", not " + expected + "; " + status());
        }
        return this;
    }
}
