package dev.berth.sockets;

import static dev.berth.sockets.BerthSocketOptions.LOCAL_PORT_RANGE;
import static java.net.StandardSocketOptions.IP_TOS;
import static java.net.StandardSocketOptions.SO_RCVBUF;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.SO_REUSEPORT;

import dev.berth.host.TcpAcceptor;

/// What can be set on a listening socket.
final class AcceptorOptions {
    /// Options of listening channels.
    static final SocketOptionTable<TcpAcceptor> ACCEPTOR = acceptor().build();

    /// Options of a `ServerSocket`, which has one more.
    static final SocketOptionTable<TcpAcceptor> SERVER_SOCKET = acceptor()
            .add(IP_TOS, TcpAcceptor::trafficClass, TcpAcceptor::trafficClass)
            .build();

    private AcceptorOptions() {}

    private static SocketOptionTable.Builder<TcpAcceptor> acceptor() {
        return new SocketOptionTable.Builder<TcpAcceptor>()
                .add(SO_RCVBUF, TcpAcceptor::receiveBufferSize, TcpAcceptor::receiveBufferSize)
                .add(SO_REUSEADDR, TcpAcceptor::reuseAddress, TcpAcceptor::reuseAddress)
                .add(SO_REUSEPORT, TcpAcceptor::reusePort, TcpAcceptor::reusePort)
                .add(BerthSocketOptions.LABEL, TcpAcceptor::label, TcpAcceptor::label)
                .add(LOCAL_PORT_RANGE, TcpAcceptor::localPortRange, TcpAcceptor::localPortRange)
                .addExtended(
                        ExtendedOptions.KEEP_IDLE,
                        TcpAcceptor::keepIdleSeconds,
                        HostOptions.argument(TcpAcceptor::keepIdleSeconds))
                .addExtended(
                        ExtendedOptions.KEEP_INTERVAL,
                        TcpAcceptor::keepIntervalSeconds,
                        HostOptions.argument(TcpAcceptor::keepIntervalSeconds))
                .addExtended(
                        ExtendedOptions.KEEP_COUNT,
                        TcpAcceptor::keepCount,
                        HostOptions.argument(TcpAcceptor::keepCount))
                .addExtended(ExtendedOptions.QUICK_ACK, TcpAcceptor::quickAck, TcpAcceptor::quickAck)
                .addExtended(ExtendedOptions.NAPI_ID, HostOptions::napiId, HostOptions::napiId);
    }
}
