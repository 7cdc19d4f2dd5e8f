package dev.berth.stack.endpoint;

import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;
import org.jspecify.annotations.Nullable;

/// A socket as people see it in a list, copied at one moment: a listener, a bound port, a connection or what is left
/// of one. Immutable.
///
/// @param transport TCP or UDP
/// @param state the state of TCP as RFC 9293 writes it; `LISTEN`; `BOUND` for a TCP port that is bound only;
///     `UNCONNECTED` and `CONNECTED` for UDP
/// @param local the local end; the address is unspecified for a wildcard
/// @param remote the remote end; null for listeners and bound ports
/// @param receiveQueue octets that wait to be read; of a listener the connections that wait to be accepted; of UDP
///     octets of memory
/// @param sendQueue octets that wait to be sent or acknowledged; of a listener the most connections that may wait
/// @param flows the flows that use the port of a listener or a bound port, otherwise 0
/// @param owner the socket's label, otherwise that of the socket whose port it uses; empty if nobody said
/// @param ageNanos how long it has existed, TIME-WAIT counted from the opening of the connection; negative if nobody
///     knows
/// @param details more, if it was asked for and there is more
public record SocketEntry(
        Transport transport,
        String state,
        Endpoint local,
        @Nullable Endpoint remote,
        int receiveQueue,
        int sendQueue,
        int flows,
        String owner,
        long ageNanos,
        @Nullable SocketDetails details) {
    /// The state of a UDP socket that is bound and not connected.
    public static final String UNCONNECTED = "UNCONNECTED";

    /// The state of a listener.
    public static final String LISTEN = "LISTEN";
}
