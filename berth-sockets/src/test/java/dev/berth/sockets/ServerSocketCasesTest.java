package dev.berth.sockets;

import static dev.berth.sockets.Case.does;
import static dev.berth.sockets.Case.isAlwaysSame;
import static dev.berth.sockets.Case.note;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// `ServerSocket` method by method, by itself and as `ServerSocketChannel.socket()`.
class ServerSocketCasesTest extends DifferentialTest {
    @FunctionalInterface
    private interface Maker {
        ServerSocket open(Scene scene) throws IOException;
    }

    @TestFactory
    Stream<DynamicTest> sockets() {
        Maker maker = scene -> scene.closing(scene.platform.serverSocket());
        return Stream.of(states("ServerSocket", maker), calls("ServerSocket", maker), options("ServerSocket", maker))
                .flatMap(this::tests);
    }

    @TestFactory
    Stream<DynamicTest> views() {
        String prefix = "ServerSocketChannel.socket()";
        Maker maker = scene -> view(scene).socket();
        return Stream.of(states(prefix, maker), calls(prefix, maker), options(prefix, maker), modes(prefix))
                .flatMap(this::tests);
    }

    private static ServerSocketChannel view(Scene scene) throws IOException {
        return scene.closing(scene.platform.provider().openServerSocketChannel());
    }

    private static String state(ServerSocket socket) {
        return note(
                () -> "closed " + socket.isClosed() + " bound " + socket.isBound(),
                () -> Math.min(socket.getLocalPort(), 1_024),
                socket::getInetAddress,
                socket::getLocalSocketAddress,
                () -> socket.getChannel() != null,
                socket::toString);
    }

    private static ServerSocket bound(Scene scene, Maker maker) throws IOException {
        ServerSocket socket = maker.open(scene);
        socket.bind(scene.any());
        return socket;
    }

    private static Case.Table states(String prefix, Maker maker) {
        return new Case.Table(prefix + " state")
                .add("new", s -> state(maker.open(s)))
                .add("closed", s -> {
                    ServerSocket socket = maker.open(s);
                    socket.close();
                    socket.close();
                    return state(socket);
                })
                .add("bound to loopback", s -> state(bound(s, maker)))
                .add("bound to null", s -> {
                    ServerSocket socket = maker.open(s);
                    socket.bind(null);
                    return state(socket);
                })
                .add("bound to null with a backlog", s -> {
                    ServerSocket socket = maker.open(s);
                    socket.bind(null, 3);
                    return state(socket);
                })
                .add("bound to the wildcard", s -> {
                    ServerSocket socket = maker.open(s);
                    socket.bind(new InetSocketAddress(0));
                    return state(socket);
                })
                .add("bound to ::", s -> {
                    ServerSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.bind(new InetSocketAddress(InetAddress.getByName("::"), 0))),
                            () -> socket.isBound());
                })
                .add("bound, then closed", s -> {
                    ServerSocket socket = bound(s, maker);
                    socket.close();
                    return state(socket);
                })
                .add("bind failed", s -> {
                    ServerSocket socket = maker.open(s);
                    SocketAddress taken = s.listening().getLocalSocketAddress();
                    return note(does(() -> socket.bind(taken)), () -> state(socket));
                })
                .add("after an accept", s -> {
                    ServerSocket socket = bound(s, maker);
                    s.connectedTo(socket);
                    s.closing(socket.accept());
                    return state(socket);
                })
                .add("of what is accepted", s -> {
                    ServerSocket socket = bound(s, maker);
                    s.connectedTo(socket);
                    return SocketCasesTest.state(s.closing(socket.accept()));
                })
                .add("of what is accepted at the wildcard", s -> {
                    ServerSocket socket = maker.open(s);
                    socket.bind(null);
                    s.connectedTo(socket);
                    return SocketCasesTest.state(s.closing(socket.accept()));
                });
    }

    private static Case.Table calls(String prefix, Maker maker) {
        return new Case.Table(prefix)
                .add("bind twice", s -> {
                    ServerSocket socket = bound(s, maker);
                    return note(does(() -> socket.bind(s.any())), does(() -> socket.bind(null)), () -> state(socket));
                })
                .add("bind when closed", s -> {
                    ServerSocket socket = maker.open(s);
                    socket.close();
                    return note(
                            does(() -> socket.bind(s.any())),
                            does(() -> socket.bind(null, 1)),
                            does(() -> socket.bind(Scene.strange())));
                })
                .add("bind to a name", s -> {
                    ServerSocket socket = maker.open(s);
                    return note(does(() -> socket.bind(Scene.unresolved())), () -> state(socket));
                })
                .add(
                        "bind to a strange address",
                        s -> note(does(() -> maker.open(s).bind(Scene.strange()))))
                .add(
                        "bind to an address of others",
                        s -> note(does(() ->
                                maker.open(s).bind(new InetSocketAddress(InetAddress.getByName("192.0.2.1"), 0)))))
                .add(
                        "bind to what is taken",
                        s -> note(does(() -> maker.open(s).bind(s.listening().getLocalSocketAddress()))))
                .add(
                        "bind to the wildcard where loopback is taken",
                        s -> note(does(() -> maker.open(s)
                                .bind(new InetSocketAddress(s.listening().getLocalPort())))))
                .add("bind again where it was free again", s -> {
                    ServerSocket first = s.listening();
                    SocketAddress end = first.getLocalSocketAddress();
                    first.close();
                    return note(does(() -> maker.open(s).bind(end)));
                })
                .add(
                        "odd backlogs",
                        s -> note(
                                does(() -> maker.open(s).bind(s.any(), 0)),
                                does(() -> maker.open(s).bind(s.any(), -1)),
                                does(() -> maker.open(s).bind(s.any(), Integer.MAX_VALUE)),
                                does(() -> maker.open(s).bind(s.any(), Integer.MIN_VALUE))))
                .add("accept when not bound", s -> note(() -> maker.open(s).accept()))
                .add("accept when closed", s -> {
                    ServerSocket socket = bound(s, maker);
                    socket.close();
                    return note(socket::accept);
                })
                .add("accept when closed and never bound", s -> {
                    ServerSocket socket = maker.open(s);
                    socket.close();
                    return note(socket::accept);
                })
                .add("an accept that times out", s -> {
                    ServerSocket socket = bound(s, maker);
                    socket.setSoTimeout(5);
                    String late = note(socket::accept);
                    Socket client = s.connectedTo(socket);
                    socket.setSoTimeout(10_000);
                    return late + (port(s.closing(socket.accept())) == client.getLocalPort());
                })
                .add("an accept that times out, virtual", s -> {
                    ServerSocket socket = bound(s, maker);
                    socket.setSoTimeout(5);
                    return Case.onVirtualThread(socket::accept) + socket.isClosed();
                })
                .add("an accept that is not bound times out not", s -> {
                    ServerSocket socket = maker.open(s);
                    socket.setSoTimeout(5);
                    return note(socket::accept);
                })
                .add("accepted sockets have no time-out", s -> {
                    ServerSocket socket = bound(s, maker);
                    socket.setSoTimeout(10_000);
                    s.connectedTo(socket);
                    return s.closing(socket.accept()).getSoTimeout();
                })
                .add("accepted sockets live on", s -> {
                    ServerSocket socket = bound(s, maker);
                    Socket client = s.connectedTo(socket);
                    Socket accepted = s.closing(socket.accept());
                    socket.close();
                    accepted.getOutputStream().write(3);
                    return client.getInputStream().read();
                })
                .add("what nobody accepted is reset", s -> {
                    ServerSocket socket = bound(s, maker);
                    Socket client = s.connectedTo(socket);
                    socket.close();
                    return note(() -> client.getInputStream().read());
                });
    }

    private static int port(Socket socket) {
        return socket.getPort();
    }

    private static Case.Table options(String prefix, Maker maker) {
        return new Case.Table(prefix)
                .add("defaults", s -> defaults(maker.open(s)))
                .add("defaults when bound", s -> defaults(bound(s, maker)))
                .add("options of a closed socket", s -> {
                    ServerSocket socket = maker.open(s);
                    socket.close();
                    return defaults(socket);
                })
                .add("setting options of a closed socket", s -> {
                    ServerSocket socket = bound(s, maker);
                    socket.close();
                    return note(
                            does(() -> socket.setSoTimeout(1)),
                            does(() -> socket.setSoTimeout(-1)),
                            does(() -> socket.setReuseAddress(false)),
                            does(() -> socket.setReceiveBufferSize(0)),
                            does(() -> socket.setReceiveBufferSize(5_000)),
                            does(() -> socket.setPerformancePreferences(0, 0, 0)));
                })
                .add("time-outs", s -> {
                    ServerSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.setSoTimeout(-1)),
                            does(() -> socket.setSoTimeout(Integer.MAX_VALUE)),
                            socket::getSoTimeout,
                            does(() -> socket.setSoTimeout(0)),
                            socket::getSoTimeout);
                })
                .add("buffer sizes", s -> {
                    ServerSocket socket = maker.open(s);
                    return note(
                            does(() -> socket.setReceiveBufferSize(0)),
                            does(() -> socket.setReceiveBufferSize(-1)),
                            does(() -> socket.setReceiveBufferSize(40_000)),
                            () -> socket.getReceiveBufferSize() >= 40_000);
                })
                .add("buffers of accepted sockets", s -> {
                    ServerSocket socket = maker.open(s);
                    socket.setReceiveBufferSize(40_000);
                    socket.bind(s.any());
                    s.connectedTo(socket);
                    return s.closing(socket.accept()).getReceiveBufferSize() >= 40_000;
                })
                .add("reuse of addresses", s -> {
                    ServerSocket socket = maker.open(s);
                    return note(
                            socket::getReuseAddress,
                            does(() -> socket.setReuseAddress(false)),
                            socket::getReuseAddress);
                });
    }

    private static String defaults(ServerSocket socket) {
        return note(socket::getSoTimeout, socket::getReuseAddress, () -> socket.getReceiveBufferSize() > 2_000);
    }

    private static Case.Table modes(String prefix) {
        return new Case.Table(prefix)
                .add("accept in non-blocking mode", s -> {
                    ServerSocketChannel channel = view(s).bind(s.any());
                    channel.configureBlocking(false);
                    String none = note(() -> channel.socket().accept());
                    channel.socket().setSoTimeout(5);
                    return none + note(() -> channel.socket().accept());
                })
                .add("accept in non-blocking mode when one waits", s -> {
                    ServerSocketChannel channel = view(s).bind(s.any());
                    channel.configureBlocking(false);
                    s.connectedTo(channel.socket());
                    return note(() -> s.closing(channel.socket().accept()).isConnected());
                })
                .add("reading and writing in non-blocking mode", s -> {
                    SocketChannel channel = s.connectedChannels().client();
                    Socket socket = channel.socket();
                    channel.configureBlocking(false);
                    return note(
                            () -> socket.getInputStream().read(),
                            does(() -> socket.getOutputStream().write(1)),
                            () -> socket.getInputStream().available());
                })
                .add("connecting in non-blocking mode", s -> {
                    SocketChannel channel = s.openChannel();
                    channel.configureBlocking(false);
                    return note(
                            does(() -> channel.socket().connect(s.end(s.listening()))),
                            does(() -> channel.socket().connect(s.end(s.listening()), 10)));
                })
                .add("the socket is always the same", s -> {
                    ServerSocketChannel server = view(s);
                    SocketChannel client = s.openChannel();
                    return note(
                            () -> isAlwaysSame(server::socket),
                            () -> isAlwaysSame(client::socket),
                            () -> client.socket().getChannel() == client,
                            () -> server.socket().getChannel() == server);
                })
                .add("the channel sees what the socket does", s -> {
                    ServerSocketChannel server = view(s);
                    server.socket().bind(s.any());
                    SocketChannel client = s.openChannel();
                    client.socket().connect(server.getLocalAddress());
                    String open = note(server::getLocalAddress, client::isConnected);
                    client.socket().close();
                    server.socket().close();
                    return open + note(client::isOpen, server::isOpen);
                });
    }
}
