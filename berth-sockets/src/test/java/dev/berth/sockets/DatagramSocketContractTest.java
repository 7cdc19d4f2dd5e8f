package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `java.net.DatagramSocket`, of its own and of a channel.
class DatagramSocketContractTest extends Contract {
    /// The ways to a datagram socket.
    enum Of {
        ITSELF,
        A_FACTORY,
        A_MULTICAST_SOCKET,
        A_CHANNEL
    }

    private DatagramSocket open(Of of) throws IOException {
        return closing(
                switch (of) {
                    case ITSELF -> platform.datagramSocket(null);
                    case A_FACTORY -> platform.datagramSocketByFactory(null);
                    case A_MULTICAST_SOCKET -> platform.multicastSocket(null);
                    case A_CHANNEL -> platform.provider().openDatagramChannel().socket();
                });
    }

    private DatagramSocket bound(Of of) throws IOException {
        DatagramSocket socket = open(of);
        socket.bind(any());
        return socket;
    }

    private static DatagramPacket packet(String text, DatagramSocket to) {
        return new DatagramPacket(bytes(text), text.length(), to.getLocalSocketAddress());
    }

    private static String text(DatagramPacket packet) {
        return new String(packet.getData(), packet.getOffset(), packet.getLength(), StandardCharsets.US_ASCII);
    }

    @ParameterizedTest
    @EnumSource
    void a_datagram_arrives_with_its_sender(Of of) throws IOException {
        DatagramSocket receiver = bound(of);
        DatagramSocket sender = bound(of);

        sender.send(packet("hello", receiver));

        DatagramPacket packet = new DatagramPacket(new byte[20], 3, 10);
        receiver.receive(packet);
        assertThat(text(packet)).isEqualTo("hello");
        assertThat(packet.getSocketAddress()).isEqualTo(sender.getLocalSocketAddress());
    }

    @ParameterizedTest
    @EnumSource
    void a_packet_is_used_again_and_again(Of of) throws IOException {
        DatagramSocket receiver = bound(of);
        DatagramSocket sender = bound(of);
        DatagramPacket packet = new DatagramPacket(new byte[20], 8);

        for (String text : new String[] {"a", "longer", "", "cut off here", "b"}) {
            sender.send(packet(text, receiver));
            receiver.receive(packet);
            assertThat(text(packet)).isEqualTo(text.substring(0, Math.min(8, text.length())));
        }
    }

    @ParameterizedTest
    @EnumSource
    void receiving_times_out_and_works_afterwards(Of of) throws IOException {
        DatagramSocket receiver = bound(of);
        receiver.setSoTimeout(30);
        DatagramPacket packet = new DatagramPacket(new byte[10], 10);

        assertThatThrownBy(() -> receiver.receive(packet))
                .isExactlyInstanceOf(SocketTimeoutException.class)
                .hasMessage("Receive timed out");
        bound(of).send(packet("late", receiver));
        receiver.receive(packet);
        assertThat(text(packet)).isEqualTo("late");
    }

    @ParameterizedTest
    @EnumSource
    void closing_wakes_the_receiver(Task.On kind) throws IOException {
        DatagramSocket receiver = boundDatagrams();
        Task<Void> receiving = Task.startBlocked(kind, () -> {
            receiver.receive(new DatagramPacket(new byte[1], 1));
            return null;
        });

        receiver.close();

        assertThat(receiving.failure())
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket closed");
    }

    @Test
    void interrupting_a_virtual_receiver_closes() throws IOException {
        DatagramSocket receiver = boundDatagrams();
        Task<Void> receiving = Task.startBlocked(Task.On.VIRTUAL, () -> {
            receiver.receive(new DatagramPacket(new byte[1], 1));
            return null;
        });

        receiving.interrupt();

        assertThat(receiving.failure())
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Closed by interrupt");
    }

    @ParameterizedTest
    @EnumSource
    void a_connected_socket_has_one_partner(Of of) throws IOException {
        DatagramSocket one = bound(of);
        DatagramSocket other = bound(of);
        DatagramSocket stranger = bound(of);
        one.connect(other.getLocalSocketAddress());

        stranger.send(packet("stranger", one));
        one.send(new DatagramPacket(bytes("no address"), 10));
        DatagramPacket packet = new DatagramPacket(new byte[20], 20);
        other.receive(packet);
        assertThat(text(packet)).isEqualTo("no address");
        other.send(packet("back", one));
        one.receive(packet);

        assertThat(text(packet)).isEqualTo("back");
        assertThat(one.isConnected()).isTrue();
        assertThat(one.getPort()).isEqualTo(other.getLocalPort());
        assertThatThrownBy(() -> one.send(packet("x", stranger))).isExactlyInstanceOf(IllegalArgumentException.class);
        one.disconnect();
        assertThat(one.isConnected()).isFalse();
        assertThat(one.getPort()).isEqualTo(-1);
        one.send(packet("x", stranger));
    }

    @ParameterizedTest
    @EnumSource
    void a_port_without_a_socket_is_unreachable(Of of) throws IOException {
        DatagramSocket gone = bound(of);
        InetSocketAddress nobody = (InetSocketAddress) gone.getLocalSocketAddress();
        gone.close();
        DatagramSocket sender = bound(of);
        sender.connect(nobody);
        sender.setSoTimeout(10_000);

        sender.send(new DatagramPacket(bytes("x"), 1));

        assertThatThrownBy(() -> sender.receive(new DatagramPacket(new byte[1], 1)))
                .isExactlyInstanceOf(PortUnreachableException.class);
    }

    @ParameterizedTest
    @EnumSource
    void an_unbound_socket_binds_when_it_is_used(Of of) throws IOException {
        DatagramSocket receiver = bound(of);
        DatagramSocket sender = open(of);
        assertThat(sender.isBound()).isFalse();

        sender.send(packet("x", receiver));

        assertThat(sender.isBound()).isTrue();
        assertThat(sender.getLocalPort()).isBetween(1_024, 65_535);
        assertThat(sender.getLocalAddress().isAnyLocalAddress()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "A_MULTICAST_SOCKET") // which shares its port
    void a_port_that_is_bound_is_in_use(Of of) throws IOException {
        DatagramSocket socket = bound(of);
        DatagramSocket other = open(of);

        assertThatThrownBy(() -> other.bind(socket.getLocalSocketAddress()))
                .isExactlyInstanceOf(BindException.class)
                .hasMessage("Address already in use");
    }

    @ParameterizedTest
    @EnumSource
    void a_closed_socket_does_nothing(Of of) throws IOException {
        DatagramSocket socket = bound(of);
        DatagramSocket other = bound(of);
        socket.close();
        socket.close();

        assertThat(socket.isClosed()).isTrue();
        assertThat(socket.getLocalPort()).isEqualTo(-1);
        assertThat(socket.getLocalAddress()).isNull();
        assertThatThrownBy(() -> socket.send(packet("x", other))).isExactlyInstanceOf(SocketException.class);
        assertThatThrownBy(() -> socket.receive(new DatagramPacket(new byte[1], 1)))
                .isExactlyInstanceOf(SocketException.class);
        assertThatThrownBy(() -> socket.setSoTimeout(1)).isExactlyInstanceOf(SocketException.class);
    }

    @ParameterizedTest
    @EnumSource
    void options_are_kept(Of of) throws IOException {
        DatagramSocket socket = bound(of);

        socket.setBroadcast(true);
        socket.setReuseAddress(true);
        socket.setSendBufferSize(50_000);
        socket.setReceiveBufferSize(50_000);
        socket.setTrafficClass(0x10);
        socket.setSoTimeout(77);
        socket.setOption(StandardSocketOptions.SO_SNDBUF, 60_000);

        assertThat(socket.getBroadcast()).isTrue();
        assertThat(socket.getReuseAddress()).isTrue();
        assertThat(socket.getSendBufferSize()).isGreaterThanOrEqualTo(60_000);
        assertThat(socket.getReceiveBufferSize()).isGreaterThanOrEqualTo(50_000);
        assertThat(socket.getTrafficClass()).isEqualTo(0x10);
        assertThat(socket.getSoTimeout()).isEqualTo(77);
        assertThatThrownBy(() -> socket.setOption(StandardSocketOptions.TCP_NODELAY, true))
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("'TCP_NODELAY' not supported");
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "A_FACTORY") // where the JDK's wrapper holds a lock
    void options_do_not_wait_for_a_receiver(Of of) throws IOException {
        DatagramSocket socket = bound(of);
        Task<Void> receiving = Task.startBlocked(Task.On.PLATFORM, () -> {
            socket.receive(new DatagramPacket(new byte[1], 1));
            return null;
        });

        assertThat(socket.getSendBufferSize()).isPositive();
        assertThat(socket.getSoTimeout()).isZero();
        socket.setReuseAddress(true);
        socket.setTrafficClass(8);
        bound(of).send(packet("x", socket));
        receiving.get();
    }
}
