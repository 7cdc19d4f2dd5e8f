package dev.berth.sockets;

import static dev.berth.sockets.Case.does;
import static dev.berth.sockets.Case.note;

import java.io.Closeable;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.NetworkChannel;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Every option that Linux's JDK knows, on every kind of socket and channel: which there are, their defaults, their
/// values, and what is refused.
class OptionCasesTest extends DifferentialTest {
    private static final List<SocketOption<?>> ALL = List.of(
            StandardSocketOptions.SO_BROADCAST,
            StandardSocketOptions.SO_KEEPALIVE,
            StandardSocketOptions.SO_SNDBUF,
            StandardSocketOptions.SO_RCVBUF,
            StandardSocketOptions.SO_REUSEADDR,
            StandardSocketOptions.SO_REUSEPORT,
            StandardSocketOptions.SO_LINGER,
            StandardSocketOptions.IP_TOS,
            StandardSocketOptions.IP_MULTICAST_IF,
            StandardSocketOptions.IP_MULTICAST_TTL,
            StandardSocketOptions.IP_MULTICAST_LOOP,
            StandardSocketOptions.TCP_NODELAY,
            ExtendedSocketOptions.TCP_QUICKACK,
            ExtendedSocketOptions.TCP_KEEPIDLE,
            ExtendedSocketOptions.TCP_KEEPINTERVAL,
            ExtendedSocketOptions.TCP_KEEPCOUNT,
            ExtendedSocketOptions.SO_INCOMING_NAPI_ID,
            ExtendedSocketOptions.SO_PEERCRED,
            ExtendedSocketOptions.IP_DONTFRAGMENT);

    private static final Set<String> OF_BERTH =
            Set.of("LABEL", "LOCAL_PORT_RANGE", "BIND_ADDRESS_NO_PORT", "CONGESTION_CONTROL");

    /// Something that has options.
    private interface Subject extends Closeable {
        <T> void set(SocketOption<T> name, T value) throws IOException;

        <T> @Nullable T get(SocketOption<T> name) throws IOException;

        Set<SocketOption<?>> supported();
    }

    @FunctionalInterface
    private interface Maker {
        Subject open(Scene scene) throws IOException;
    }

    private record OfSocket(Socket socket) implements Subject {
        @Override
        public <T> void set(SocketOption<T> name, T value) throws IOException {
            socket.setOption(name, value);
        }

        @Override
        public <T> T get(SocketOption<T> name) throws IOException {
            return socket.getOption(name);
        }

        @Override
        public Set<SocketOption<?>> supported() {
            return socket.supportedOptions();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private record OfServer(ServerSocket socket) implements Subject {
        @Override
        public <T> void set(SocketOption<T> name, T value) throws IOException {
            socket.setOption(name, value);
        }

        @Override
        public <T> T get(SocketOption<T> name) throws IOException {
            return socket.getOption(name);
        }

        @Override
        public Set<SocketOption<?>> supported() {
            return socket.supportedOptions();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private record OfDatagrams(DatagramSocket socket) implements Subject {
        @Override
        public <T> void set(SocketOption<T> name, T value) throws IOException {
            socket.setOption(name, value);
        }

        @Override
        public <T> T get(SocketOption<T> name) throws IOException {
            return socket.getOption(name);
        }

        @Override
        public Set<SocketOption<?>> supported() {
            return socket.supportedOptions();
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    private record OfChannel(NetworkChannel channel) implements Subject {
        @Override
        public <T> void set(SocketOption<T> name, T value) throws IOException {
            channel.setOption(name, value);
        }

        @Override
        public <T> T get(SocketOption<T> name) throws IOException {
            return channel.getOption(name);
        }

        @Override
        public Set<SocketOption<?>> supported() {
            return channel.supportedOptions();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    @TestFactory
    Stream<DynamicTest> sockets() {
        return all("Socket", s -> new OfSocket(s.closing(s.platform.socket())));
    }

    @TestFactory
    Stream<DynamicTest> acceptedSockets() {
        return all("accepted Socket", s -> new OfSocket(s.connected().server()));
    }

    @TestFactory
    Stream<DynamicTest> serverSockets() {
        return all("ServerSocket", s -> new OfServer(s.closing(s.platform.serverSocket())));
    }

    @TestFactory
    Stream<DynamicTest> datagramSockets() {
        return all("DatagramSocket", s -> new OfDatagrams(s.closing(s.platform.datagramSocket(null))));
    }

    @TestFactory
    Stream<DynamicTest> multicastSockets() {
        return all("MulticastSocket", s -> {
            MulticastSocket socket = s.closing(s.platform.multicastSocket(null));
            return new OfDatagrams(socket);
        });
    }

    @TestFactory
    Stream<DynamicTest> socketChannels() {
        return all("SocketChannel", s -> new OfChannel(s.openChannel()));
    }

    @TestFactory
    Stream<DynamicTest> socketChannelViews() {
        return all("SocketChannel.socket()", s -> new OfSocket(s.openChannel().socket()));
    }

    @TestFactory
    Stream<DynamicTest> serverSocketChannels() {
        return all(
                "ServerSocketChannel",
                s -> new OfChannel(s.closing(s.platform.provider().openServerSocketChannel())));
    }

    @TestFactory
    Stream<DynamicTest> datagramChannels() {
        return all(
                "DatagramChannel",
                s -> new OfChannel(s.closing(s.platform.provider().openDatagramChannel())));
    }

    private Stream<DynamicTest> all(String prefix, Maker maker) {
        Case.Table table = new Case.Table(prefix + " options");
        table.add("those there are", s -> names(maker.open(s)));
        table.add("those there are when closed", s -> {
            Subject subject = maker.open(s);
            Set<String> before = names(subject);
            subject.close();
            return names(subject).equals(before);
        });
        table.add("null", s -> {
            Subject subject = maker.open(s);
            return note(() -> subject.get(null), does(() -> subject.set(null, null)));
        });
        table.add("when closed", s -> {
            Subject subject = maker.open(s);
            subject.close();
            return note(
                    () -> subject.get(StandardSocketOptions.SO_RCVBUF),
                    does(() -> subject.set(StandardSocketOptions.SO_RCVBUF, 5)),
                    () -> subject.get(ExtendedSocketOptions.SO_PEERCRED),
                    does(() -> subject.set(StandardSocketOptions.SO_RCVBUF, null)),
                    () -> subject.get(null));
        });
        for (SocketOption<?> option : ALL) {
            table.add(option.name(), s -> values(maker.open(s), option));
        }
        return tests(table);
    }

    private static Set<String> names(Subject subject) {
        return subject.supported().stream()
                .map(SocketOption::name)
                .filter(name -> !OF_BERTH.contains(name))
                .collect(Collectors.toSet());
    }

    @SuppressWarnings("unchecked")
    private static String values(Subject subject, SocketOption<?> option) {
        String wrong = note(
                does(() -> subject.set(option, null)),
                does(() -> subject.set((SocketOption<Object>) (SocketOption<?>) option, "text")));
        if (option.type() == Boolean.class) {
            SocketOption<Boolean> flag = (SocketOption<Boolean>) option;
            return wrong
                    + note(
                            () -> subject.get(flag),
                            does(() -> subject.set(flag, true)),
                            () -> subject.get(flag),
                            does(() -> subject.set(flag, false)),
                            () -> subject.get(flag));
        }
        if (option.type() == Integer.class) {
            return wrong + numbers(subject, (SocketOption<Integer>) option);
        }
        if (option.type() == NetworkInterface.class) {
            SocketOption<NetworkInterface> nic = (SocketOption<NetworkInterface>) option;
            return wrong
                    + note(() -> subject.get(nic), does(() -> subject.set(nic, Scene.lo())), () -> subject.get(nic));
        }
        return wrong + note(() -> subject.get(option));
    }

    private static String numbers(Subject subject, SocketOption<Integer> number) {
        boolean size = number == StandardSocketOptions.SO_SNDBUF || number == StandardSocketOptions.SO_RCVBUF;
        if (size) { // the kernel rounds, doubles and limits
            return note(
                    () -> subject.get(number) > 1_000,
                    does(() -> subject.set(number, -1)),
                    does(() -> subject.set(number, 0)),
                    does(() -> subject.set(number, 30_000)),
                    () -> subject.get(number) >= 30_000,
                    does(() -> subject.set(number, Integer.MAX_VALUE)));
        }
        return note(
                () -> subject.get(number),
                does(() -> subject.set(number, -1)),
                () -> subject.get(number),
                does(() -> subject.set(number, 0)),
                () -> subject.get(number),
                does(() -> subject.set(number, 100)),
                () -> subject.get(number),
                does(() -> subject.set(number, 256)),
                () -> subject.get(number),
                does(() -> subject.set(number, 40_000)),
                () -> subject.get(number),
                does(() -> subject.set(number, Integer.MAX_VALUE)),
                () -> subject.get(number));
    }
}
