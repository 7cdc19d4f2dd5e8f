package dev.berth.sockets;

import static dev.berth.sockets.Case.does;
import static dev.berth.sockets.Case.note;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.MembershipKey;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// `DatagramChannel` method by method: without a family, for IPv4 and for IPv6.
class DatagramChannelCasesTest extends DifferentialTest {
    @TestFactory
    Stream<DynamicTest> dualStack() {
        return all("DatagramChannel", null);
    }

    @TestFactory
    Stream<DynamicTest> ipv4() {
        return all("DatagramChannel of INET", StandardProtocolFamily.INET);
    }

    @TestFactory
    Stream<DynamicTest> families() {
        return tests(new Case.Table("DatagramChannel families")
                .add("null", s -> note(() -> s.platform.provider().openDatagramChannel(null)))
                .add("UNIX", s -> note(() -> s.platform.provider().openDatagramChannel(StandardProtocolFamily.UNIX)))
                .add(
                        "INET6",
                        s -> note(() -> open(s, StandardProtocolFamily.INET6).isOpen()))
                .add("IPv4 and IPv6 on one port", s -> {
                    DatagramChannel four = open(s, StandardProtocolFamily.INET);
                    four.bind(null);
                    return note(does(() -> open(s, StandardProtocolFamily.INET)
                            .bind(new InetSocketAddress(Contract.port(four.getLocalAddress())))));
                }));
    }

    private Stream<DynamicTest> all(String prefix, @Nullable StandardProtocolFamily family) {
        return Stream.of(ends(prefix, family), io(prefix, family), groups(prefix, family))
                .flatMap(this::tests);
    }

    private static DatagramChannel open(Scene scene, @Nullable StandardProtocolFamily family) throws IOException {
        return scene.closing(
                family == null
                        ? scene.platform.provider().openDatagramChannel()
                        : scene.platform.provider().openDatagramChannel(family));
    }

    private static DatagramChannel bound(Scene scene, @Nullable StandardProtocolFamily family) throws IOException {
        return open(scene, family).bind(scene.any());
    }

    private static DatagramChannel closed(Scene scene, @Nullable StandardProtocolFamily family) throws IOException {
        DatagramChannel channel = bound(scene, family);
        channel.close();
        return channel;
    }

    private static SocketAddress other(Scene scene) throws IOException {
        return scene.boundDatagrams().getLocalSocketAddress();
    }

    private static String state(DatagramChannel channel) {
        return note(
                channel::isOpen,
                channel::isConnected,
                channel::isBlocking,
                channel::isRegistered,
                channel::getLocalAddress,
                channel::getRemoteAddress,
                channel::validOps);
    }

    private static Case.Table ends(String prefix, @Nullable StandardProtocolFamily family) {
        return new Case.Table(prefix)
                .add("state when new", s -> state(open(s, family)))
                .add("state when bound", s -> state(bound(s, family)))
                .add("state when bound to null", s -> state(open(s, family).bind(null)))
                .add("state when closed", s -> state(closed(s, family)))
                .add("state when connected", s -> state(open(s, family).connect(other(s))))
                .add(
                        "state when disconnected",
                        s -> state(open(s, family).connect(other(s)).disconnect()))
                .differs(
                        "text",
                        "java.nio.channels.DatagramChannel[unbound]",
                        s -> open(s, family).toString())
                .differs(
                        "text when bound",
                        "java.nio.channels.DatagramChannel[local=/127.0.0.1:#]",
                        s -> bound(s, family).toString())
                .differs(
                        "text when closed",
                        "java.nio.channels.DatagramChannel[closed]",
                        s -> closed(s, family).toString())
                .add("bind twice", s -> note(() -> bound(s, family).bind(s.any())))
                .add("bind when closed", s -> note(() -> closed(s, family).bind(s.any())))
                .add("bind to a name", s -> note(() -> open(s, family).bind(Scene.unresolved())))
                .add(
                        "bind to a strange address",
                        s -> note(() -> open(s, family).bind(Scene.strange())))
                .add(
                        "bind to an address of others",
                        s -> note(() ->
                                open(s, family).bind(new InetSocketAddress(InetAddress.getByName("192.0.2.1"), 0))))
                .add(
                        "bind to ::1",
                        s -> note(() -> open(s, family)
                                .bind(new InetSocketAddress("::1", 0))
                                .isOpen()))
                .add("bind to what is taken", s -> note(() -> open(s, family).bind(other(s))))
                .add("connect to null", s -> note(() -> open(s, family).connect(null)))
                .add("connect to a name", s -> note(() -> open(s, family).connect(Scene.unresolved())))
                .add(
                        "connect to a strange address",
                        s -> note(() -> open(s, family).connect(Scene.strange())))
                .add("connect to port 0", s -> note(() -> open(s, family).connect(s.any())))
                .add("connect when closed", s -> {
                    SocketAddress other = other(s);
                    return note(() -> closed(s, family).connect(other));
                })
                .add("connect twice", s -> {
                    DatagramChannel channel = open(s, family).connect(other(s));
                    return note(() -> channel.connect(other(s)));
                })
                .add("disconnect when not connected", s -> state(open(s, family).disconnect()))
                .add(
                        "disconnect when closed",
                        s -> note(() -> closed(s, family).disconnect().isOpen()))
                .add("modes when closed", s -> {
                    DatagramChannel channel = closed(s, family);
                    return note(() -> channel.configureBlocking(false), channel::isBlocking);
                })
                .add("the port stays", s -> {
                    DatagramChannel channel = bound(s, family);
                    SocketAddress before = channel.getLocalAddress();
                    channel.connect(other(s));
                    channel.disconnect();
                    return channel.getLocalAddress().equals(before);
                });
    }

    private static Case.Table io(String prefix, @Nullable StandardProtocolFamily family) {
        ByteBuffer readOnly = ByteBuffer.allocate(4).asReadOnlyBuffer();
        return new Case.Table(prefix)
                .add("null and read-only buffers", s -> {
                    DatagramChannel channel = bound(s, family);
                    return note(
                            () -> channel.receive(null),
                            () -> channel.receive(readOnly.duplicate()),
                            () -> channel.send(null, other(s)),
                            () -> channel.send(readOnly.duplicate(), null),
                            () -> channel.read((ByteBuffer) null),
                            () -> channel.write((ByteBuffer) null));
                })
                .add("read and write when not connected", s -> {
                    DatagramChannel channel = bound(s, family);
                    return note(
                            () -> channel.read(ByteBuffer.allocate(1)),
                            () -> channel.write(ByteBuffer.allocate(1)),
                            () -> channel.read(new ByteBuffer[] {ByteBuffer.allocate(1)}),
                            () -> channel.write(new ByteBuffer[] {ByteBuffer.allocate(1)}));
                })
                .add("everything when closed", s -> {
                    SocketAddress other = other(s);
                    DatagramChannel channel = closed(s, family);
                    return note(
                            () -> channel.read(ByteBuffer.allocate(1)),
                            () -> channel.write(ByteBuffer.allocate(1)),
                            () -> channel.receive(ByteBuffer.allocate(1)),
                            () -> channel.send(ByteBuffer.allocate(1), other),
                            () -> channel.read(new ByteBuffer[1], 0, 2),
                            () -> channel.read(new ByteBuffer[1], 0, 1));
                })
                .add("ranges of buffers", s -> {
                    DatagramChannel channel = open(s, family).connect(other(s));
                    ByteBuffer[] two = {ByteBuffer.allocate(1), ByteBuffer.allocate(1)};
                    return note(
                            () -> channel.read(two, -1, 1),
                            () -> channel.read(two, 1, 2),
                            () -> channel.read(two, 0, -1),
                            () -> channel.write(two, -1, 1),
                            () -> channel.write(two, 1, 2),
                            () -> channel.write(null, 0, 1),
                            () -> channel.write(two));
                })
                .add("send to odd places", s -> {
                    DatagramChannel channel = bound(s, family);
                    ByteBuffer one = ByteBuffer.allocate(1);
                    return note(
                            () -> channel.send(one, null),
                            () -> channel.send(one, Scene.unresolved()),
                            () -> channel.send(one, Scene.strange()),
                            () -> channel.send(one, s.any()),
                            one::remaining);
                })
                .add("send to others when connected", s -> {
                    DatagramChannel channel = open(s, family).connect(other(s));
                    return note(
                            () -> channel.send(ByteBuffer.allocate(1), other(s)),
                            () -> channel.send(ByteBuffer.allocate(1), channel.getRemoteAddress()));
                })
                .add("too long", s -> {
                    DatagramChannel channel = bound(s, family);
                    ByteBuffer much = ByteBuffer.allocate(70_000);
                    return note(() -> channel.send(much, other(s)), much::remaining);
                })
                .add("a datagram in parts", s -> {
                    DatagramChannel one = bound(s, family);
                    DatagramChannel two = bound(s, family).connect(one.getLocalAddress());
                    ByteBuffer[] parts = {Contract.buffer("ab"), ByteBuffer.allocate(0), Contract.buffer("cde")};
                    long sent = two.write(parts);
                    one.connect(two.getLocalAddress());
                    two.write(Contract.buffer("fghij"));
                    ByteBuffer first = ByteBuffer.allocate(2);
                    ByteBuffer rest = ByteBuffer.allocateDirect(2);
                    long read = one.read(new ByteBuffer[] {first, rest});
                    return sent + " " + read + " " + Contract.text(first) + Contract.text(rest);
                })
                .add("a datagram that is cut off", s -> {
                    DatagramChannel one = bound(s, family);
                    DatagramChannel two = bound(s, family);
                    two.send(Contract.buffer("abcdef"), one.getLocalAddress());
                    two.send(Contract.buffer("gh"), one.getLocalAddress());
                    ByteBuffer buffer = ByteBuffer.allocate(4);
                    one.receive(buffer);
                    String text = Contract.text(buffer);
                    buffer.clear();
                    one.receive(buffer);
                    return text + " " + Contract.text(buffer);
                })
                .add("no room", s -> {
                    DatagramChannel one = bound(s, family);
                    DatagramChannel two = bound(s, family);
                    two.send(Contract.buffer("abcdef"), one.getLocalAddress());
                    return note(() -> one.receive(ByteBuffer.allocate(0)).equals(two.getLocalAddress()));
                })
                .add("an empty datagram", s -> {
                    DatagramChannel one = bound(s, family);
                    DatagramChannel two = bound(s, family);
                    int sent = two.send(ByteBuffer.allocate(0), one.getLocalAddress());
                    ByteBuffer buffer = ByteBuffer.allocate(4);
                    return sent + note(() -> one.receive(buffer).equals(two.getLocalAddress()), buffer::position);
                })
                .add("nothing there in non-blocking mode", s -> {
                    DatagramChannel channel = bound(s, family);
                    channel.configureBlocking(false);
                    String none = note(() -> channel.receive(ByteBuffer.allocate(4)));
                    channel.connect(other(s));
                    return none + note(() -> channel.read(ByteBuffer.allocate(4)), () -> state(channel));
                })
                .add("a receive binds", s -> {
                    DatagramChannel channel = open(s, family);
                    channel.configureBlocking(false);
                    return note(() -> channel.receive(ByteBuffer.allocate(4)), () -> state(channel));
                })
                .add("a send binds", s -> {
                    DatagramChannel channel = open(s, family);
                    return note(() -> channel.send(ByteBuffer.allocate(4), other(s)), () -> state(channel));
                })
                .add("the sender as it is shown", s -> {
                    DatagramChannel one = bound(s, family);
                    DatagramChannel two = bound(s, family);
                    two.send(Contract.buffer("a"), one.getLocalAddress());
                    return note(() -> one.receive(ByteBuffer.allocate(4)));
                })
                .add("nobody at the connected end", s -> {
                    DatagramChannel gone = bound(s, family);
                    SocketAddress nobody = gone.getLocalAddress();
                    gone.close();
                    DatagramChannel channel = bound(s, family).connect(nobody);
                    channel.write(Contract.buffer("a"));
                    return note(() -> channel.read(ByteBuffer.allocate(1)));
                });
    }

    private static Case.Table groups(String prefix, @Nullable StandardProtocolFamily family) {
        return new Case.Table(prefix)
                .add("join with nulls", s -> {
                    DatagramChannel channel = bound(s, family);
                    InetAddress group = InetAddress.getByName("239.7.9.1");
                    return note(
                            () -> channel.join(null, Scene.lo()),
                            () -> channel.join(group, null),
                            () -> channel.join(group, Scene.lo(), null));
                })
                .add("join what is no group", s -> note(() -> bound(s, family).join(s.platform.loopback(), Scene.lo())))
                .add("join with odd sources", s -> {
                    DatagramChannel channel = bound(s, family);
                    InetAddress group = InetAddress.getByName("239.7.9.1");
                    return note(
                            () -> channel.join(group, Scene.lo(), group),
                            () -> channel.join(group, Scene.lo(), InetAddress.getByName("0.0.0.0")),
                            () -> channel.join(group, Scene.lo(), InetAddress.getByName("::1")));
                })
                .add(
                        "join an IPv6 group",
                        s -> note(() -> {
                            InetAddress group = InetAddress.getByName("ff15::77");
                            return family == null ? "" : open(s, family).join(group, Scene.lo());
                        }))
                .add(
                        "join when closed",
                        s -> note(() -> closed(s, family).join(InetAddress.getByName("239.7.9.1"), Scene.lo())))
                .add("a key", s -> {
                    DatagramChannel channel = open(s, family);
                    InetAddress group = InetAddress.getByName("239.7.9.1");
                    MembershipKey key = channel.join(group, Scene.lo());
                    String live = note(
                            key::isValid,
                            key::group,
                            key::networkInterface,
                            key::sourceAddress,
                            () -> key.channel() == channel,
                            () -> channel.join(group, Scene.lo()) == key,
                            key::toString,
                            () -> key.block(null),
                            () -> key.block(group),
                            () -> key.unblock(s.platform.loopback()),
                            () -> key.block(s.platform.loopback()) == key,
                            () -> key.block(s.platform.loopback()) == key,
                            () -> key.unblock(s.platform.loopback()) == key,
                            () -> channel.join(group, Scene.lo(), s.platform.loopback()));
                    key.drop();
                    key.drop();
                    return live
                            + note(
                                    key::isValid,
                                    () -> key.block(s.platform.loopback()),
                                    () -> key.unblock(s.platform.loopback()),
                                    key::toString,
                                    key::group);
                })
                .add("a key for one source", s -> {
                    DatagramChannel channel = open(s, family);
                    InetAddress group = InetAddress.getByName("239.7.9.1");
                    MembershipKey key = channel.join(group, Scene.lo(), s.platform.loopback());
                    return note(
                            key::isValid,
                            key::sourceAddress,
                            key::toString,
                            () -> key.block(s.platform.loopback()),
                            () -> channel.join(group, Scene.lo()),
                            () -> channel.join(group, Scene.lo(), s.platform.loopback()) == key,
                            () -> channel.join(group, Scene.lo(), InetAddress.getByName("192.0.2.7")) == key);
                })
                .add("a key of a closed channel", s -> {
                    DatagramChannel channel = open(s, family);
                    MembershipKey key = channel.join(InetAddress.getByName("239.7.9.1"), Scene.lo());
                    channel.close();
                    return note(key::isValid, does(key::drop), () -> key.block(s.platform.loopback()));
                });
    }
}
