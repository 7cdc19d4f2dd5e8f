package dev.berth.tun;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.wire.Chunk;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Where a link puts the headers of a packet, and that nothing but headroom is ever written to. The kernel forwards
/// from `berth0` to `berth1`.
class TunLinkHeadroomTest extends TunTest {
    private static final int SEGMENT = 1_400;

    private final RecordingReceiver far = new RecordingReceiver();
    private final byte[] data = KernelPeer.pattern(20 * SEGMENT);
    private TunLink link;

    @BeforeEach
    void forward() throws Exception {
        link = running(new RecordingReceiver());
        running(builder("berth1"), "10.8.0.1", "fd08::1", far);
        forwardBetweenDevices();
    }

    private static Packets packets(String from) {
        return new Packets(from, from.equals(HOST) ? "10.8.0.2" : "fd08::2");
    }

    /// Sends all of `chunk` from `from` on, and expects it at the other end and in the chunk afterwards.
    private void send(Packets packets, Chunk chunk, int from) throws Exception {
        byte[] payload = Arrays.copyOfRange(chunk.bytes, from, chunk.used);
        Packet packet = packets.tcp(5, 6, 77, 2, TcpHeader.ACK, chunk, from, payload.length);
        packet.segmentSize = SEGMENT;
        link.transmit(packet);
        Received received = far.await(Received::isTcp);
        assertThat(received.payload()).isEqualTo(payload);
        assertThat(received.sequence()).isEqualTo(77);
        assertThat(received.segmentSize()).isEqualTo(SEGMENT);
        assertThat(Arrays.copyOfRange(chunk.bytes, from, chunk.used)).isEqualTo(payload);
    }

    private static Chunk withHeadroom(Packets packets, byte[] data) {
        Chunk chunk = packets.chunk(data, Chunk.HEADROOM);
        chunk.begin = Chunk.HEADROOM;
        return chunk;
    }

    private static byte[] before(Chunk chunk, int at) {
        return Arrays.copyOf(chunk.bytes, at);
    }

    private static byte[] untouched(int length) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, Packets.NOTHING);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void headers_are_put_into_the_headroom_before_a_payload_that_begins_its_chunk(String from) throws Exception {
        Packets packets = packets(from);
        Chunk chunk = withHeadroom(packets, data);
        int headers = (from.equals(HOST) ? 20 : 40) + 20 + VnetHeader.LENGTH;
        for (int i = 0; i < 3; i++) {
            send(packets, chunk, chunk.begin);
            assertThat(before(chunk, chunk.begin - headers)).isEqualTo(untouched(chunk.begin - headers));
            assertThat(chunk.bytes[chunk.begin - headers + VnetHeader.LENGTH] >>> 4)
                    .isEqualTo(from.equals(HOST) ? 4 : 6);
            assertThat(chunk.claimHeadroom()).as("it is free again").isTrue();
            chunk.releaseHeadroom();
        }
        chunk.release();
        assertThat(packets.pool.outstanding()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, Chunk.HEADROOM, SEGMENT})
    void a_payload_inside_a_chunk_leaves_what_is_before_it_alone(int into) throws Exception {
        Packets packets = packets(HOST);
        Chunk chunk = withHeadroom(packets, data);
        send(packets, chunk, chunk.begin + into);
        assertThat(before(chunk, chunk.begin)).isEqualTo(untouched(chunk.begin));
        assertThat(Arrays.copyOfRange(chunk.bytes, chunk.begin, chunk.used)).isEqualTo(data);
        chunk.release();
        assertThat(packets.pool.outstanding()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, Chunk.HEADROOM})
    void a_chunk_without_headroom_is_not_written_to(int at) throws Exception {
        Packets packets = packets(HOST);
        Chunk chunk = packets.chunk(data, at);
        send(packets, chunk, at);
        assertThat(before(chunk, at)).isEqualTo(untouched(at));
        chunk.release();
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void headroom_that_another_one_has_claimed_is_left_alone(String from) throws Exception {
        Packets packets = packets(from);
        Chunk chunk = withHeadroom(packets, data);
        assertThat(chunk.claimHeadroom()).isTrue();
        send(packets, chunk, chunk.begin);
        assertThat(before(chunk, chunk.begin)).isEqualTo(untouched(chunk.begin));
        assertThat(chunk.claimHeadroom()).as("still his").isFalse();
        chunk.release();
    }

    /// A packet as a link has received it: all in one chunk.
    private Packet contiguous(Packets packets, int at) {
        Packet built = packets.tcp(5, 6, 77, 2, TcpHeader.ACK, data);
        Packet packet = packets.pool.takePacket(at + built.length());
        Arrays.fill(packet.bytes, 0, at, Packets.NOTHING);
        packet.start = at;
        packet.end = at + built.copyTo(packet.bytes, at);
        packet.transportAt = at + built.transportAt - built.start;
        packet.protocol = built.protocol;
        packet.checksum = built.checksum;
        packet.segmentSize = SEGMENT;
        built.release();
        return packet;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, VnetHeader.LENGTH, 100})
    void what_came_in_one_chunk_goes_out_of_it(int at) throws Exception {
        Packets packets = packets(HOST);
        link.transmit(contiguous(packets, at));
        assertThat(far.await(Received::isTcp).payload()).isEqualTo(data);
        assertThat(packets.pool.outstanding()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {VnetHeader.LENGTH, 100})
    void a_chunk_that_others_refer_to_is_not_written_to(int at) throws Exception {
        Packets packets = packets(HOST);
        Packet packet = contiguous(packets, at);
        Chunk chunk = packet.chunk;
        assertThat(chunk).isNotNull();
        chunk.retain();
        link.transmit(packet);
        assertThat(far.await(Received::isTcp).payload()).isEqualTo(data);
        assertThat(before(chunk, at)).isEqualTo(untouched(at));
        chunk.release();
        assertThat(packets.pool.outstanding()).isZero();
    }
}
