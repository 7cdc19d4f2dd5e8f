package dev.berth.sockets;

import static dev.berth.sockets.Case.does;
import static dev.berth.sockets.Case.note;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// What `MulticastSocket` adds, by itself and as `DatagramChannel.socket()`. Groups are on the loopback interface;
/// after what must not be heard comes a marker, so that nothing has to be waited for.
@SuppressWarnings({"deprecation", "removal"}) // the whole class, old methods too
class MulticastCasesTest extends DifferentialTest {
    private static final InetSocketAddress GROUP = group("239.7.8.1");
    private static final InetSocketAddress OTHER = group("239.7.8.2");

    @FunctionalInterface
    private interface Maker {
        MulticastSocket open(Scene scene) throws IOException;
    }

    private static InetSocketAddress group(String address) {
        return new InetSocketAddress(address, 0);
    }

    @TestFactory
    Stream<DynamicTest> sockets() {
        return all("MulticastSocket", scene -> scene.closing(scene.platform.multicastSocket(null)));
    }

    @TestFactory
    Stream<DynamicTest> views() {
        return all("DatagramChannel.socket()", scene -> (MulticastSocket)
                scene.closing(scene.platform.provider().openDatagramChannel()).socket());
    }

    private Stream<DynamicTest> all(String prefix, Maker maker) {
        return Stream.of(options(prefix, maker), groups(prefix, maker), hearing(prefix, maker))
                .flatMap(this::tests);
    }

    private static MulticastSocket bound(Scene scene, Maker maker) throws IOException {
        return bound(scene, maker, 0);
    }

    private static MulticastSocket bound(Scene scene, Maker maker, int port) throws IOException {
        MulticastSocket socket = maker.open(scene);
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(port));
        socket.setNetworkInterface(Scene.lo());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static void send(DatagramSocket from, int octet, InetAddress to, int port) throws IOException {
        from.send(packet(octet, to, port));
    }

    private static DatagramPacket packet(int octet, InetAddress to, int port) {
        return new DatagramPacket(new byte[] {(byte) octet}, 1, to, port);
    }

    private static int receive(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[9], 9);
        socket.receive(packet);
        return packet.getData()[0];
    }

    private static Case.Table options(String prefix, Maker maker) {
        return new Case.Table(prefix)
                .add("defaults", s -> defaults(maker.open(s)))
                .add("the interface when none was chosen", s -> {
                    NetworkInterface nic = maker.open(s).getNetworkInterface();
                    return note(nic::getName, nic::getIndex, nic::getInetAddresses, nic::toString)
                            .replaceAll("java.net.NetworkInterface\\$[^;]*", "addresses");
                })
                .add("options of a closed socket", s -> {
                    MulticastSocket socket = maker.open(s);
                    socket.close();
                    return defaults(socket) + note(socket::getNetworkInterface);
                })
                .add("setting options of a closed socket", s -> {
                    MulticastSocket socket = maker.open(s);
                    socket.close();
                    return note(
                            does(() -> socket.setTimeToLive(1)),
                            does(() -> socket.setTimeToLive(-1)),
                            does(() -> socket.setTTL((byte) 1)),
                            does(() -> socket.setLoopbackMode(true)),
                            does(() -> socket.setNetworkInterface(Scene.lo())),
                            does(() -> socket.setNetworkInterface(null)),
                            does(() -> socket.setInterface(s.platform.loopback())),
                            does(() -> socket.setInterface(null)),
                            does(() -> socket.send(packet(1, s.platform.loopback(), 9), (byte) 1)));
                })
                .add("time to live", s -> {
                    MulticastSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.setTimeToLive(-1)),
                            does(() -> socket.setTimeToLive(256)),
                            does(() -> socket.setTimeToLive(255)),
                            socket::getTimeToLive,
                            socket::getTTL,
                            does(() -> socket.setTimeToLive(0)),
                            socket::getTimeToLive);
                })
                .add("time to live as a byte", s -> {
                    MulticastSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.setTTL((byte) 200)),
                            socket::getTTL,
                            socket::getTimeToLive,
                            () -> socket.getOption(StandardSocketOptions.IP_MULTICAST_TTL));
                })
                .add("loopback mode", s -> {
                    MulticastSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.setLoopbackMode(true)),
                            socket::getLoopbackMode,
                            () -> socket.getOption(StandardSocketOptions.IP_MULTICAST_LOOP),
                            does(() -> socket.setLoopbackMode(false)),
                            socket::getLoopbackMode,
                            () -> socket.getOption(StandardSocketOptions.IP_MULTICAST_LOOP));
                })
                .add("the interface", s -> {
                    MulticastSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.setNetworkInterface(null)),
                            does(() -> socket.setNetworkInterface(Scene.lo())),
                            () -> socket.getNetworkInterface().getName(),
                            () -> socket.getOption(StandardSocketOptions.IP_MULTICAST_IF)
                                    .getName());
                })
                .add("the interface by address", s -> {
                    MulticastSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.setInterface(null)),
                            does(() -> socket.setInterface(InetAddress.getByName("192.0.2.9"))),
                            does(() -> socket.setInterface(s.platform.loopback())),
                            socket::getInterface,
                            () -> socket.getNetworkInterface().getName());
                });
    }

    private static String defaults(MulticastSocket socket) {
        return note(socket::getTimeToLive, socket::getTTL, socket::getLoopbackMode, socket::getInterface);
    }

    private static Case.Table groups(String prefix, Maker maker) {
        return new Case.Table(prefix)
                .add("join null", s -> {
                    MulticastSocket socket = bound(s, maker);
                    return note(
                            does(() -> socket.joinGroup(null)),
                            does(() -> socket.joinGroup(null, Scene.lo())),
                            does(() -> socket.leaveGroup(null)),
                            does(() -> socket.leaveGroup(null, Scene.lo())));
                })
                .add("join what is no group", s -> {
                    MulticastSocket socket = bound(s, maker);
                    return note(
                            does(() -> socket.joinGroup(s.any(), Scene.lo())),
                            does(() -> socket.joinGroup(s.platform.loopback())),
                            does(() -> socket.leaveGroup(s.any(), Scene.lo())),
                            does(() -> socket.leaveGroup(s.platform.loopback())));
                })
                .add("join a name or a strange address", s -> {
                    MulticastSocket socket = bound(s, maker);
                    return note(
                            does(() -> socket.joinGroup(Scene.unresolved(), Scene.lo())),
                            does(() -> socket.joinGroup(Scene.strange(), Scene.lo())),
                            does(() -> socket.leaveGroup(Scene.unresolved(), Scene.lo())),
                            does(() -> socket.leaveGroup(Scene.strange(), Scene.lo())));
                })
                .add("join and leave when closed", s -> {
                    MulticastSocket socket = bound(s, maker);
                    socket.close();
                    return note(
                            does(() -> socket.joinGroup(GROUP, Scene.lo())),
                            does(() -> socket.joinGroup(GROUP, null)),
                            does(() -> socket.joinGroup(GROUP.getAddress())),
                            does(() -> socket.leaveGroup(GROUP, Scene.lo())),
                            does(() -> socket.leaveGroup(GROUP, null)),
                            does(() -> socket.leaveGroup(GROUP.getAddress())));
                })
                .add("join twice", s -> {
                    MulticastSocket socket = bound(s, maker);
                    return note(
                            does(() -> socket.joinGroup(GROUP, Scene.lo())),
                            does(() -> socket.joinGroup(GROUP, Scene.lo())),
                            does(() -> socket.joinGroup(GROUP.getAddress())));
                })
                .add("leave what was not joined", s -> {
                    MulticastSocket socket = bound(s, maker);
                    return note(
                            does(() -> socket.leaveGroup(GROUP, Scene.lo())),
                            does(() -> socket.leaveGroup(GROUP, null)),
                            does(() -> socket.leaveGroup(GROUP.getAddress())));
                })
                .add("leave twice", s -> {
                    MulticastSocket socket = bound(s, maker);
                    socket.joinGroup(GROUP, Scene.lo());
                    return note(
                            does(() -> socket.leaveGroup(GROUP, Scene.lo())),
                            does(() -> socket.leaveGroup(GROUP, Scene.lo())));
                })
                .add("join before the bind", s -> {
                    MulticastSocket socket = maker.open(s);
                    return note(does(() -> socket.joinGroup(GROUP, Scene.lo())), () -> DatagramCasesTest.state(socket));
                })
                .add("two groups at once", s -> {
                    MulticastSocket socket = bound(s, maker);
                    return note(
                            does(() -> socket.joinGroup(GROUP, Scene.lo())),
                            does(() -> socket.joinGroup(OTHER, Scene.lo())),
                            does(() -> socket.leaveGroup(GROUP, Scene.lo())),
                            does(() -> socket.leaveGroup(OTHER.getAddress())));
                });
    }

    private static Case.Table hearing(String prefix, Maker maker) {
        return new Case.Table(prefix)
                .add("its own datagrams are heard", s -> {
                    MulticastSocket socket = bound(s, maker);
                    socket.joinGroup(GROUP, Scene.lo());
                    send(socket, 7, GROUP.getAddress(), socket.getLocalPort());
                    return receive(socket);
                })
                .add("by the old methods", s -> {
                    MulticastSocket socket = bound(s, maker);
                    socket.setInterface(s.platform.loopback());
                    socket.joinGroup(GROUP.getAddress());
                    send(socket, 7, GROUP.getAddress(), socket.getLocalPort());
                    int heard = receive(socket);
                    socket.leaveGroup(GROUP.getAddress());
                    send(socket, 8, GROUP.getAddress(), socket.getLocalPort());
                    send(socket, 9, s.platform.loopback(), socket.getLocalPort());
                    return heard + " " + receive(socket);
                })
                .add("not in loopback mode off", s -> {
                    MulticastSocket socket = bound(s, maker);
                    socket.joinGroup(GROUP, Scene.lo());
                    socket.setLoopbackMode(true);
                    send(socket, 7, GROUP.getAddress(), socket.getLocalPort());
                    send(socket, 9, s.platform.loopback(), socket.getLocalPort());
                    return receive(socket);
                })
                .add("two sockets on one port", s -> {
                    MulticastSocket one = bound(s, maker);
                    MulticastSocket two = bound(s, maker, one.getLocalPort());
                    one.joinGroup(GROUP, Scene.lo());
                    two.joinGroup(GROUP, Scene.lo());
                    send(one, 5, GROUP.getAddress(), one.getLocalPort());
                    return receive(one) + " " + receive(two);
                })
                .add("each has its groups", s -> {
                    MulticastSocket one = bound(s, maker);
                    MulticastSocket two = bound(s, maker, one.getLocalPort());
                    one.joinGroup(GROUP, Scene.lo());
                    two.joinGroup(OTHER, Scene.lo());
                    send(one, 5, GROUP.getAddress(), one.getLocalPort());
                    send(one, 6, OTHER.getAddress(), one.getLocalPort());
                    return receive(one) + " " + receive(two);
                })
                .add("nothing after leaving", s -> {
                    MulticastSocket socket = bound(s, maker);
                    socket.joinGroup(GROUP, Scene.lo());
                    socket.leaveGroup(GROUP, Scene.lo());
                    send(socket, 7, GROUP.getAddress(), socket.getLocalPort());
                    send(socket, 9, s.platform.loopback(), socket.getLocalPort());
                    return receive(socket);
                })
                .add("a hop limit for one datagram", s -> {
                    MulticastSocket socket = bound(s, maker);
                    socket.joinGroup(GROUP, Scene.lo());
                    socket.setTimeToLive(3);
                    socket.send(packet(4, GROUP.getAddress(), socket.getLocalPort()), (byte) 9);
                    return receive(socket) + " " + socket.getTimeToLive();
                })
                .add("a hop limit for a datagram that fails", s -> {
                    MulticastSocket socket = bound(s, maker);
                    socket.setTimeToLive(3);
                    SocketAddress nowhere = new InetSocketAddress(GROUP.getAddress(), 0);
                    return note(
                            does(() -> socket.send(new DatagramPacket(new byte[1], 1, nowhere), (byte) 9)),
                            socket::getTimeToLive);
                });
    }
}
