package dev.berth.sockets;

import static dev.berth.sockets.Case.does;
import static dev.berth.sockets.Case.note;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// `Socket` method by method, by itself and as `SocketChannel.socket()`.
class SocketCasesTest extends DifferentialTest {
    @FunctionalInterface
    private interface Maker {
        Socket open(Scene scene) throws IOException;
    }

    @TestFactory
    Stream<DynamicTest> sockets() {
        return all("Socket", scene -> scene.closing(scene.platform.socket()));
    }

    @TestFactory
    Stream<DynamicTest> views() {
        return all("SocketChannel.socket()", scene -> scene.openChannel().socket());
    }

    private Stream<DynamicTest> all(String prefix, Maker maker) {
        return Stream.of(
                        states(prefix, maker),
                        bindAndConnect(prefix, maker),
                        streams(prefix, maker),
                        endings(prefix, maker),
                        options(prefix, maker))
                .flatMap(this::tests);
    }

    /// All that a socket says of itself.
    static String state(Socket socket) {
        return note(
                () -> "closed " + socket.isClosed() + " bound " + socket.isBound() + " connected "
                        + socket.isConnected() + " in " + socket.isInputShutdown() + " out "
                        + socket.isOutputShutdown(),
                () -> port(socket.getPort()) + " " + port(socket.getLocalPort()),
                socket::getInetAddress,
                socket::getLocalAddress,
                socket::getRemoteSocketAddress,
                socket::getLocalSocketAddress,
                () -> socket.getChannel() != null,
                socket::toString);
    }

    private static String port(int port) {
        return port > 1_023 ? "#" : String.valueOf(port);
    }

    private static Case.Table states(String prefix, Maker maker) {
        return new Case.Table(prefix + " state")
                .add("new", s -> state(maker.open(s)))
                .add("closed", s -> {
                    Socket socket = maker.open(s);
                    socket.close();
                    socket.close();
                    return state(socket);
                })
                .add("bound to the wildcard", s -> {
                    Socket socket = maker.open(s);
                    socket.bind(null);
                    return state(socket);
                })
                .add("bound to loopback", s -> {
                    Socket socket = maker.open(s);
                    socket.bind(s.any());
                    return state(socket);
                })
                .add("bound, then closed", s -> {
                    Socket socket = maker.open(s);
                    socket.bind(s.any());
                    socket.close();
                    return state(socket);
                })
                .add("connected", s -> state(s.connect(maker.open(s)).client()))
                .add("connected after a bind to the wildcard", s -> {
                    Socket socket = maker.open(s);
                    socket.bind(new InetSocketAddress(0));
                    return state(s.connect(socket).client());
                })
                .add("accepted", s -> state(s.connect(maker.open(s)).server()))
                .add("connected, then closed", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.close();
                    return state(socket);
                })
                .add("accepted, then closed", s -> {
                    Socket socket = s.connect(maker.open(s)).server();
                    socket.close();
                    return state(socket);
                })
                .add("input shut down", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.shutdownInput();
                    return state(socket);
                })
                .add("output shut down", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.shutdownOutput();
                    return state(socket);
                })
                .add("both shut down, then closed", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.shutdownOutput();
                    socket.shutdownInput();
                    String open = state(socket);
                    socket.close();
                    return open + " / " + state(socket);
                })
                .add("peer gone", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.server().close();
                    both.client().getInputStream().read();
                    return state(both.client());
                })
                .add("reset by peer", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.server().setSoLinger(true, 0);
                    both.server().close();
                    return note(() -> both.client().getInputStream().read()) + state(both.client());
                })
                .add("refused", s -> {
                    Socket socket = maker.open(s);
                    return note(does(() -> socket.connect(s.deaf())), () -> state(socket));
                })
                .add("bind failed", s -> {
                    Socket socket = maker.open(s);
                    SocketAddress taken = s.listening().getLocalSocketAddress();
                    return note(does(() -> socket.bind(taken)), () -> state(socket));
                });
    }

    private static Case.Table bindAndConnect(String prefix, Maker maker) {
        Case.Table table = new Case.Table(prefix);
        table.add("bind twice", s -> {
                    Socket socket = maker.open(s);
                    socket.bind(s.any());
                    return note(does(() -> socket.bind(s.any())), does(() -> socket.bind(null)));
                })
                .add("bind when closed", s -> {
                    Socket socket = maker.open(s);
                    socket.close();
                    return note(does(() -> socket.bind(s.any())), does(() -> socket.bind(null)));
                })
                .add("bind when connected", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    return note(does(() -> socket.bind(s.any())));
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
                        "bind to a listener's end",
                        s -> note(does(() -> maker.open(s).bind(s.listening().getLocalSocketAddress()))))
                .add("connect to null", s -> note(does(() -> maker.open(s).connect(null))))
                .add(
                        "connect to null with a time-out",
                        s -> note(does(() -> maker.open(s).connect(null, -1))))
                .add(
                        "connect with a negative time-out",
                        s -> note(does(() -> maker.open(s).connect(s.any(), -1))))
                .add(
                        "connect to a name with a negative time-out",
                        s -> note(does(() -> maker.open(s).connect(Scene.unresolved(), -1))))
                .add("connect to a name", s -> {
                    Socket socket = maker.open(s);
                    return note(does(() -> socket.connect(Scene.unresolved()))) + state(socket);
                })
                .add("connect to a strange address", s -> {
                    Socket socket = maker.open(s);
                    return note(does(() -> socket.connect(Scene.strange()))) + socket.isClosed();
                })
                .add("connect twice", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    return note(does(() -> socket.connect(s.end(s.listening())))) + state(socket);
                })
                .add("connect to a name when connected", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    return note(does(() -> socket.connect(Scene.unresolved()))) + state(socket);
                })
                .add("connect when closed", s -> {
                    Socket socket = maker.open(s);
                    socket.close();
                    return note(
                            does(() -> socket.connect(s.deaf())),
                            does(() -> socket.connect(s.deaf(), 10)),
                            does(() -> socket.connect(Scene.unresolved())));
                })
                .add(
                        "connect where nobody listens",
                        s -> note(does(() -> maker.open(s).connect(s.deaf()))))
                .add(
                        "connect where nobody listens, timed",
                        s -> note(does(() -> maker.open(s).connect(s.deaf(), 5_000))))
                .add("connect where nobody listens, virtual", s -> {
                    Socket socket = maker.open(s);
                    return Case.onVirtualThread(() -> {
                        socket.connect(s.deaf());
                        return "connected";
                    });
                })
                .add("connect to port 0", s -> note(does(() -> maker.open(s).connect(s.any()))))
                .add("connect again after a refusal", s -> {
                    Socket socket = maker.open(s);
                    return note(does(() -> socket.connect(s.deaf())), does(() -> socket.connect(s.deaf())));
                })
                .add("connect with a time-out", s -> {
                    Socket socket = maker.open(s);
                    socket.connect(s.end(s.listening()), 10_000);
                    return state(socket);
                })
                .add("connect from a bound end keeps it", s -> {
                    Socket socket = maker.open(s);
                    socket.bind(s.any());
                    int port = socket.getLocalPort();
                    s.connect(socket);
                    return socket.getLocalPort() == port;
                });
        return table;
    }

    private static Case.Table streams(String prefix, Maker maker) {
        Case.Table table = new Case.Table(prefix);
        table.add("streams of a new socket", s -> {
                    Socket socket = maker.open(s);
                    return note(socket::getInputStream, socket::getOutputStream);
                })
                .add("streams of a bound socket", s -> {
                    Socket socket = maker.open(s);
                    socket.bind(null);
                    return note(socket::getInputStream, socket::getOutputStream);
                })
                .add("streams of a closed socket", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.close();
                    return note(socket::getInputStream, socket::getOutputStream);
                })
                .add("streams after shutting down", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.shutdownInput();
                    socket.shutdownOutput();
                    return note(socket::getInputStream, socket::getOutputStream);
                })
                .add("arguments of read", s -> {
                    InputStream in = s.connect(maker.open(s)).client().getInputStream();
                    return note(
                            () -> in.read(null),
                            () -> in.read(null, 0, 0),
                            () -> in.read(new byte[4], -1, 1),
                            () -> in.read(new byte[4], 2, 3),
                            () -> in.read(new byte[4], 0, -1),
                            () -> in.read(new byte[4], 4, 0),
                            () -> in.read(new byte[0]));
                })
                .add("arguments of write", s -> {
                    OutputStream out = s.connect(maker.open(s)).client().getOutputStream();
                    return note(
                            does(() -> out.write(null)),
                            does(() -> out.write(null, 0, 0)),
                            does(() -> out.write(new byte[4], -1, 1)),
                            does(() -> out.write(new byte[4], 2, 3)),
                            does(() -> out.write(new byte[4], 0, -1)),
                            does(() -> out.write(new byte[4], 4, 0)),
                            does(() -> out.write(new byte[0])));
                })
                .add("reading after close", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    InputStream in = socket.getInputStream();
                    socket.close();
                    return note(() -> in.read(), () -> in.read(new byte[2]), () -> in.read(new byte[0]), in::available);
                })
                .add("writing after close", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    OutputStream out = socket.getOutputStream();
                    socket.close();
                    return note(does(() -> out.write(1)), does(() -> out.write(new byte[0])), does(out::flush));
                })
                .add("closing the input closes the socket", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.getInputStream().close();
                    return state(socket);
                })
                .add("closing the output closes the socket", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.getOutputStream().close();
                    return state(socket);
                })
                .add("a stream is not marked or reset", s -> {
                    InputStream in = s.connect(maker.open(s)).client().getInputStream();
                    return note(in::markSupported, does(in::reset));
                })
                .add("octets arrive as they were", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.server().getOutputStream().write(new byte[] {0, 1, -1, 127, -128});
                    both.server().close();
                    InputStream in = both.client().getInputStream();
                    return note(() -> in.read(), () -> in.read(), () -> in.read(), in::readAllBytes, () -> in.read());
                })
                .add("what is available", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    InputStream in = both.client().getInputStream();
                    int before = in.available();
                    both.server().getOutputStream().write(new byte[10]);
                    in.read();
                    int there = in.available();
                    in.readNBytes(9);
                    both.server().close();
                    int atEnd = in.read();
                    return before + " " + there + " " + atEnd + " " + in.available();
                })
                .add("skipping", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.server().getOutputStream().write(new byte[] {1, 2, 3, 4, 5});
                    InputStream in = both.client().getInputStream();
                    in.skipNBytes(3);
                    return note(() -> in.read(), () -> in.skip(0), () -> in.skip(-1));
                })
                .add("the end stays the end", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.server().shutdownOutput();
                    InputStream in = both.client().getInputStream();
                    return note(() -> in.read(), () -> in.read(new byte[3]), () -> in.read(new byte[0]), in::available);
                })
                .add("a read that times out", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.client().setSoTimeout(5);
                    InputStream in = both.client().getInputStream();
                    String late = note(() -> in.read());
                    both.server().getOutputStream().write(7);
                    both.client().setSoTimeout(10_000);
                    return late + note(() -> in.read()) + state(both.client());
                })
                .add("a read that times out, virtual", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.setSoTimeout(5);
                    return Case.onVirtualThread(() -> socket.getInputStream().read()) + state(socket);
                });
        return table;
    }

    private static Case.Table endings(String prefix, Maker maker) {
        Case.Table table = new Case.Table(prefix);
        table.add("shutting down what is not connected", s -> {
                    Socket socket = maker.open(s);
                    return note(does(socket::shutdownInput), does(socket::shutdownOutput));
                })
                .add("shutting down what is closed", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.close();
                    return note(does(socket::shutdownInput), does(socket::shutdownOutput));
                })
                .add("shutting down twice", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    return note(
                            does(socket::shutdownInput),
                            does(socket::shutdownInput),
                            does(socket::shutdownOutput),
                            does(socket::shutdownOutput));
                })
                .add("reading after shutting the input down", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    InputStream in = both.client().getInputStream();
                    both.client().shutdownInput();
                    return note(() -> in.read(), in::available, () -> in.read(new byte[4], 1, 2));
                })
                .add("writing after shutting the output down", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    OutputStream out = socket.getOutputStream();
                    socket.shutdownOutput();
                    return note(does(() -> out.write(1)), does(() -> out.write(new byte[2])));
                })
                .add("the other half stays open", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    InputStream in = both.client().getInputStream();
                    both.client().shutdownOutput();
                    int end = both.server().getInputStream().read();
                    both.server().getOutputStream().write(5);
                    return end + " " + in.read();
                })
                .add("linger 0 resets", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.server().setSoLinger(true, 0);
                    both.server().close();
                    InputStream in = both.client().getInputStream();
                    return note(() -> in.read(), () -> in.read(), in::available);
                })
                .add("writing after a reset", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.server().setSoLinger(true, 0);
                    both.server().close();
                    OutputStream out = both.client().getOutputStream();
                    String read = note(() -> both.client().getInputStream().read());
                    return read + note(does(() -> out.write(1)), does(() -> out.write(1)));
                })
                .add("shutting down after a reset", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.server().setSoLinger(true, 0);
                    both.server().close();
                    String read = note(() -> both.client().getInputStream().read());
                    return read + note(does(both.client()::shutdownInput), does(both.client()::shutdownOutput));
                })
                .add("lingering close waits for the acknowledgment only", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.client().setSoLinger(true, 20);
                    both.client().getOutputStream().write(new byte[10]);
                    both.client().close();
                    return both.server().getInputStream().readAllBytes().length;
                })
                .add("urgent data needs a connection", s -> {
                    Socket socket = maker.open(s);
                    String fresh = note(does(() -> socket.sendUrgentData(1)));
                    socket.close();
                    return fresh + note(does(() -> socket.sendUrgentData(1)));
                })
                .add("urgent data after shutting the output down", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.shutdownOutput();
                    return note(does(() -> socket.sendUrgentData(1)));
                })
                .add("urgent data after closing", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.close();
                    return note(does(() -> socket.sendUrgentData(1)));
                })
                .add("urgent data in line", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.client().setOOBInline(true);
                    both.server().getOutputStream().write('a');
                    both.server().sendUrgentData('b');
                    both.server().getOutputStream().write('c');
                    both.server().close();
                    return Contract.text(both.client().getInputStream().readAllBytes());
                })
                .add("urgent data out of line is dropped", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.server().getOutputStream().write('a');
                    both.server().sendUrgentData('b');
                    both.server().getOutputStream().write('c');
                    both.server().close();
                    return Contract.text(both.client().getInputStream().readAllBytes());
                })
                .add("urgent data is the low eight bits", s -> {
                    Contract.Sockets both = s.connect(maker.open(s));
                    both.server().setOOBInline(true);
                    both.client().sendUrgentData(0x1fe);
                    return both.server().getInputStream().read();
                });
        return table;
    }

    private static Case.Table options(String prefix, Maker maker) {
        Case.Table table = new Case.Table(prefix);
        table.add("defaults", s -> defaults(maker.open(s)))
                .add(
                        "defaults of a connection",
                        s -> defaults(s.connect(maker.open(s)).client()))
                .add(
                        "defaults of an accepted connection",
                        s -> defaults(s.connect(maker.open(s)).server()))
                .add("options of a closed socket", s -> {
                    Socket socket = maker.open(s);
                    socket.close();
                    return defaults(socket);
                })
                .add("setting options of a closed socket", s -> {
                    Socket socket = s.connect(maker.open(s)).client();
                    socket.close();
                    return note(
                            does(() -> socket.setTcpNoDelay(true)),
                            does(() -> socket.setSoLinger(true, 1)),
                            does(() -> socket.setSoLinger(true, -1)),
                            does(() -> socket.setOOBInline(true)),
                            does(() -> socket.setSoTimeout(1)),
                            does(() -> socket.setSoTimeout(-1)),
                            does(() -> socket.setSendBufferSize(1_000)),
                            does(() -> socket.setSendBufferSize(0)),
                            does(() -> socket.setReceiveBufferSize(1_000)),
                            does(() -> socket.setReceiveBufferSize(-1)),
                            does(() -> socket.setKeepAlive(true)),
                            does(() -> socket.setTrafficClass(8)),
                            does(() -> socket.setTrafficClass(256)),
                            does(() -> socket.setReuseAddress(true)),
                            does(() -> socket.setPerformancePreferences(1, 2, 3)));
                })
                .add("flags", s -> {
                    Socket socket = maker.open(s);
                    socket.setTcpNoDelay(true);
                    socket.setOOBInline(true);
                    socket.setKeepAlive(true);
                    socket.setReuseAddress(true);
                    socket.setTrafficClass(0xb8);
                    socket.setSoTimeout(77);
                    return flags(socket);
                })
                .add("time-outs", s -> {
                    Socket socket = maker.open(s);
                    return note(
                            does(() -> socket.setSoTimeout(-1)),
                            does(() -> socket.setSoTimeout(Integer.MAX_VALUE)),
                            socket::getSoTimeout,
                            does(() -> socket.setSoTimeout(0)),
                            socket::getSoTimeout);
                })
                .add("linger", s -> {
                    Socket socket = maker.open(s);
                    return note(
                            does(() -> socket.setSoLinger(true, 0)),
                            socket::getSoLinger,
                            does(() -> socket.setSoLinger(true, 9)),
                            socket::getSoLinger,
                            does(() -> socket.setSoLinger(true, 70_000)),
                            socket::getSoLinger,
                            does(() -> socket.setSoLinger(false, 9)),
                            socket::getSoLinger,
                            does(() -> socket.setSoLinger(true, -5)),
                            socket::getSoLinger);
                })
                .add("buffer sizes", s -> {
                    Socket socket = maker.open(s);
                    return note(
                            does(() -> socket.setSendBufferSize(0)),
                            does(() -> socket.setSendBufferSize(-1)),
                            does(() -> socket.setReceiveBufferSize(0)),
                            does(() -> socket.setReceiveBufferSize(Integer.MIN_VALUE)),
                            does(() -> socket.setSendBufferSize(50_000)),
                            does(() -> socket.setReceiveBufferSize(50_000)),
                            () -> socket.getSendBufferSize() >= 50_000,
                            () -> socket.getReceiveBufferSize() >= 50_000,
                            does(() -> socket.setSendBufferSize(1)),
                            does(() -> socket.setReceiveBufferSize(Integer.MAX_VALUE)));
                })
                .add("traffic class", s -> {
                    Socket socket = maker.open(s);
                    return note(
                            does(() -> socket.setTrafficClass(-1)),
                            does(() -> socket.setTrafficClass(256)),
                            does(() -> socket.setTrafficClass(255)),
                            socket::getTrafficClass,
                            does(() -> socket.setTrafficClass(0)),
                            socket::getTrafficClass);
                });
        return table;
    }

    private static String flags(Socket socket) {
        return note(
                socket::getTcpNoDelay,
                socket::getSoLinger,
                socket::getOOBInline,
                socket::getSoTimeout,
                socket::getKeepAlive,
                socket::getTrafficClass,
                socket::getReuseAddress);
    }

    private static String defaults(Socket socket) {
        return flags(socket)
                + note(() -> socket.getSendBufferSize() > 2_000, () -> socket.getReceiveBufferSize() > 2_000);
    }
}
