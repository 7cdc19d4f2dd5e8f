package dev.berth.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.testkit.netns.NetworkNamespace;
import dev.berth.wire.BufferPool;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/// How devices come and go, and what is said when they cannot.
class TunLinkLifeTest extends TunTest {
    @Test
    void a_device_vanishes_with_its_link() throws Exception {
        TunLink link = open(builder("berth0"));
        link.start(new RecordingReceiver());
        assertThat(exists("berth0")).isTrue();
        assertThat(link.info().name()).isEqualTo("berth0");
        assertThat(link.info().mtu()).isEqualTo(1_500);
        assertThat(link.info().checksumOffload()).isTrue();
        assertThat(link.info().maxSegmented()).isEqualTo(65_535);
        assertThat(link).hasToString("TunLink[berth0, mtu 1500]");
        link.close();
        link.close();
        assertThat(exists("berth0")).isFalse();
        assertThatThrownBy(link::up).isInstanceOf(IOException.class).hasMessage("TUN device berth0 is closed.");
        assertThatThrownBy(() -> link.start(new RecordingReceiver())).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void a_link_that_was_never_started_closes_too() throws Exception {
        TunLink link = open(builder("berth0"));
        link.close();
        assertThat(exists("berth0")).isFalse();
    }

    @Test
    void a_link_is_started_once() throws Exception {
        TunLink link = open(builder("berth0"));
        link.start(new RecordingReceiver());
        assertThatThrownBy(() -> link.start(new RecordingReceiver()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("TUN link berth0 was started before");
    }

    @Test
    void a_persistent_device_keeps_its_mtu_and_stays() throws Exception {
        namespace.check("ip", "tuntap", "add", "dev", "kept0", "mode", "tun");
        namespace.check("ip", "link", "set", "dev", "kept0", "mtu", "9000");
        TunLink link = open(builder("kept0"));
        assertThat(link.info().mtu()).isEqualTo(9_000);
        link.close();
        assertThat(exists("kept0")).isTrue();
        TunLink again = open(builder("kept0").mtu(4_000));
        assertThat(again.info().mtu()).isEqualTo(4_000);
        assertThat(namespace.check("ip", "link", "show", "dev", "kept0")).contains("mtu 4000");
    }

    @Test
    void a_persistent_device_for_several_queues_can_be_used() throws Exception {
        namespace.check("ip", "tuntap", "add", "dev", "many0", "mode", "tun", "multi_queue");
        assertThat(open(builder("many0")).info().name()).isEqualTo("many0");
    }

    @Test
    void the_kernel_chooses_the_number_in_a_pattern() throws Exception {
        assertThat(open(builder("berth%d")).info().name()).isEqualTo("berth0");
        assertThat(open(builder("berth%d")).info().name()).isEqualTo("berth1");
    }

    @Test
    void the_host_is_told_when_the_device_is_removed() throws Exception {
        RecordingReceiver receiver = new RecordingReceiver();
        TunLink link = running(receiver);
        namespace.check("ip", "link", "delete", "dev", "berth0");
        assertThat(receiver.awaitDown()).isEqualTo("TUN device berth0 was removed.");
        link.transmit(new Packets(HOST, KERNEL).udp(1, 2, new byte[10]));
        assertThat(link.counters().droppedWhileDown()).isEqualTo(1);
    }

    @Test
    void packets_are_dropped_while_the_device_is_down_and_flow_afterwards() throws Exception {
        RecordingReceiver receiver = new RecordingReceiver();
        TunLink link = running(receiver);
        Packets packets = new Packets(HOST, KERNEL);
        namespace.check("ip", "link", "set", "dev", "berth0", "down");
        link.transmit(packets.udp(1, 2, new byte[10]));
        assertThat(link.counters().droppedWhileDown()).isEqualTo(1);
        link.up();
        link.transmit(packets.udp(1, 2, new byte[10]));
        assertThat(link.counters().transmittedPackets()).isEqualTo(1);
        // Nobody has port 2: the answer shows that the reader is at work.
        receiver.await(received -> received.protocol() == IpProtocol.ICMP);
        assertThat(receiver.down).isNotDone();
    }

    @Test
    void what_is_no_packet_is_refused_and_counted() throws Exception {
        TunLink link = running(new RecordingReceiver());
        Packet packet = new BufferPool().takePacket(100); // the receiver's pool is for the link's thread alone
        packet.end = 40; // zeros: neither IPv4 nor IPv6
        link.transmit(packet);
        assertThat(link.counters().droppedRefused()).isEqualTo(1);
        Packet large = new Packets(HOST, KERNEL).udp(1, 2, new byte[65_520]);
        link.transmit(large);
        assertThat(link.counters().droppedRefused()).isEqualTo(2);
        assertThat(link.counters().transmittedPackets()).isZero();
    }

    @Test
    void a_receiver_may_close_its_link() throws Exception {
        AtomicReference<TunLink> link = new AtomicReference<>();
        CountDownLatch closed = new CountDownLatch(1);
        RecordingReceiver receiver = new RecordingReceiver(received -> {
            link.get().close();
            closed.countDown();
        });
        link.set(open(builder("berth0")));
        link.get().start(receiver);
        namespace.check("ip", "address", "add", KERNEL + "/24", "dev", "berth0");
        link.get().up();
        namespace.run("ping", "-c", "1", "-W", "1", HOST);
        assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
        link.get().close(); // waits for the reader's end
        assertThat(exists("berth0")).isFalse();
        assertThat(receiver.down).isNotDone();
    }

    @Test
    void a_link_may_be_closed_while_packets_flow() throws Exception {
        for (int round = 0; round < 20; round++) {
            TunLink link = running(new RecordingReceiver());
            CountDownLatch flowing = new CountDownLatch(1_000);
            Packets packets = new Packets(HOST, KERNEL);
            Thread sender = Thread.ofPlatform().start(() -> {
                while (link.counters().droppedWhileDown() < 1_000) {
                    link.transmit(packets.udp(1, 2, new byte[500]));
                    flowing.countDown();
                }
            });
            assertThat(flowing.await(10, TimeUnit.SECONDS)).isTrue();
            link.close();
            assertThat(sender.join(Duration.ofSeconds(10))).isTrue();
            assertThat(exists("berth0")).isFalse();
        }
    }

    @Test
    void a_device_in_use_is_busy() throws Exception {
        open(builder("berth0"));
        assertFails(builder("berth0"), "TUN device berth0 is in use by another program.");
    }

    @Test
    void names_that_cannot_be_are_refused() {
        assertFails(
                builder("sixteen-octets-1"),
                "The name of a TUN device has at most 15 octets, and 'sixteen-octets-1' is longer.");
        assertFails(builder("a/b"), "'a/b' is not a name for a network device.");
        assertFails(builder(""), "'' is not a name for a network device.");
        assertFails(
                builder("lo"),
                "'lo' cannot be a TUN device: a device of that name but of another kind exists, or the kernel does not"
                        + " allow the name.");
    }

    @Test
    void a_namespace_that_is_none_is_refused() {
        assertFails(
                TunLink.builder("berth0").inNamespace(Path.of("/var/run/netns/berth-none")),
                "There is no network namespace /var/run/netns/berth-none.");
        assertFails(
                TunLink.builder("berth0").inNamespace(Path.of("/dev/null")),
                "/dev/null is not a network namespace (EINVAL).");
    }

    private static void assertFails(TunLink.Builder builder, String message) {
        assertThatThrownBy(builder::open).isInstanceOf(IOException.class).hasMessage(message);
    }

    @Test
    void a_user_without_the_capability_is_told_what_is_needed() {
        String[] java =
                KernelPeer.command(List.of("--enable-native-access=ALL-UNNAMED"), "open", "127.0.0.1", "1", "berth0");
        String[] command = new String[java.length + 2];
        command[0] = "setpriv";
        command[1] = "--bounding-set=-net_admin";
        System.arraycopy(java, 0, command, 2, java.length);
        assertThat(namespace.check(command))
                .contains("IOException: No permission for TUN device berth0: this needs root or CAP_NET_ADMIN, or a"
                        + " persistent device that this user owns.");
    }

    @Test
    void denied_native_access_is_told_in_one_sentence() {
        NetworkNamespace.Outcome outcome = namespace.run(
                KernelPeer.command(List.of("--illegal-native-access=deny"), "open", "127.0.0.1", "1", "berth0"));
        assertThat(outcome.output())
                .contains("IOException: TUN devices need native access: start Java with"
                        + " --enable-native-access=ALL-UNNAMED.");
    }
}
