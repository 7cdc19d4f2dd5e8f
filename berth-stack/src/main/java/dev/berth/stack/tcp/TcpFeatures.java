package dev.berth.stack.tcp;

import java.util.Objects;

/// Which extensions of TCP a connection uses: immutable, part of its [TcpConfig].
///
/// @param ecn explicit congestion notification (RFC 3168); default [Ecn#PASSIVE]
/// @param fastOpen data may ride on the SYN of an active OPEN (RFC 7413); default off
/// @param fastOpenQueue connections of a listener that may be in SYN-RECEIVED by Fast Open at a time, 0 (the default)
///     for no Fast Open, at most 65535 (RFC 7413 section 5.1: "PendingFastOpenRequests")
/// @param urgentInline urgent octets stay in the stream (SO_OOBINLINE); otherwise the last one is taken out and thrown
///     away; default off
/// @param userTimeoutOption the user timeout is told to the remote end, and the remote end's is heeded (RFC 5482);
///     default off
/// @param tuneSend the send buffer grows with the congestion window, up to `maxSendBuffer`
/// @param tuneReceive the receive buffer grows with what the user reads per round trip, up to `maxReceiveBuffer`
/// @param maxSendBuffer octets that tuning may let wait unacknowledged, 1 to 2^30; default 4 MiB
/// @param maxReceiveBuffer octets that tuning may let wait unread, 1 to 2^30; default 6 MiB
/// @param pathProbing the path's MTU is searched with data segments where ICMP does not tell it (RFC 4821); default on
public record TcpFeatures(
        Ecn ecn,
        boolean fastOpen,
        int fastOpenQueue,
        boolean urgentInline,
        boolean userTimeoutOption,
        boolean tuneSend,
        boolean tuneReceive,
        int maxSendBuffer,
        int maxReceiveBuffer,
        boolean pathProbing) {

    /// How ECN is negotiated.
    public enum Ecn {
        /// Not at all.
        OFF,
        /// Where the remote end asks for it.
        PASSIVE,
        /// Asked for on active OPEN too.
        ON
    }

    /// The defaults.
    public static final TcpFeatures DEFAULT =
            new TcpFeatures(Ecn.PASSIVE, false, 0, false, false, true, true, 4 << 20, 6 << 20, true);

    private static final int MAX_BUFFER = 1 << 30;

    /// @throws IllegalArgumentException if a number is out of range
    public TcpFeatures {
        Objects.requireNonNull(ecn);
        if (fastOpenQueue < 0 || fastOpenQueue > 65_535) {
            throw new IllegalArgumentException("The Fast Open queue is 0 to 65535, not " + fastOpenQueue);
        }
        if (maxSendBuffer < 1 || maxSendBuffer > MAX_BUFFER || maxReceiveBuffer < 1 || maxReceiveBuffer > MAX_BUFFER) {
            throw new IllegalArgumentException(
                    "A buffer is 1 to " + MAX_BUFFER + " octets, not " + maxSendBuffer + " or " + maxReceiveBuffer);
        }
    }

    /// The same with another use of ECN.
    public TcpFeatures withEcn(Ecn use) {
        return new TcpFeatures(
                use,
                fastOpen,
                fastOpenQueue,
                urgentInline,
                userTimeoutOption,
                tuneSend,
                tuneReceive,
                maxSendBuffer,
                maxReceiveBuffer,
                pathProbing);
    }

    /// The same with or without Fast Open of active OPENs, and with another limit of it for listeners.
    public TcpFeatures withFastOpen(boolean active, int queue) {
        return new TcpFeatures(
                ecn,
                active,
                queue,
                urgentInline,
                userTimeoutOption,
                tuneSend,
                tuneReceive,
                maxSendBuffer,
                maxReceiveBuffer,
                pathProbing);
    }

    /// The same with urgent octets in the stream or not.
    public TcpFeatures withUrgentInline(boolean on) {
        return new TcpFeatures(
                ecn,
                fastOpen,
                fastOpenQueue,
                on,
                userTimeoutOption,
                tuneSend,
                tuneReceive,
                maxSendBuffer,
                maxReceiveBuffer,
                pathProbing);
    }

    /// The same with or without the user timeout option.
    public TcpFeatures withUserTimeoutOption(boolean on) {
        return new TcpFeatures(
                ecn,
                fastOpen,
                fastOpenQueue,
                urgentInline,
                on,
                tuneSend,
                tuneReceive,
                maxSendBuffer,
                maxReceiveBuffer,
                pathProbing);
    }

    /// The same with buffers tuned or left as they are.
    public TcpFeatures withTuning(boolean send, boolean receive) {
        return new TcpFeatures(
                ecn,
                fastOpen,
                fastOpenQueue,
                urgentInline,
                userTimeoutOption,
                send,
                receive,
                maxSendBuffer,
                maxReceiveBuffer,
                pathProbing);
    }

    /// The same with other bounds of buffer tuning, in octets.
    public TcpFeatures withMaxBuffers(int send, int receive) {
        return new TcpFeatures(
                ecn,
                fastOpen,
                fastOpenQueue,
                urgentInline,
                userTimeoutOption,
                tuneSend,
                tuneReceive,
                send,
                receive,
                pathProbing);
    }

    /// The same with or without probing of the path's MTU.
    public TcpFeatures withPathProbing(boolean on) {
        return new TcpFeatures(
                ecn,
                fastOpen,
                fastOpenQueue,
                urgentInline,
                userTimeoutOption,
                tuneSend,
                tuneReceive,
                maxSendBuffer,
                maxReceiveBuffer,
                on);
    }
}
