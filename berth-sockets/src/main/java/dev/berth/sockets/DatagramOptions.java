package dev.berth.sockets;

import static dev.berth.sockets.BerthSocketOptions.BIND_ADDRESS_NO_PORT;
import static dev.berth.sockets.BerthSocketOptions.LOCAL_PORT_RANGE;
import static java.net.StandardSocketOptions.IP_MULTICAST_IF;
import static java.net.StandardSocketOptions.IP_MULTICAST_LOOP;
import static java.net.StandardSocketOptions.IP_MULTICAST_TTL;
import static java.net.StandardSocketOptions.IP_TOS;
import static java.net.StandardSocketOptions.SO_BROADCAST;
import static java.net.StandardSocketOptions.SO_RCVBUF;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.SO_REUSEPORT;
import static java.net.StandardSocketOptions.SO_SNDBUF;

import dev.berth.host.UdpSocket;
import java.io.IOException;
import java.net.NetworkInterface;

/// What can be set on a datagram socket.
final class DatagramOptions {
    /// Options of datagram sockets.
    static final SocketOptionTable<UdpSocket> UDP = new SocketOptionTable.Builder<UdpSocket>()
            .add(SO_SNDBUF, UdpSocket::sendBufferSize, UdpSocket::sendBufferSize)
            .add(SO_RCVBUF, UdpSocket::receiveBufferSize, UdpSocket::receiveBufferSize)
            .add(SO_REUSEADDR, UdpSocket::reuseAddress, UdpSocket::reuseAddress)
            .add(SO_REUSEPORT, UdpSocket::reusePort, UdpSocket::reusePort)
            .add(SO_BROADCAST, UdpSocket::broadcast, UdpSocket::broadcast)
            .add(IP_TOS, UdpSocket::trafficClass, UdpSocket::trafficClass)
            .add(IP_MULTICAST_TTL, UdpSocket::multicastTimeToLive, UdpSocket::multicastTimeToLive)
            .add(IP_MULTICAST_LOOP, UdpSocket::multicastLoop, UdpSocket::multicastLoop)
            .add(
                    IP_MULTICAST_IF,
                    DatagramOptions::multicastInterface,
                    (socket, nic) -> socket.multicastInterface(HostInterfaces.indexOf(socket.host(), nic)))
            .add(BerthSocketOptions.LABEL, UdpSocket::label, UdpSocket::label)
            .add(LOCAL_PORT_RANGE, UdpSocket::localPortRange, UdpSocket::localPortRange)
            .add(BIND_ADDRESS_NO_PORT, UdpSocket::bindAddressNoPort, UdpSocket::bindAddressNoPort)
            .addExtended(ExtendedOptions.DONT_FRAGMENT, UdpSocket::dontFragment, UdpSocket::dontFragment)
            .addExtended(ExtendedOptions.NAPI_ID, HostOptions::napiId, HostOptions::napiId)
            .build();

    private DatagramOptions() {}

    @SuppressWarnings("NullAway") // the option of the JDK is null while no interface was chosen
    private static NetworkInterface multicastInterface(UdpSocket socket) throws IOException {
        return HostInterfaces.of(socket.host(), socket.multicastInterface());
    }
}
