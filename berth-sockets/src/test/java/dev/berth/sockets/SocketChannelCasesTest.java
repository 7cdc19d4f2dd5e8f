package dev.berth.sockets;

import static dev.berth.sockets.Case.does;
import static dev.berth.sockets.Case.isAlwaysSame;
import static dev.berth.sockets.Case.note;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// `SocketChannel`, `ServerSocketChannel` and `Pipe` method by method.
class SocketChannelCasesTest extends DifferentialTest {
    @TestFactory
    Stream<DynamicTest> channels() {
        return Stream.of(ends("SocketChannel", null), io("SocketChannel", null)).flatMap(this::tests);
    }

    @TestFactory
    Stream<DynamicTest> ipv4Channels() {
        String prefix = "SocketChannel of INET";
        return Stream.of(ends(prefix, StandardProtocolFamily.INET), io(prefix, StandardProtocolFamily.INET))
                .flatMap(this::tests);
    }

    @TestFactory
    Stream<DynamicTest> serverChannels() {
        return tests(servers("ServerSocketChannel", null));
    }

    @TestFactory
    Stream<DynamicTest> ipv4ServerChannels() {
        return tests(servers("ServerSocketChannel of INET", StandardProtocolFamily.INET));
    }

    @TestFactory
    Stream<DynamicTest> pipes() {
        return tests(pipe());
    }

    private static SocketChannel open(Scene s, @Nullable StandardProtocolFamily family) throws IOException {
        return s.closing(
                family == null
                        ? s.platform.provider().openSocketChannel()
                        : s.platform.provider().openSocketChannel(family));
    }

    private static SocketChannel closed(Scene s, @Nullable StandardProtocolFamily family) throws IOException {
        SocketChannel channel = open(s, family);
        channel.close();
        return channel;
    }

    private static Contract.ChannelPair pair(Scene s, @Nullable StandardProtocolFamily family) throws IOException {
        ServerSocketChannel server = s.listeningChannel();
        SocketChannel client = open(s, family);
        client.connect(server.getLocalAddress());
        return new Contract.ChannelPair(client, s.closing(server.accept()));
    }

    private static String state(SocketChannel channel) {
        return note(
                channel::isOpen,
                channel::isConnected,
                channel::isConnectionPending,
                channel::isBlocking,
                channel::getLocalAddress,
                channel::getRemoteAddress,
                channel::validOps,
                channel::toString);
    }

    private static Case.Table ends(String prefix, @Nullable StandardProtocolFamily family) {
        return new Case.Table(prefix)
                .add("state when new", s -> state(open(s, family)))
                .add("state when closed", s -> state(closed(s, family)))
                .add("state when bound", s -> state(open(s, family).bind(s.any())))
                .add("state when bound to null", s -> state(open(s, family).bind(null)))
                .add("state when connected", s -> state(pair(s, family).client()))
                .add("state when accepted", s -> state(pair(s, family).server()))
                .add("state when half shut down", s -> {
                    SocketChannel channel = pair(s, family).client();
                    String in = state(channel.shutdownInput());
                    return in + state(channel.shutdownOutput());
                })
                .add("state after a refusal", s -> {
                    SocketChannel channel = open(s, family);
                    return note(() -> channel.connect(s.deaf()), () -> state(channel));
                })
                .add("bind twice", s -> note(() -> open(s, family).bind(s.any()).bind(null)))
                .add("bind when closed", s -> note(() -> closed(s, family).bind(null)))
                .add(
                        "bind when connected",
                        s -> note(() -> pair(s, family).client().bind(null)))
                .add(
                        "bind to odd addresses",
                        s -> note(
                                () -> open(s, family).bind(Scene.unresolved()),
                                () -> open(s, family).bind(Scene.strange()),
                                () -> open(s, family)
                                        .bind(new InetSocketAddress(InetAddress.getByName("192.0.2.1"), 0)),
                                () -> open(s, family)
                                        .bind(new InetSocketAddress("::1", 0))
                                        .isOpen()))
                .add(
                        "bind to what is taken",
                        s -> note(
                                () -> open(s, family).bind(s.listeningChannel().getLocalAddress())))
                .add(
                        "connect to odd addresses",
                        s -> note(
                                () -> open(s, family).connect(null),
                                () -> open(s, family).connect(Scene.unresolved()),
                                () -> open(s, family).connect(Scene.strange()),
                                () -> open(s, family).connect(s.any())))
                .add("an odd address leaves the channel open", s -> {
                    SocketChannel channel = open(s, family);
                    return note(() -> channel.connect(Scene.unresolved()), channel::isOpen);
                })
                .add("connect when closed", s -> note(() -> closed(s, family).connect(s.deaf())))
                .add("connect twice", s -> {
                    SocketChannel channel = pair(s, family).client();
                    return note(() -> channel.connect(s.deaf()), channel::isOpen);
                })
                .add(
                        "finishConnect at odd times",
                        s -> note(
                                () -> open(s, family).finishConnect(),
                                () -> closed(s, family).finishConnect(),
                                () -> pair(s, family).client().finishConnect()))
                .add("a refusal in non-blocking mode", s -> {
                    SocketChannel channel = open(s, family);
                    channel.configureBlocking(false);
                    SocketAddress nobody = s.deaf();
                    String refused = note(() -> {
                        boolean connected = channel.connect(nobody);
                        while (!connected) {
                            connected = channel.finishConnect();
                        }
                        return connected;
                    });
                    return refused + channel.isOpen();
                })
                .add("a connection in non-blocking mode", s -> {
                    SocketChannel channel = open(s, family);
                    channel.configureBlocking(false);
                    boolean connected = channel.connect(s.listeningChannel().getLocalAddress());
                    while (!connected) {
                        connected = channel.finishConnect();
                    }
                    return state(channel);
                })
                .add(
                        "shutting down at odd times",
                        s -> note(
                                () -> open(s, family).shutdownInput(),
                                () -> open(s, family).shutdownOutput(),
                                () -> closed(s, family).shutdownInput(),
                                () -> closed(s, family).shutdownOutput()))
                .add("shutting down twice", s -> {
                    SocketChannel channel = pair(s, family).client();
                    return note(
                            () -> channel.shutdownInput() == channel,
                            () -> channel.shutdownInput() == channel,
                            () -> channel.shutdownOutput() == channel,
                            () -> channel.shutdownOutput() == channel);
                })
                .add("modes when closed", s -> {
                    SocketChannel channel = closed(s, family);
                    return note(() -> channel.configureBlocking(false), channel::isBlocking);
                });
    }

    private static Case.Table io(String prefix, @Nullable StandardProtocolFamily family) {
        return new Case.Table(prefix)
                .add("when not connected", s -> {
                    SocketChannel channel = open(s, family);
                    return everything(channel);
                })
                .add("when closed", s -> {
                    SocketChannel channel = pair(s, family).client();
                    channel.close();
                    return everything(channel);
                })
                .add("arguments", s -> {
                    SocketChannel channel = pair(s, family).client();
                    ByteBuffer[] two = {ByteBuffer.allocate(1), ByteBuffer.allocate(1)};
                    return note(
                            () -> channel.read((ByteBuffer) null),
                            () -> channel.write((ByteBuffer) null),
                            () -> channel.read(ByteBuffer.allocate(1).asReadOnlyBuffer()),
                            () -> channel.read(two, -1, 1),
                            () -> channel.read(two, 1, 2),
                            () -> channel.write(two, 0, 3),
                            () -> channel.write(two, 2, 0),
                            () -> channel.read(null, 0, 0),
                            () -> channel.read(ByteBuffer.allocate(0)),
                            () -> channel.write(ByteBuffer.allocate(0)));
                })
                .add("a null among buffers", s -> {
                    SocketChannel channel = pair(s, family).client();
                    channel.configureBlocking(false);
                    return note(
                            () -> channel.write(new ByteBuffer[] {null}),
                            () -> channel.read(new ByteBuffer[] {null}),
                            () -> channel.read(
                                    new ByteBuffer[] {ByteBuffer.allocate(1).asReadOnlyBuffer()}));
                })
                .add("the end", s -> {
                    Contract.ChannelPair both = pair(s, family);
                    both.server().shutdownOutput();
                    SocketChannel channel = both.client();
                    return note(
                            () -> channel.read(ByteBuffer.allocate(4)),
                            () -> channel.read(ByteBuffer.allocate(0)),
                            () -> channel.read(new ByteBuffer[] {ByteBuffer.allocate(4)}),
                            () -> channel.write(ByteBuffer.allocate(3)));
                })
                .add("after shutting down", s -> {
                    SocketChannel channel = pair(s, family).client();
                    channel.shutdownInput();
                    channel.shutdownOutput();
                    return everything(channel);
                })
                .add("after shutting down, non-blocking", s -> {
                    SocketChannel channel = pair(s, family).client();
                    channel.configureBlocking(false);
                    channel.shutdownInput();
                    channel.shutdownOutput();
                    return everything(channel);
                })
                .add("after a reset", s -> {
                    Contract.ChannelPair both = pair(s, family);
                    both.server().setOption(StandardSocketOptions.SO_LINGER, 0);
                    both.server().close();
                    SocketChannel channel = both.client();
                    return note(
                            () -> channel.read(ByteBuffer.allocate(4)),
                            () -> channel.read(ByteBuffer.allocate(4)),
                            () -> channel.write(ByteBuffer.allocate(4)),
                            () -> channel.write(ByteBuffer.allocate(4)),
                            channel::isConnected,
                            channel::getRemoteAddress);
                })
                .add("nothing there in non-blocking mode", s -> {
                    SocketChannel channel = pair(s, family).client();
                    channel.configureBlocking(false);
                    return note(
                            () -> channel.read(ByteBuffer.allocate(4)),
                            () -> channel.read(new ByteBuffer[] {ByteBuffer.allocate(4)}));
                })
                .add("positions and limits", s -> {
                    Contract.ChannelPair both = pair(s, family);
                    ByteBuffer out = ByteBuffer.wrap(Contract.bytes("0123456789"))
                            .position(2)
                            .limit(7);
                    both.server().write(out);
                    both.server().close();
                    ByteBuffer in = ByteBuffer.allocate(10).position(3).limit(6);
                    both.client().read(in);
                    String first = note(() -> in.position() + " " + in.limit(), in::array);
                    ByteBuffer rest = ByteBuffer.allocateDirect(9);
                    while (both.client().read(rest) >= 0) {
                        Thread.onSpinWait();
                    }
                    return first + out.position() + Contract.text(rest);
                });
    }

    private static String everything(SocketChannel channel) {
        return note(
                () -> channel.read(ByteBuffer.allocate(1)),
                () -> channel.write(ByteBuffer.allocate(1)),
                () -> channel.read(new ByteBuffer[] {ByteBuffer.allocate(1)}),
                () -> channel.write(new ByteBuffer[] {ByteBuffer.allocate(1)}),
                () -> channel.read(ByteBuffer.allocate(0)),
                () -> channel.write(ByteBuffer.allocate(0)));
    }

    private static ServerSocketChannel server(Scene s, @Nullable StandardProtocolFamily family) throws IOException {
        return s.closing(
                family == null
                        ? s.platform.provider().openServerSocketChannel()
                        : s.platform.provider().openServerSocketChannel(family));
    }

    private static String state(ServerSocketChannel channel) {
        return note(channel::isOpen, channel::isBlocking, channel::getLocalAddress, channel::validOps);
    }

    private static Case.Table servers(String prefix, @Nullable StandardProtocolFamily family) {
        return new Case.Table(prefix)
                .differs(
                        "text",
                        "java.nio.channels.ServerSocketChannel[unbound]",
                        s -> server(s, family).toString())
                .differs(
                        "text when bound",
                        "java.nio.channels.ServerSocketChannel[/127.0.0.1:#]",
                        s -> server(s, family).bind(s.any()).toString())
                .add("state when new", s -> state(server(s, family)))
                .add("state when bound", s -> state(server(s, family).bind(s.any())))
                .add("state when bound to null", s -> state(server(s, family).bind(null)))
                .add("state when closed", s -> {
                    ServerSocketChannel channel = server(s, family).bind(s.any());
                    channel.close();
                    return state(channel);
                })
                .add(
                        "bind twice",
                        s -> note(() -> server(s, family).bind(s.any()).bind(s.any())))
                .add("bind when closed", s -> {
                    ServerSocketChannel channel = server(s, family);
                    channel.close();
                    return note(() -> channel.bind(s.any()), () -> channel.bind(null));
                })
                .add(
                        "bind to odd addresses",
                        s -> note(
                                () -> server(s, family).bind(Scene.unresolved()),
                                () -> server(s, family).bind(Scene.strange()),
                                () -> server(s, family)
                                        .bind(new InetSocketAddress(InetAddress.getByName("192.0.2.1"), 0)),
                                () -> server(s, family)
                                        .bind(new InetSocketAddress("::1", 0))
                                        .isOpen(),
                                () -> server(s, family)
                                        .bind(s.listeningChannel().getLocalAddress())))
                .add(
                        "odd backlogs",
                        s -> note(
                                () -> server(s, family).bind(s.any(), 0).isOpen(),
                                () -> server(s, family).bind(s.any(), -9).isOpen(),
                                () -> server(s, family)
                                        .bind(s.any(), Integer.MAX_VALUE)
                                        .isOpen()))
                .add("accept at odd times", s -> {
                    ServerSocketChannel fresh = server(s, family);
                    String unbound = note(fresh::accept);
                    fresh.configureBlocking(false);
                    unbound += note(fresh::accept);
                    fresh.bind(s.any());
                    unbound += note(fresh::accept);
                    fresh.close();
                    return unbound + note(fresh::accept);
                })
                .add("what is accepted is blocking", s -> {
                    ServerSocketChannel channel = server(s, family).bind(s.any());
                    SocketChannel client = s.openChannel();
                    client.connect(channel.getLocalAddress());
                    channel.configureBlocking(false);
                    SocketChannel accepted = null;
                    while (accepted == null) {
                        accepted = channel.accept();
                    }
                    return state(s.closing(accepted));
                });
    }

    private static Case.Table pipe() {
        return new Case.Table("Pipe")
                .add("state", s -> {
                    Pipe pipe = s.platform.provider().openPipe();
                    s.closing(pipe.sink());
                    s.closing(pipe.source());
                    return note(
                            pipe.sink()::isOpen,
                            pipe.source()::isOpen,
                            pipe.sink()::validOps,
                            pipe.source()::validOps,
                            pipe.sink()::isBlocking,
                            () -> isAlwaysSame(pipe::sink));
                })
                .add("arguments", s -> {
                    Pipe pipe = s.platform.provider().openPipe();
                    s.closing(pipe.sink());
                    s.closing(pipe.source());
                    return note(
                            () -> pipe.sink().write((ByteBuffer) null),
                            () -> pipe.source().read((ByteBuffer) null),
                            () -> pipe.source().read(ByteBuffer.allocate(2).asReadOnlyBuffer()),
                            () -> pipe.sink().write(new ByteBuffer[1], 1, 1),
                            () -> pipe.source().read(new ByteBuffer[1], -1, 1),
                            () -> pipe.sink().write(ByteBuffer.allocate(0)),
                            () -> pipe.source().read(ByteBuffer.allocate(0)));
                })
                .add("closed ends", s -> {
                    Pipe pipe = s.platform.provider().openPipe();
                    pipe.sink().write(Contract.buffer("abc"));
                    pipe.sink().close();
                    ByteBuffer buffer = ByteBuffer.allocate(9);
                    String read = note(
                            () -> pipe.sink().write(ByteBuffer.allocate(1)),
                            () -> pipe.source().read(buffer),
                            () -> pipe.source().read(buffer),
                            () -> Contract.text(buffer));
                    pipe.source().close();
                    return read + note(() -> pipe.source().read(buffer), does(pipe.source()::close));
                })
                .add("nobody reads", s -> {
                    Pipe pipe = s.platform.provider().openPipe();
                    s.closing(pipe.sink());
                    pipe.source().close();
                    return note(() -> pipe.sink().write(ByteBuffer.allocate(1)));
                })
                .add("nothing there in non-blocking mode", s -> {
                    Pipe pipe = s.platform.provider().openPipe();
                    s.closing(pipe.sink());
                    s.closing(pipe.source()).configureBlocking(false);
                    return note(() -> pipe.source().read(ByteBuffer.allocate(1)));
                });
    }
}
