package dev.berth.sockets;

import static dev.berth.sockets.Case.does;
import static dev.berth.sockets.Case.isAlwaysSame;
import static dev.berth.sockets.Case.note;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.SocketAddress;
import java.nio.channels.DatagramChannel;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// `DatagramSocket` method by method, by itself, as a `MulticastSocket` and as `DatagramChannel.socket()`.
class DatagramCasesTest extends DifferentialTest {
    @FunctionalInterface
    private interface Maker {
        DatagramSocket open(Scene scene) throws IOException;
    }

    @TestFactory
    Stream<DynamicTest> sockets() {
        return all("DatagramSocket", scene -> scene.closing(scene.platform.datagramSocket(null)));
    }

    @TestFactory
    Stream<DynamicTest> multicastSockets() {
        return all("MulticastSocket", scene -> scene.closing(scene.platform.multicastSocket(null)));
    }

    @TestFactory
    Stream<DynamicTest> views() {
        return Stream.concat(
                all("DatagramChannel.socket()", scene -> channel(scene).socket()),
                tests(modes("DatagramChannel.socket()")));
    }

    private Stream<DynamicTest> all(String prefix, Maker maker) {
        return Stream.of(
                        states(prefix, maker),
                        ends(prefix, maker),
                        sending(prefix, maker),
                        receiving(prefix, maker),
                        options(prefix, maker))
                .flatMap(this::tests);
    }

    private static DatagramChannel channel(Scene scene) throws IOException {
        return scene.closing(scene.platform.provider().openDatagramChannel());
    }

    private static DatagramSocket bound(Scene scene, Maker maker) throws IOException {
        DatagramSocket socket = maker.open(scene);
        socket.bind(scene.any());
        return socket;
    }

    private static DatagramPacket packet(int length, SocketAddress to) {
        return new DatagramPacket(new byte[length], length, to);
    }

    static String state(DatagramSocket socket) {
        return note(
                () -> "closed " + socket.isClosed() + " bound " + socket.isBound() + " connected "
                        + socket.isConnected(),
                () -> Math.min(socket.getPort(), 1_024) + " " + Math.min(socket.getLocalPort(), 1_024),
                socket::getInetAddress,
                socket::getLocalAddress,
                socket::getRemoteSocketAddress,
                socket::getLocalSocketAddress,
                () -> socket.getChannel() != null);
    }

    private static Case.Table states(String prefix, Maker maker) {
        return new Case.Table(prefix + " state")
                .add("new", s -> state(maker.open(s)))
                .add("bound to loopback", s -> state(bound(s, maker)))
                .add("bound to null", s -> {
                    DatagramSocket socket = maker.open(s);
                    socket.bind(null);
                    return state(socket);
                })
                .add("bound to the wildcard", s -> {
                    DatagramSocket socket = maker.open(s);
                    socket.bind(new InetSocketAddress(0));
                    return state(socket);
                })
                .add("closed", s -> {
                    DatagramSocket socket = maker.open(s);
                    socket.close();
                    socket.close();
                    return state(socket);
                })
                .add("bound, then closed", s -> {
                    DatagramSocket socket = bound(s, maker);
                    socket.close();
                    return state(socket);
                })
                .add("connected", s -> {
                    DatagramSocket socket = bound(s, maker);
                    socket.connect(s.boundDatagrams().getLocalSocketAddress());
                    return state(socket);
                })
                .add("connected without a bind", s -> {
                    DatagramSocket socket = maker.open(s);
                    socket.connect(s.boundDatagrams().getLocalSocketAddress());
                    return state(socket);
                })
                .add("disconnected", s -> {
                    DatagramSocket socket = bound(s, maker);
                    socket.connect(s.boundDatagrams().getLocalSocketAddress());
                    socket.disconnect();
                    return state(socket);
                })
                .add("connected, then closed", s -> {
                    DatagramSocket socket = bound(s, maker);
                    socket.connect(s.boundDatagrams().getLocalSocketAddress());
                    socket.close();
                    return state(socket);
                })
                .add("bind failed", s -> {
                    DatagramSocket socket = maker.open(s);
                    SocketAddress taken = s.boundDatagrams().getLocalSocketAddress();
                    return note(does(() -> socket.bind(taken)), () -> state(socket));
                });
    }

    private static Case.Table ends(String prefix, Maker maker) {
        return new Case.Table(prefix)
                .add("bind twice", s -> {
                    DatagramSocket socket = bound(s, maker);
                    return note(does(() -> socket.bind(s.any())), does(() -> socket.bind(null)));
                })
                .add("bind when closed", s -> {
                    DatagramSocket socket = maker.open(s);
                    socket.close();
                    return note(does(() -> socket.bind(s.any())), does(() -> socket.bind(null)));
                })
                .add("bind to a name", s -> note(does(() -> maker.open(s).bind(Scene.unresolved()))))
                .add(
                        "bind to a strange address",
                        s -> note(does(() -> maker.open(s).bind(Scene.strange()))))
                .add(
                        "bind to an address of others",
                        s -> note(does(() ->
                                maker.open(s).bind(new InetSocketAddress(InetAddress.getByName("192.0.2.1"), 0)))))
                .add(
                        "connect to null",
                        s -> note(
                                does(() -> maker.open(s).connect(null)),
                                does(() -> maker.open(s).connect(null, 5))))
                .add("connect to a name", s -> note(does(() -> maker.open(s).connect(Scene.unresolved()))))
                .add(
                        "connect to a strange address",
                        s -> note(does(() -> maker.open(s).connect(Scene.strange()))))
                .add(
                        "connect to port 0",
                        s -> note(
                                does(() -> maker.open(s).connect(s.any())),
                                does(() -> maker.open(s).connect(s.platform.loopback(), 0))))
                .add(
                        "connect to an impossible port",
                        s -> note(
                                does(() -> maker.open(s).connect(s.platform.loopback(), -1)),
                                does(() -> maker.open(s).connect(s.platform.loopback(), 65_536))))
                .add("connect when closed", s -> {
                    DatagramSocket socket = bound(s, maker);
                    SocketAddress other = s.boundDatagrams().getLocalSocketAddress();
                    socket.close();
                    return note(
                            does(() -> socket.connect(other)),
                            does(() -> socket.connect(s.platform.loopback(), 5)),
                            does(() -> socket.connect(s.any())),
                            does(socket::disconnect),
                            () -> state(socket));
                })
                .add("connect twice", s -> {
                    DatagramSocket socket = bound(s, maker);
                    DatagramSocket last = s.boundDatagrams();
                    socket.connect(s.boundDatagrams().getLocalSocketAddress());
                    socket.connect(last.getLocalSocketAddress());
                    return socket.getPort() == last.getLocalPort();
                })
                .add("disconnect when not connected", s -> {
                    DatagramSocket socket = maker.open(s);
                    return note(does(socket::disconnect), () -> state(socket));
                })
                .add("the port stays when it disconnects", s -> {
                    DatagramSocket socket = bound(s, maker);
                    int port = socket.getLocalPort();
                    socket.connect(s.boundDatagrams().getLocalSocketAddress());
                    socket.disconnect();
                    return socket.getLocalPort() == port;
                });
    }

    private static Case.Table sending(String prefix, Maker maker) {
        return new Case.Table(prefix)
                .add("send null", s -> note(does(() -> maker.open(s).send(null))))
                .add("send to nobody", s -> note(does(() -> bound(s, maker).send(new DatagramPacket(new byte[1], 1)))))
                .add("send to port 0", s -> note(does(() -> bound(s, maker).send(packet(1, s.any())))))
                .add("send when closed", s -> {
                    DatagramSocket socket = bound(s, maker);
                    SocketAddress other = s.boundDatagrams().getLocalSocketAddress();
                    socket.close();
                    return note(
                            does(() -> socket.send(packet(1, other))),
                            does(() -> socket.send(new DatagramPacket(new byte[1], 1))));
                })
                .add("send to others when connected", s -> {
                    DatagramSocket socket = bound(s, maker);
                    socket.connect(s.boundDatagrams().getLocalSocketAddress());
                    return note(
                            does(() -> socket.send(packet(1, s.boundDatagrams().getLocalSocketAddress()))));
                })
                .add("a packet without an address gets that of the connection", s -> {
                    DatagramSocket socket = bound(s, maker);
                    socket.connect(s.boundDatagrams().getLocalSocketAddress());
                    DatagramPacket packet = new DatagramPacket(new byte[1], 1);
                    socket.send(packet);
                    return packet.getSocketAddress().equals(socket.getRemoteSocketAddress());
                })
                .add("too long", s -> {
                    SocketAddress to = s.boundDatagrams().getLocalSocketAddress();
                    DatagramSocket socket = bound(s, maker);
                    socket.setSendBufferSize(200_000);
                    return note(
                            does(() -> socket.send(packet(65_508, to))), does(() -> socket.send(packet(70_000, to))));
                })
                .add("as long as can be", s -> {
                    DatagramSocket other = s.boundDatagrams();
                    DatagramSocket socket = bound(s, maker);
                    socket.send(packet(65_507, other.getLocalSocketAddress()));
                    DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
                    other.receive(packet);
                    return packet.getLength();
                })
                .add("a send binds", s -> {
                    DatagramSocket socket = maker.open(s);
                    socket.send(packet(1, s.boundDatagrams().getLocalSocketAddress()));
                    return state(socket);
                })
                .add("send to a port without a socket", s -> {
                    DatagramSocket gone = s.boundDatagrams();
                    SocketAddress nobody = gone.getLocalSocketAddress();
                    gone.close();
                    DatagramSocket socket = bound(s, maker);
                    return note(does(() -> socket.send(packet(1, nobody))), does(() -> socket.send(packet(1, nobody))));
                });
    }

    private static Case.Table receiving(String prefix, Maker maker) {
        return new Case.Table(prefix)
                .add("receive null", s -> note(does(() -> maker.open(s).receive(null))))
                .add("receive when closed", s -> {
                    DatagramSocket socket = bound(s, maker);
                    socket.close();
                    return note(does(() -> socket.receive(new DatagramPacket(new byte[1], 1))));
                })
                .add("a receive that times out", s -> {
                    DatagramSocket socket = bound(s, maker);
                    socket.setSoTimeout(5);
                    return note(does(() -> socket.receive(new DatagramPacket(new byte[1], 1))), () -> state(socket));
                })
                .add("a receive that times out, virtual", s -> {
                    DatagramSocket socket = bound(s, maker);
                    socket.setSoTimeout(5);
                    return Case.onVirtualThread(() -> {
                                socket.receive(new DatagramPacket(new byte[1], 1));
                                return "received";
                            })
                            + socket.isClosed();
                })
                .add("a receive binds", s -> {
                    DatagramSocket socket = maker.open(s);
                    socket.setSoTimeout(5);
                    return note(does(() -> socket.receive(new DatagramPacket(new byte[1], 1))), () -> state(socket));
                })
                .add("a part of the buffer", s -> {
                    DatagramSocket socket = bound(s, maker);
                    byte[] bytes = new byte[10];
                    DatagramPacket packet = new DatagramPacket(bytes, 3, 4);
                    DatagramSocket other = s.boundDatagrams();
                    other.send(new DatagramPacket(new byte[] {1, 2, 3, 4, 5, 6}, 6, socket.getLocalSocketAddress()));
                    socket.receive(packet);
                    return note(
                            packet::getLength,
                            packet::getOffset,
                            () -> bytes,
                            () -> packet.getSocketAddress().equals(other.getLocalSocketAddress()));
                })
                .add("an empty datagram", s -> {
                    DatagramSocket socket = bound(s, maker);
                    s.boundDatagrams().send(packet(0, socket.getLocalSocketAddress()));
                    DatagramPacket packet = new DatagramPacket(new byte[8], 8);
                    socket.receive(packet);
                    return packet.getLength();
                })
                .add("no room", s -> {
                    DatagramSocket socket = bound(s, maker);
                    s.boundDatagrams().send(packet(5, socket.getLocalSocketAddress()));
                    DatagramPacket packet = new DatagramPacket(new byte[0], 0);
                    socket.receive(packet);
                    return packet.getLength();
                })
                .add("the same packet for two sockets", s -> {
                    DatagramSocket one = bound(s, maker);
                    DatagramSocket two = bound(s, maker);
                    DatagramSocket other = s.boundDatagrams();
                    other.send(packet(2, one.getLocalSocketAddress()));
                    other.send(packet(9, two.getLocalSocketAddress()));
                    DatagramPacket packet = new DatagramPacket(new byte[10], 10);
                    one.receive(packet);
                    int first = packet.getLength();
                    two.receive(packet);
                    return first + " " + packet.getLength();
                })
                .add("a packet whose length the program sets to what it is", s -> {
                    DatagramSocket socket = bound(s, maker);
                    DatagramSocket other = s.boundDatagrams();
                    other.send(packet(2, socket.getLocalSocketAddress()));
                    other.send(packet(9, socket.getLocalSocketAddress()));
                    DatagramPacket packet = new DatagramPacket(new byte[10], 10);
                    socket.receive(packet);
                    packet.setLength(2);
                    socket.receive(packet);
                    return packet.getLength();
                })
                .add("only the connected end is heard", s -> {
                    DatagramSocket socket = bound(s, maker);
                    DatagramSocket other = s.boundDatagrams();
                    socket.connect(other.getLocalSocketAddress());
                    s.boundDatagrams().send(packet(1, socket.getLocalSocketAddress()));
                    other.send(packet(2, socket.getLocalSocketAddress()));
                    DatagramPacket packet = new DatagramPacket(new byte[10], 10);
                    socket.receive(packet);
                    return packet.getLength();
                })
                .add("what came before the connect is dropped", s -> {
                    DatagramSocket socket = bound(s, maker);
                    DatagramSocket other = s.boundDatagrams();
                    other.send(packet(1, socket.getLocalSocketAddress()));
                    s.boundDatagrams().send(packet(3, socket.getLocalSocketAddress()));
                    socket.connect(other.getLocalSocketAddress());
                    other.send(packet(2, socket.getLocalSocketAddress()));
                    DatagramPacket packet = new DatagramPacket(new byte[10], 10);
                    socket.receive(packet);
                    return packet.getLength();
                })
                .add("nobody at the connected end", s -> {
                    DatagramSocket gone = s.boundDatagrams();
                    SocketAddress nobody = gone.getLocalSocketAddress();
                    gone.close();
                    DatagramSocket socket = bound(s, maker);
                    socket.connect(nobody);
                    socket.setSoTimeout(10_000);
                    socket.send(packet(1, nobody));
                    return note(does(() -> socket.receive(new DatagramPacket(new byte[1], 1))));
                });
    }

    private static Case.Table options(String prefix, Maker maker) {
        return new Case.Table(prefix)
                .add("defaults", s -> defaults(maker.open(s)))
                .add("options of a closed socket", s -> {
                    DatagramSocket socket = maker.open(s);
                    socket.close();
                    return defaults(socket);
                })
                .add("setting options of a closed socket", s -> {
                    DatagramSocket socket = bound(s, maker);
                    socket.close();
                    return note(
                            does(() -> socket.setSoTimeout(1)),
                            does(() -> socket.setSoTimeout(-1)),
                            does(() -> socket.setSendBufferSize(0)),
                            does(() -> socket.setSendBufferSize(1)),
                            does(() -> socket.setReceiveBufferSize(0)),
                            does(() -> socket.setReceiveBufferSize(1)),
                            does(() -> socket.setReuseAddress(true)),
                            does(() -> socket.setBroadcast(true)),
                            does(() -> socket.setTrafficClass(1)),
                            does(() -> socket.setTrafficClass(-1)));
                })
                .add("time-outs", s -> {
                    DatagramSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.setSoTimeout(-1)),
                            does(() -> socket.setSoTimeout(Integer.MAX_VALUE)),
                            socket::getSoTimeout);
                })
                .add("buffer sizes", s -> {
                    DatagramSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.setSendBufferSize(0)),
                            does(() -> socket.setSendBufferSize(-1)),
                            does(() -> socket.setReceiveBufferSize(0)),
                            does(() -> socket.setReceiveBufferSize(-1)),
                            does(() -> socket.setSendBufferSize(40_000)),
                            does(() -> socket.setReceiveBufferSize(40_000)),
                            () -> socket.getSendBufferSize() >= 40_000,
                            () -> socket.getReceiveBufferSize() >= 40_000,
                            does(() -> socket.setReceiveBufferSize(Integer.MAX_VALUE)));
                })
                .add("traffic class", s -> {
                    DatagramSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.setTrafficClass(-1)),
                            does(() -> socket.setTrafficClass(256)),
                            does(() -> socket.setTrafficClass(255)),
                            socket::getTrafficClass);
                })
                .add("flags", s -> {
                    DatagramSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.setBroadcast(false)),
                            socket::getBroadcast,
                            does(() -> socket.setBroadcast(true)),
                            socket::getBroadcast,
                            does(() -> socket.setReuseAddress(true)),
                            socket::getReuseAddress,
                            does(() -> socket.setReuseAddress(false)),
                            socket::getReuseAddress);
                });
    }

    private static String defaults(DatagramSocket socket) {
        return note(
                socket::getSoTimeout,
                socket::getBroadcast,
                socket::getReuseAddress,
                socket::getTrafficClass,
                () -> socket.getSendBufferSize() > 2_000,
                () -> socket.getReceiveBufferSize() > 2_000);
    }

    private static Case.Table modes(String prefix) {
        return new Case.Table(prefix)
                .add("sending and receiving in non-blocking mode", s -> {
                    DatagramChannel channel = channel(s);
                    channel.bind(s.any());
                    channel.configureBlocking(false);
                    return note(
                            does(() -> channel.socket().receive(new DatagramPacket(new byte[1], 1))),
                            does(() -> channel.socket().send(packet(1, channel.getLocalAddress()))));
                })
                .add("it is a multicast socket, and always the same", s -> {
                    DatagramChannel channel = channel(s);
                    return note(
                            () -> channel.socket() instanceof MulticastSocket,
                            () -> isAlwaysSame(channel::socket),
                            () -> channel.socket().getChannel() == channel);
                });
    }
}
