package dev.berth.sockets;

import static dev.berth.sockets.BerthSocketOptions.BIND_ADDRESS_NO_PORT;
import static dev.berth.sockets.BerthSocketOptions.LOCAL_PORT_RANGE;
import static java.net.StandardSocketOptions.IP_TOS;
import static java.net.StandardSocketOptions.SO_KEEPALIVE;
import static java.net.StandardSocketOptions.SO_LINGER;
import static java.net.StandardSocketOptions.SO_RCVBUF;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.SO_REUSEPORT;
import static java.net.StandardSocketOptions.SO_SNDBUF;
import static java.net.StandardSocketOptions.TCP_NODELAY;

import dev.berth.host.HostSocket;
import dev.berth.host.TcpSocket;
import dev.berth.stack.tcp.TcpConfig;
import java.io.IOException;
import java.net.SocketException;
import java.net.SocketOption;
import java.util.Set;
import java.util.stream.Collectors;

/// What can be set on a connection. An option that is not here is refused, never ignored, and so it is with
/// [AcceptorOptions] and [DatagramOptions]. They are classes of their own because each option costs a program that
/// uses none a quarter of a millisecond at its start.
final class HostOptions {
    /// Urgent octets are part of the stream. Programs set it with `Socket.setOOBInline`; the JDK's channels list it
    /// under this name.
    static final SocketOption<Boolean> SO_OOBINLINE = new BerthSocketOptions.Option<>("SO_OOBINLINE", Boolean.class);

    /// Options of connections.
    static final SocketOptionTable<TcpSocket> TCP = new SocketOptionTable.Builder<TcpSocket>()
            .add(SO_SNDBUF, TcpSocket::sendBufferSize, TcpSocket::sendBufferSize)
            .add(SO_RCVBUF, TcpSocket::receiveBufferSize, TcpSocket::receiveBufferSize)
            .add(SO_KEEPALIVE, TcpSocket::keepAlive, TcpSocket::keepAlive)
            .add(SO_REUSEADDR, TcpSocket::reuseAddress, TcpSocket::reuseAddress)
            .add(SO_REUSEPORT, TcpSocket::reusePort, TcpSocket::reusePort)
            .add(SO_LINGER, TcpSocket::lingerSeconds, TcpSocket::lingerSeconds)
            .add(TCP_NODELAY, TcpSocket::noDelay, TcpSocket::noDelay)
            .add(IP_TOS, TcpSocket::trafficClass, TcpSocket::trafficClass)
            .add(SO_OOBINLINE, TcpSocket::urgentInline, TcpSocket::urgentInline)
            .add(BerthSocketOptions.LABEL, TcpSocket::label, TcpSocket::label)
            .add(LOCAL_PORT_RANGE, TcpSocket::localPortRange, TcpSocket::localPortRange)
            .add(BIND_ADDRESS_NO_PORT, TcpSocket::bindAddressNoPort, TcpSocket::bindAddressNoPort)
            .add(
                    BerthSocketOptions.CONGESTION_CONTROL,
                    socket -> socket.congestionControl().name(),
                    (socket, name) -> socket.congestionControl(TcpConfig.Congestion.valueOf(name)))
            .addExtended(ExtendedOptions.KEEP_IDLE, TcpSocket::keepIdleSeconds, argument(TcpSocket::keepIdleSeconds))
            .addExtended(
                    ExtendedOptions.KEEP_INTERVAL,
                    TcpSocket::keepIntervalSeconds,
                    argument(TcpSocket::keepIntervalSeconds))
            .addExtended(ExtendedOptions.KEEP_COUNT, TcpSocket::keepCount, argument(TcpSocket::keepCount))
            .addExtended(ExtendedOptions.QUICK_ACK, TcpSocket::quickAck, TcpSocket::quickAck)
            .addExtended(ExtendedOptions.NAPI_ID, HostOptions::napiId, HostOptions::napiId)
            .build();

    /// The names that a `Socket` lists: those of a channel without the one that only channels have.
    static final Set<SocketOption<?>> SOCKET_NAMES =
            TCP.names().stream().filter(name -> name != SO_OOBINLINE).collect(Collectors.toUnmodifiableSet());

    /// Options of connections of asynchronous channels, which have fewer.
    static final SocketOptionTable<TcpSocket> ASYNCHRONOUS_TCP = TCP.without(SO_LINGER, IP_TOS, SO_OOBINLINE);

    private HostOptions() {}

    /// A setter that says of a bad value what the kernel says.
    static <S> SocketOptionTable.Setter<S, Integer> argument(SocketOptionTable.Setter<S, Integer> setter) {
        return (socket, value) -> {
            try {
                setter.set(socket, value);
            } catch (IllegalArgumentException e) {
                SocketException invalid = new SocketException("Invalid argument");
                invalid.initCause(e);
                throw invalid;
            }
        };
    }

    /// Which receive queue of a network card the last packet came by: 0 where there is none, as on the kernel's
    /// loopback.
    static int napiId(HostSocket socket) throws IOException {
        if (!socket.isOpen()) {
            throw new SocketException("Socket closed");
        }
        return 0;
    }

    static void napiId(HostSocket socket, int value) throws IOException {
        throw new SocketException("Attempt to set read only option " + ExtendedOptions.NAPI_ID);
    }
}
