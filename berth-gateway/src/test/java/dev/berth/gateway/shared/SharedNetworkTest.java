package dev.berth.gateway.shared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Ipv4Header;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Holder and members are in one JVM, with a socket of the kernel between them.
@Timeout(60)
class SharedNetworkTest {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30);
    private static final SharedNetwork.Settings SETTINGS = new SharedNetwork.Settings(
            "shop",
            List.of(IpAddress.Prefix.parse("10.77.0.0/24"), IpAddress.Prefix.parse("fd00:77::/64")),
            65_520,
            false,
            List.of());

    @TempDir
    private Path directory;

    private final List<String> said = new CopyOnWriteArrayList<>();
    private final List<Member> joined = new ArrayList<>();
    private SharedNetwork network;

    /// A member with its host, as another process would be.
    private record Member(MemberLink link, Host host) implements AutoCloseable {
        IpAddress address() {
            return link.membership().addresses().getFirst().address();
        }

        @Override
        public void close() {
            link.close();
            host.close();
        }
    }

    @BeforeEach
    void open() throws IOException {
        network = hold(SETTINGS);
    }

    @AfterEach
    void close() {
        joined.forEach(Member::close);
        network.close();
        awaitThat(
                () -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(each -> each.getName().startsWith("berth-network-")),
                "no thread left");
    }

    private Path socket() {
        return directory.resolve("s");
    }

    private SharedNetwork hold(SharedNetwork.Settings settings) throws IOException {
        Files.deleteIfExists(socket());
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket()));
        return SharedNetwork.open(settings, listener, Files.getOwner(socket()), said::add);
    }

    private Member join(String name, boolean named, String... addresses) throws IOException {
        MemberWish wish = new MemberWish(
                name, named, Stream.of(addresses).map(IpAddress::parse).toList(), name + ".jar");
        MemberLink link = MemberLink.join(
                "shop", () -> SocketChannel.open(UnixDomainSocketAddress.of(socket())), wish, said::add);
        Host.Builder builder = Host.builder(link.membership().name()).link(link);
        link.membership().addresses().forEach(builder::address);
        Member member = new Member(link, builder.start());
        joined.add(member);
        return member;
    }

    private Member join(String name) throws IOException {
        return join(name, true);
    }

    private static void awaitThat(BooleanSupplier condition, String what) {
        long deadline = System.nanoTime() + PATIENCE;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static TcpAcceptor listen(Member member) throws IOException {
        TcpAcceptor acceptor = member.host().openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
        acceptor.listen(50);
        return acceptor;
    }

    private static TcpSocket connect(Member member, IpAddress to) throws IOException {
        TcpSocket socket = member.host().openTcpSocket();
        socket.connect(new Endpoint(to, 80), PATIENCE);
        return socket;
    }

    private static void send(TcpSocket from, TcpSocket to, int seed, int octets) throws IOException {
        byte[] sent = new byte[octets];
        new Random(seed).nextBytes(sent);
        CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> {
            try {
                from.write(sent, 0, sent.length);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        byte[] got = new byte[octets];
        for (int at = 0; at < octets; ) {
            int size = to.read(got, at, octets - at, PATIENCE);
            assertThat(size).isPositive();
            at += size;
        }
        writing.join();
        assertThat(got).isEqualTo(sent);
    }

    @Test
    void members_find_each_other_by_name_and_move_streams_both_ways() throws Exception {
        Member web = join("web");
        Member client = join("Client");
        assertThat(client.link().addresses("web"))
                .isEqualTo(web.host().addresses())
                .hasSize(2);
        assertThat(web.link().addresses("client")).isEqualTo(client.host().addresses());
        assertThat(web.link().name(client.address())).isEqualTo("Client");
        assertThat(web.link().addresses("nobody")).isEmpty();
        assertThat(web.link().name(IpAddress.parse("10.77.0.99"))).isNull();
        try (TcpAcceptor acceptor = listen(web)) {
            for (IpAddress to : client.link().addresses("web")) {
                try (TcpSocket near = connect(client, to);
                        TcpSocket far = acceptor.accept(PATIENCE)) {
                    send(near, far, 1, 20_000_000);
                    send(far, near, 2, 20_000_000);
                }
            }
        }
        SharedNetwork.Member first = network.members().getFirst();
        assertThat(first.name()).isEqualTo("Client");
        assertThat(first.program()).isEqualTo("Client.jar");
        assertThat(first.pid()).isEqualTo(ProcessHandle.current().pid());
        assertThat(first.counters().octetsIn()).isGreaterThan(40_000_000);
        assertThat(network.members())
                .allMatch(each -> each.malformed() == 0 && each.counters().spoofed() == 0);
        assertThat(client.link().unwanted() + web.link().unwanted()).isZero();
    }

    @Test
    void a_name_or_an_address_that_somebody_has_is_refused_with_its_owner() throws Exception {
        Member web = join("web", true, "10.77.0.7");
        assertThatThrownBy(() -> join("WEB"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("There is a host 'WEB' on network shop already: process "
                        + ProcessHandle.current().pid() + " (web.jar)");
        assertThatThrownBy(() -> join("other", true, "10.77.0.7"))
                .hasMessageContaining("10.77.0.7 is that of host 'web': process ");
        assertThatThrownBy(() -> join("other", true, "10.78.0.7")).hasMessageContaining("does not belong to the net");
        for (String kept : List.of("10.77.0.254", "10.77.0.253", "10.77.0.255", "10.77.0.0", "fd00:77::fe")) {
            assertThatThrownBy(() -> join("other", true, kept)).hasMessageContaining("kept for the network");
        }
        assertThatThrownBy(() -> join("not a name")).hasMessageContaining("'not a name' is not a name for a host");
        assertThat(join("web", false).host().name()).isEqualTo("web-2");
        assertThat(join("web", false).host().name()).isEqualTo("web-3");
        assertThat(web.host().addresses()).containsExactly(IpAddress.parse("10.77.0.7"));
        assertThat(network.counters().refused()).isEqualTo(9);
    }

    @Test
    void a_member_that_is_gone_leaves_its_name_and_comes_back_with_its_address() throws Exception {
        Member one = join("one");
        Member two = join("two");
        List<IpAddress> before = two.host().addresses();
        two.close();
        awaitThat(() -> one.link().addresses("two").isEmpty(), "its name is gone");
        Member three = join("three");
        assertThat(three.host().addresses()).doesNotContainAnyElementsOf(before);
        assertThat(join("two").host().addresses()).isEqualTo(before);
        assertThat(said).anyMatch(each -> each.startsWith("two is gone: "));
    }

    @Test
    void who_has_a_connection_to_a_member_that_is_gone_gets_a_reset() throws Exception {
        Member web = join("web");
        Member client = join("client");
        IpAddress address = web.address();
        try (TcpAcceptor acceptor = listen(web);
                TcpSocket near = connect(client, address);
                TcpSocket _ = acceptor.accept(PATIENCE)) {
            // As if it were killed: nothing of its host gets out any more.
            web.link().close();
            awaitThat(() -> network.members().size() == 1, "it is gone");
            near.write(new byte[] {1}, 0, 1);
            assertThatThrownBy(() -> near.read(new byte[1], 0, 1, PATIENCE))
                    .isInstanceOf(SocketException.class)
                    .hasMessage("Connection reset");
            assertThatThrownBy(() -> connect(client, address)).hasMessageContaining("refused");
            assertThat(client.host().isReachable(address, 200_000_000)).isFalse();
        }
        Member again = join("web");
        assertThat(again.address()).isEqualTo(address);
        try (TcpAcceptor acceptor = listen(again);
                TcpSocket near = connect(client, address);
                TcpSocket far = acceptor.accept(PATIENCE)) {
            send(near, far, 5, 100_000);
        }
    }

    @Test
    void addresses_that_were_left_are_given_again_when_there_are_no_others() throws Exception {
        Leases leases = new Leases(
                List.of(IpAddress.Prefix.parse("10.1.0.0/29")),
                Set.of(IpAddress.parse("10.1.0.6"), IpAddress.parse("10.1.0.5")));
        List<IpAddress> taken = new ArrayList<>();
        Leases.Owners owners = address -> taken.contains(address) ? "somebody" : null;
        for (String name : List.of("a", "b", "c", "d")) {
            taken.add(leases.choose(name, List.of(), owners).getFirst().address());
        }
        assertThat(taken)
                .extracting(IpAddress::toString)
                .containsExactly("10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4");
        assertThatThrownBy(() -> leases.choose("e", List.of(), owners)).hasMessageContaining("No address is left");
        taken.remove(1);
        assertThat(leases.choose("e", List.of(), owners).getFirst().address()).hasToString("10.1.0.2");
    }

    @Test
    void a_connection_lives_on_when_the_holder_dies_and_another_one_comes() throws Exception {
        Member web = join("web");
        Member client = join("client");
        try (TcpAcceptor acceptor = listen(web);
                TcpSocket near = connect(client, web.address());
                TcpSocket far = acceptor.accept(PATIENCE)) {
            send(near, far, 1, 100_000);
            network.close();
            awaitThat(() -> !web.link().isConnected() && !client.link().isConnected(), "they see it");
            assertThat(client.link().addresses("web")).isEmpty();
            network = hold(SETTINGS);
            awaitThat(() -> web.link().isConnected() && client.link().isConnected(), "they are back");
            send(far, near, 2, 1_000_000);
            assertThat(client.link().addresses("web")).isEqualTo(web.host().addresses());
        }
        assertThat(said)
                .contains("Network 'shop' is back")
                .anyMatch(each -> each.startsWith("Network 'shop' is gone, until somebody creates it again"));
    }

    @Test
    void a_member_does_not_come_back_to_a_network_with_other_addresses() throws Exception {
        Member web = join("web");
        network.close();
        network = hold(new SharedNetwork.Settings(
                "shop", List.of(IpAddress.Prefix.parse("10.78.0.0/24")), 65_520, false, List.of()));
        awaitThat(() -> said.stream().anyMatch(each -> each.contains("cannot be joined again yet")), "it says so");
        assertThat(web.link().isConnected()).isFalse();
        assertThat(web.link().addresses("web")).isEmpty();
    }

    // Those who do not keep to the rules

    private SocketChannel raw(String hello) throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket()));
        if (!hello.isEmpty()) {
            channel.write(frame(1, hello.getBytes(StandardCharsets.UTF_8)));
        }
        return channel;
    }

    private static ByteBuffer frame(int kind, byte[] octets) {
        return ByteBuffer.allocate(4 + octets.length)
                .putInt(kind << 24 | octets.length)
                .put(octets)
                .flip();
    }

    private static boolean isCutOff(SocketChannel channel) {
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        try {
            while (channel.read(buffer.clear()) >= 0) {}
            return true;
        } catch (IOException e) {
            return true;
        }
    }

    private static String hello(String name) {
        return "berth-network=1\nname=" + name + "\nnamed=yes\npid=1\nprogram=raw";
    }

    @Test
    void who_sends_no_frames_is_cut_off_and_counted() throws Exception {
        List<SocketChannel> broken = List.of(raw(""), raw(""), raw(hello("a")), raw(hello("b")), raw("hello"), raw(""));
        broken.get(0).write(ByteBuffer.wrap("{\"request\":\"hello\"}\n".getBytes(StandardCharsets.UTF_8)));
        broken.get(1).write(frame(2, new byte[40]));
        broken.get(2).write(ByteBuffer.allocate(4).putInt(2 << 24 | 65_536).flip());
        broken.get(3).write(ByteBuffer.allocate(4).putInt(9 << 24 | 1).flip());
        broken.get(5).write(frame(1, "welcome=me".getBytes(StandardCharsets.UTF_8)));
        for (SocketChannel each : broken) {
            assertThat(isCutOff(each)).isTrue();
            each.close();
        }
        awaitThat(() -> network.counters().broken() == 6 && network.members().isEmpty(), "all are counted");
    }

    /// The answers quote what was sent, and would be longer than a text may be.
    @Test
    void who_sends_texts_as_long_as_may_be_gets_an_answer_or_is_cut_off() throws Exception {
        String longest = "x".repeat(8_192 - hello("").length());
        try (SocketChannel channel = raw(hello(longest))) {
            ByteBuffer answer = ByteBuffer.allocate(10_000);
            channel.read(answer);
            assertThat(new String(answer.array(), 4, answer.position() - 4, StandardCharsets.UTF_8))
                    .startsWith("refused='xxx")
                    .endsWith("...");
            assertThat(isCutOff(channel)).isTrue();
        }
        byte[] query = new byte[8_192]; // the octets that are not UTF-8 become three of it each
        Arrays.fill(query, (byte) 0xff);
        System.arraycopy("query=".getBytes(StandardCharsets.UTF_8), 0, query, 0, 6);
        try (SocketChannel channel = raw(hello("a"))) {
            channel.write(frame(1, query));
            assertThat(isCutOff(channel)).isTrue();
        }
        awaitThat(() -> network.counters().broken() == 1 && network.members().isEmpty(), "it is counted");
    }

    @Test
    void a_text_has_only_the_lines_that_have_room() {
        Message message = new Message("answer", "1");
        for (int i = 0; i < 1_000; i++) {
            message.add("address", "fd00:77::\u00fc" + i);
        }
        String text = message.toString(FrameChannel.LONGEST_TEXT);
        assertThat(text.getBytes(StandardCharsets.UTF_8)).hasSizeBetween(8_150, 8_192);
        assertThat(message.toString()).startsWith(text + "\n");
    }

    @Test
    void another_version_is_told_so() throws Exception {
        try (SocketChannel channel = raw(hello("a").replace("network=1", "network=7"))) {
            ByteBuffer answer = ByteBuffer.allocate(1_000);
            channel.read(answer);
            assertThat(new String(answer.array(), 4, answer.position() - 4, StandardCharsets.UTF_8))
                    .isEqualTo("refused=It speaks version 7 of this protocol, and the network version 1");
            assertThat(isCutOff(channel)).isTrue();
        }
    }

    private static byte[] datagram(String from, String to, int length) {
        byte[] packet = new byte[length];
        Ipv4Header.write(
                packet,
                0,
                0,
                length,
                0,
                Ipv4Header.DONT_FRAGMENT,
                64,
                17,
                IpAddress.parse(from).ipv4(),
                IpAddress.parse(to).ipv4());
        return packet;
    }

    @Test
    void packets_with_a_source_of_somebody_else_and_broken_packets_are_dropped_and_counted() throws Exception {
        Member web = join("web");
        try (SocketChannel channel = raw(hello("raw") + "\naddress=10.77.0.9")) {
            String own = "10.77.0.9";
            channel.write(frame(2, datagram(web.address().toString(), own, 60)));
            channel.write(frame(2, datagram("192.0.2.1", web.address().toString(), 60)));
            channel.write(frame(3, datagram(own, web.address().toString(), 24))); // a partial checksum of nothing
            channel.write(frame(3, new byte[] {0x60}));
            channel.write(frame(2, new byte[] {0x45, 0}));
            channel.write(frame(2, datagram(own, web.address().toString(), 60)));
            awaitThat(
                    () -> network.members().stream()
                            .anyMatch(each -> each.name().equals("raw")
                                    && each.counters().packetsIn() == 1
                                    && each.counters().spoofed() == 2
                                    && each.counters().malformed() == 1
                                    && each.malformed() == 2),
                    "each is counted");
        }
    }

    @Test
    void a_member_that_does_not_read_loses_packets_and_holds_nobody_up() throws Exception {
        Member web = join("web");
        Member client = join("client");
        try (SocketChannel slow = raw(hello("slow") + "\naddress=10.77.0.9");
                TcpAcceptor acceptor = listen(web);
                TcpSocket near = connect(client, web.address());
                TcpSocket far = acceptor.accept(PATIENCE);
                UdpSocket socket = client.host().openUdpSocket()) {
            awaitThat(() -> network.members().size() == 3, "the slow one has joined");
            byte[] datagram = new byte[60_000];
            awaitThat(
                    () -> {
                        try {
                            socket.send(datagram, 0, datagram.length, new Endpoint(IpAddress.parse("10.77.0.9"), 9));
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                        return network.members().stream().anyMatch(each -> each.overflow() > 0);
                    },
                    "packets are dropped");
            send(near, far, 3, 5_000_000);
            assertThat(slow.isOpen()).isTrue();
        }
    }

    @Test
    void random_octets_do_no_harm() throws Exception {
        Member web = join("web");
        Member client = join("client");
        Seeds.run(40, random -> {
            try (SocketChannel channel = raw(random.nextBoolean() ? hello("x") : "")) {
                byte[] octets = new byte[random.nextInt(5_000)];
                random.nextBytes(octets);
                if (random.nextBoolean() && octets.length > 4) {
                    octets[0] = (byte) (1 + random.nextInt(3));
                    octets[1] = 0;
                }
                channel.write(ByteBuffer.wrap(octets));
                channel.shutdownOutput();
                assertThat(isCutOff(channel)).isTrue();
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("Broken pipe"); // it was cut off before it had said all
            }
        });
        try (TcpAcceptor acceptor = listen(web);
                TcpSocket near = connect(client, web.address());
                TcpSocket far = acceptor.accept(PATIENCE)) {
            send(near, far, 4, 100_000);
        }
        awaitThat(() -> network.members().size() == 2, "only members are left");
    }

    @Test
    void nothing_is_left_of_a_hundred_members() throws Exception {
        Path descriptors = Path.of("/proc/self/fd");
        join("first").close();
        long before = count(descriptors);
        for (int i = 0; i < 100; i++) {
            join("m").close();
            awaitThat(() -> network.members().isEmpty(), "it is gone");
        }
        awaitThat(() -> count(descriptors) <= before, "no descriptor is left");
        assertThat(network.counters().joined()).isEqualTo(101);
    }

    private static long count(Path path) {
        try (Stream<Path> files = Files.list(path)) {
            return files.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
