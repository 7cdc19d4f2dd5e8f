package dev.berth.stack.tcp;

/// The states of a connection, in the order of RFC 9293 section 3.3.2.
public enum TcpState {
    /// Waiting for a connection request from any remote TCP peer.
    LISTEN,
    /// Waiting for a matching connection request after having sent one.
    SYN_SENT,
    /// Waiting for a confirming acknowledgment after having both received and sent a connection request.
    SYN_RECEIVED,
    /// An open connection.
    ESTABLISHED,
    /// Waiting for a termination request from the remote peer, or an acknowledgment of the one sent.
    FIN_WAIT_1,
    /// Waiting for a termination request from the remote peer.
    FIN_WAIT_2,
    /// Waiting for a termination request from the local user.
    CLOSE_WAIT,
    /// Waiting for an acknowledgment of the termination request from the remote peer.
    CLOSING,
    /// Waiting for an acknowledgment of the termination request previously sent, which acknowledged the remote's.
    LAST_ACK,
    /// Waiting for enough time to pass to be sure that old segments are gone.
    TIME_WAIT,
    /// No connection state at all.
    CLOSED;

    /// The name as RFC 9293 writes it, such as `FIN-WAIT-1`.
    public String text() {
        return name().replace('_', '-');
    }

    /// True for ESTABLISHED and what follows it, CLOSED excepted ("synchronized states").
    public boolean isSynchronized() {
        return compareTo(ESTABLISHED) >= 0 && this != CLOSED;
    }

    /// True while the local user may still send data.
    public boolean canSend() {
        return this == ESTABLISHED || this == CLOSE_WAIT;
    }

    /// True while data from the remote peer are acceptable.
    public boolean canReceive() {
        return this == ESTABLISHED || this == FIN_WAIT_1 || this == FIN_WAIT_2;
    }
}
