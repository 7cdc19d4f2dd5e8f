package dev.berth.stack.ip;

import static dev.berth.stack.script.Frames.MORE;
import static dev.berth.stack.script.Frames.concat;
import static dev.berth.stack.script.Frames.data;
import static dev.berth.stack.script.Frames.extension;
import static dev.berth.stack.script.Frames.fragmentHeader;
import static dev.berth.stack.script.Frames.i32;
import static dev.berth.stack.script.Frames.ipv4;
import static dev.berth.stack.script.Frames.ipv4Checksum;
import static dev.berth.stack.script.Frames.ipv6;
import static dev.berth.stack.script.Frames.slice;
import static dev.berth.stack.script.Frames.u16;
import static dev.berth.stack.script.Frames.u8;
import static dev.berth.stack.script.ScriptHost.A;
import static dev.berth.stack.script.ScriptHost.A6;
import static dev.berth.stack.script.ScriptHost.PEER;
import static dev.berth.stack.script.ScriptHost.PEER6;
import static dev.berth.stack.script.ScriptHost.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.script.Frames;
import dev.berth.stack.script.ScriptHost;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 791 section 3.2, RFC 1122 section 3.3.2, RFC 8200 section 4.5, RFC 5722. 1122-017 1122-056 8200-02
class ReassemblyTest {
    private final ScriptHost host = new ScriptHost();

    @AfterEach
    void nothing_leaks() {
        host.close();
    }

    /// The pieces of `data` as fragments of one datagram of TCP, `size` octets each.
    private static List<byte[]> fragments(boolean v6, byte[] data, int size, int id) {
        List<byte[]> fragments = new ArrayList<>();
        for (int offset = 0; offset < data.length; offset += size) {
            int end = Math.min(data.length, offset + size);
            fragments.add(fragment(v6, data, offset, end, end < data.length, id));
        }
        return fragments;
    }

    private static byte[] fragment(boolean v6, byte[] data, int from, int to, boolean more, int id) {
        byte[] piece = slice(data, from, to);
        return v6
                ? ipv6(PEER6, A6, 44, fragmentHeader(Frames.TCP, from, more, id), piece)
                : ipv4(PEER, A, Frames.TCP, piece, id, from / 8 | (more ? MORE : 0), new byte[0]);
    }

    private void delivers(boolean v6, byte[] data) {
        assertThat(host.segments).hasSize(1);
        byte[] whole = host.segments.getFirst();
        int header = v6 ? 40 : 20;
        assertThat(slice(whole, header, whole.length)).isEqualTo(data);
        if (v6) {
            assertThat(u16(whole, 4)).isEqualTo(data.length);
            assertThat(u8(whole, 6)).isEqualTo(Frames.TCP);
        } else {
            assertThat(u16(whole, 2)).isEqualTo(whole.length);
            assertThat(u16(whole, 6)).isZero();
            assertThat(Frames.checksum(slice(whole, 0, 20))).isZero();
        }
        assertThat(host.input.reassembler().datagrams()).isZero();
        assertThat(host.input.reassembler().octets()).isZero();
        host.segments.clear();
    }

    @Requirement({"1122-017", "1122-056"})
    @ParameterizedTest
    @CsvSource({
        "false, 576, 56", "false, 3000, 1480", "false, 3001, 1480", "false, 65515, 1480", "false, 60000, 296",
        "false, 9000, 4000", "true, 3000, 1448", "true, 65535, 1448", "true, 2047, 24", "false, 33, 8"
    })
    void fragments_in_order_in_reverse_and_shuffled_make_the_datagram(boolean v6, int length, int size) {
        byte[] data = data(length);
        List<byte[]> fragments = fragments(v6, data, size, 77);
        host.receive(fragments.toArray(new byte[0][]));
        delivers(v6, data);
        Collections.reverse(fragments);
        host.receive(fragments.toArray(new byte[0][]));
        delivers(v6, data);
        for (int seed = 0; seed < 10; seed++) {
            Collections.shuffle(fragments, new Random(seed));
            host.receive(fragments.toArray(new byte[0][]));
            delivers(v6, data);
        }
        host.droppedNothing();
        assertThat(host.input.reassembler().reassembled()).isEqualTo(12);
    }

    @Requirement("1122-057")
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void the_largest_message_is_what_the_transport_is_told(boolean v6) {
        int largest = Reassembler.largestMessage(v6);
        assertThat(largest).isEqualTo(v6 ? 65_535 : 65_515);
        byte[] data = data(largest);
        host.receive(fragments(v6, data, 1_448, 3).toArray(new byte[0][]));
        delivers(v6, data);
        host.receive(fragments(v6, data(largest + 1), 1_448, 4).toArray(new byte[0][]));
        assertThat(host.segments).isEmpty();
    }

    @Requirement("1122-056")
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void exact_duplicates_are_dropped_alone(boolean v6) {
        byte[] data = data(4_000);
        List<byte[]> fragments = fragments(v6, data, 800, 5);
        host.receive(fragments.get(1), fragments.get(1), fragments.get(4), fragments.get(4), fragments.get(0));
        host.receive(fragments.get(1), fragments.get(0), fragments.get(3), fragments.get(2));
        delivers(v6, data);
        assertThat(host.drops.total(DropReason.BAD_FRAGMENT)).isEqualTo(4);
    }

    @Requirement({"8200-02", "1122-056"})
    @ParameterizedTest
    @CsvSource({
        "false, 0, 808", "false, 792, 1600", "false, 800, 1608", "false, 1600, 2400", "false, 1608, 2000",
        "true, 0, 808", "true, 792, 1600", "true, 800, 1608", "true, 1600, 2400", "true, 1608, 2000"
    })
    void an_overlap_discards_the_whole_datagram(boolean v6, int from, int to) {
        byte[] data = data(4_000);
        List<byte[]> fragments = fragments(v6, data, 800, 5);
        host.receive(fragments.get(0), fragments.get(2));
        byte[] evil = data.clone();
        evil[1_700] ^= 1; // so that the fragment equal to the third in place is not a duplicate
        host.receive(fragment(v6, evil, from, to, true, 5));
        host.receive(fragments.get(1), fragments.get(3), fragments.get(4));
        assertThat(host.segments).isEmpty();
        assertThat(host.drops.total(DropReason.BAD_FRAGMENT)).isEqualTo(6);
        assertThat(host.drops.total()).isEqualTo(6);
        assertThat(host.input.reassembler().octets()).isZero();
        host.sentNothing();
        host.advance(60 * SECOND); // nor is an error sent when the time is over
        host.sentNothing();
        host.receive(fragments.toArray(new byte[0][]));
        delivers(v6, data);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void two_different_ends_discard_the_datagram(boolean v6) {
        byte[] data = data(4_000);
        host.receive(fragment(v6, data, 1_600, 2_400, false, 1), fragment(v6, data, 2_400, 3_000, false, 1));
        host.receive(fragment(v6, data, 3_200, 3_600, true, 2), fragment(v6, data, 2_400, 3_000, false, 2));
        host.receive(fragment(v6, data, 2_400, 3_000, false, 3), fragment(v6, data, 3_200, 3_600, true, 3));
        assertThat(host.drops.total(DropReason.BAD_FRAGMENT)).isEqualTo(6);
        assertThat(host.input.reassembler().octets()).isZero();
    }

    @Test
    void datagrams_are_told_apart_by_source_destination_protocol_and_identification() {
        byte[] data = data(1_600);
        host.receive(
                ipv4(PEER, A, Frames.TCP, slice(data, 0, 800), 1, MORE, new byte[0]),
                ipv4("10.0.0.98", A, Frames.TCP, slice(data, 800, 1_600), 1, 100, new byte[0]),
                ipv4(PEER, ScriptHost.B, Frames.TCP, slice(data, 800, 1_600), 1, 100, new byte[0]),
                ipv4(PEER, A, Frames.UDP, slice(data, 800, 1_600), 1, 100, new byte[0]),
                ipv4(PEER, A, Frames.TCP, slice(data, 800, 1_600), 2, 100, new byte[0]));
        assertThat(host.segments).isEmpty();
        assertThat(host.input.reassembler().datagrams()).isEqualTo(5);
        host.receive(ipv4(PEER, A, Frames.TCP, slice(data, 800, 1_600), 1, 100, new byte[0]));
        assertThat(host.segments).hasSize(1);
        assertThat(host.input.reassembler().datagrams()).isEqualTo(4);
    }

    @Requirement({"1122-058", "1122-059"})
    @Test
    void after_sixty_seconds_time_exceeded_is_sent_about_the_first_fragment() {
        byte[] data = data(4_000);
        List<byte[]> fragments = fragments(false, data, 1_000, 5);
        host.receive(fragments.get(1));
        host.advance(59 * SECOND);
        host.receive(fragments.get(0)); // does not restart the timer
        assertThat(host.input.nextDeadline()).isEqualTo(host.now + SECOND);
        host.advance(SECOND - 1);
        host.sentNothing();
        host.advance(1);
        byte[] error = host.sentOne();
        assertThat(u16(error, 20)).isEqualTo(11 << 8 | 1);
        assertThat(slice(error, 28, error.length)).isEqualTo(slice(fragments.get(0), 0, 548));
        assertThat(host.drops.total(DropReason.REASSEMBLY_TIMEOUT)).isEqualTo(2);
        assertThat(host.input.nextDeadline()).isEqualTo(PathMtu.NEVER);
    }

    @Requirement("8200-03")
    @Test
    void after_sixty_seconds_time_exceeded_is_sent_over_ipv6_too() {
        byte[] data = data(4_000);
        List<byte[]> fragments = fragments(true, data, 1_400, 5);
        host.receive(fragments.get(0), fragments.get(2));
        host.advance(60 * SECOND);
        byte[] error = host.sentOne();
        assertThat(error).hasSize(1_280);
        assertThat(u16(error, 40)).isEqualTo(3 << 8 | 1);
        assertThat(slice(error, 48, 1_280)).isEqualTo(slice(fragments.get(0), 0, 1_232));
    }

    @Requirement("1122-058")
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void without_the_first_fragment_no_error_is_sent(boolean v6) {
        host.receive(fragment(v6, data(4_000), 800, 1_600, true, 1));
        host.advance(60 * SECOND);
        host.sentNothing();
        host.droppedOnly(DropReason.REASSEMBLY_TIMEOUT);
    }

    @Requirement("8200-04")
    @Test
    void an_ipv6_fragment_of_odd_length_is_a_parameter_problem() {
        byte[] packet = fragment(true, data(1_000), 0, 801, true, 1);
        host.receive(packet);
        byte[] error = host.sentOne();
        assertThat(u16(error, 40)).isEqualTo(4 << 8);
        assertThat(i32(error, 44)).isEqualTo(4);
        host.droppedOnly(DropReason.BAD_FRAGMENT);
    }

    @Test
    void an_ipv6_fragment_beyond_the_longest_packet_is_a_parameter_problem() {
        byte[] packet = ipv6(PEER6, A6, 44, fragmentHeader(Frames.TCP, 65_528, false, 1), data(8));
        host.receive(packet);
        byte[] error = host.sentOne();
        assertThat(u16(error, 40)).isEqualTo(4 << 8);
        assertThat(i32(error, 44)).isEqualTo(42);
        host.droppedOnly(DropReason.BAD_FRAGMENT);
    }

    @Test
    void a_first_fragment_without_the_transport_header_is_a_parameter_problem() {
        host.receive(ipv6(PEER6, A6, 44, fragmentHeader(60, 0, true, 1), extension(Frames.TCP), data(16)));
        byte[] error = host.sentOne();
        assertThat(u16(error, 40)).isEqualTo(4 << 8 | 3);
        assertThat(i32(error, 44)).isZero();
        host.droppedOnly(DropReason.BAD_FRAGMENT);
    }

    @Test
    void impossible_ipv4_fragments_are_silently_dropped() {
        host.receive(
                ipv4(PEER, A, Frames.TCP, data(801), 1, MORE, new byte[0]),
                ipv4(PEER, A, Frames.TCP, data(16), 1, 0x1fff, new byte[0]),
                ipv4(PEER, A, Frames.TCP, data(0), 1, MORE, new byte[0]),
                ipv4(PEER, A, Frames.TCP, data(0), 1, 5, new byte[0]));
        assertThat(host.drops.total(DropReason.BAD_FRAGMENT)).isEqualTo(4);
        host.sentNothing();
        assertThat(host.input.reassembler().datagrams()).isZero();
    }

    @Test
    void extension_headers_before_and_behind_the_fragment_header_are_processed() {
        byte[] fragmentable = concat(extension(Frames.TCP, 0x1e, 2, 0, 0), data(1_000));
        byte[] hopByHop = extension(44, 0x1e, 2, 0, 0);
        host.receive(
                ipv6(PEER6, A6, 0, hopByHop, fragmentHeader(60, 800, false, 9), slice(fragmentable, 800, 1_008)),
                ipv6(PEER6, A6, 0, hopByHop, fragmentHeader(60, 0, true, 9), slice(fragmentable, 0, 800)));
        byte[] whole = host.segments.getFirst();
        assertThat(u8(whole, 6)).isZero();
        assertThat(u8(whole, 40))
                .as("next header behind the hop-by-hop options")
                .isEqualTo(60);
        assertThat(slice(whole, 48, whole.length)).isEqualTo(fragmentable);
        host.droppedNothing();
    }

    @Test
    void a_fragment_within_a_reassembled_packet_is_dropped() {
        byte[] inner = concat(fragmentHeader(Frames.TCP, 0, true, 3), data(800));
        host.receive(
                ipv6(PEER6, A6, 44, fragmentHeader(44, 0, true, 9), slice(inner, 0, 400)),
                ipv6(PEER6, A6, 44, fragmentHeader(44, 400, false, 9), slice(inner, 400, 808)));
        host.droppedOnly(DropReason.BAD_FRAGMENT);
        host.sentNothing();
    }

    // RFC 3168 section 5.3
    @ParameterizedTest
    @CsvSource({"0, 0, 0", "1, 1, 1", "2, 3, 3", "3, 2, 3", "0, 3, -1", "3, 0, -1", "3, 3, 3"})
    void congestion_experienced_by_a_fragment_is_not_lost(int first, int second, int expected) {
        byte[] data = data(1_600);
        List<byte[]> fragments = fragments(false, data, 800, 5);
        fragments.get(0)[1] = (byte) first;
        fragments.get(1)[1] = (byte) second;
        fragments.forEach(Frames::ipv4Checksum);
        host.receive(fragments.get(0), fragments.get(1));
        if (expected < 0) {
            assertThat(host.segments).isEmpty();
            assertThat(host.drops.total(DropReason.BAD_FRAGMENT)).isEqualTo(2);
        } else {
            assertThat(u8(host.segments.getFirst(), 1)).isEqualTo(expected);
        }
    }

    @Test
    void too_many_fragments_give_the_datagram_up() {
        byte[] data = data(8 * 300);
        for (byte[] fragment : fragments(false, data, 8, 5)) {
            host.receive(fragment);
        }
        assertThat(host.segments).isEmpty();
        assertThat(host.drops.total(DropReason.REASSEMBLY_OVERFLOW)).isEqualTo(257);
        assertThat(host.drops.total(DropReason.BAD_FRAGMENT)).isEqualTo(43);
        assertThat(host.input.reassembler().octets()).isZero();
    }

    @Test
    void memory_is_bounded_per_source_and_per_host_and_the_oldest_gives_way() {
        Reassembler reassembler = host.input.reassembler();
        byte[] data = data(4_000);
        for (int id = 0; id < 1_000; id++) {
            host.receive(fragment(false, data, 800, 2_000, true, id));
            assertThat(reassembler.octets()).isLessThanOrEqualTo(Reassembler.DEFAULT_OCTETS / 4);
            assertThat(reassembler.datagrams()).isLessThanOrEqualTo(Reassembler.DEFAULT_DATAGRAMS);
        }
        // Another source still gets its datagram through, and so does the newest of the flood.
        List<byte[]> honest = fragments(true, data, 1_000, 1);
        host.receive(honest.toArray(new byte[0][]));
        assertThat(host.segments).hasSize(1);
        for (int source = 1; source < 250; source++) {
            for (int id = 0; id < 20; id++) {
                byte[] fragment = fragment(false, data, 800, 2_000, true, id);
                System.arraycopy(IpAddress.parse("192.0.2." + source).octets(), 0, fragment, 12, 4);
                host.receive(ipv4Checksum(fragment));
            }
            assertThat(reassembler.octets()).isLessThanOrEqualTo(Reassembler.DEFAULT_OCTETS);
            assertThat(reassembler.datagrams()).isLessThanOrEqualTo(Reassembler.DEFAULT_DATAGRAMS);
        }
        long held = reassembler.datagrams();
        assertThat(host.drops.total(DropReason.REASSEMBLY_OVERFLOW)).isEqualTo(1_000 + 249 * 20 - held);
        assertThat(host.drops.total()).isEqualTo(host.drops.total(DropReason.REASSEMBLY_OVERFLOW));
    }

    @Test
    void a_small_fragment_does_not_hold_a_large_chunk() {
        byte[] fragment = fragment(false, data(4_000), 800, 1_600, true, 1);
        var packet = host.pool.takePacket(60_000);
        System.arraycopy(fragment, 0, packet.bytes, 1_000, fragment.length);
        packet.start = 1_000;
        packet.end = 1_000 + fragment.length;
        host.receive(packet);
        assertThat(host.input.reassembler().octets()).isLessThanOrEqualTo(2_048);
    }

    @Test
    void random_fragments_agree_with_a_naive_model() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            boolean v6 = random.nextBoolean();
            byte[] data = data(8 * (10 + random.nextInt(50)) + random.nextInt(8));
            List<byte[]> pieces = new ArrayList<>();
            for (int at = 0; at < data.length; ) {
                int units = v6 && at == 0 ? 3 + random.nextInt(5) : 1 + random.nextInt(8);
                int size = Math.min(data.length - at, 8 * units);
                pieces.add(fragment(v6, data, at, at + size, at + size < data.length, seed));
                at += size;
            }
            List<byte[]> arriving = new ArrayList<>(pieces);
            for (int i = random.nextInt(4); i > 0; i--) {
                arriving.add(pieces.get(random.nextInt(pieces.size())));
            }
            boolean lost = random.nextInt(4) == 0 && pieces.size() > 1;
            Collections.shuffle(arriving, random);
            if (lost) {
                byte[] missing = pieces.get(random.nextInt(pieces.size()));
                arriving.removeIf(p -> Arrays.equals(p, missing));
            }
            for (byte[] packet : arriving) {
                host.receive(packet);
                if (!host.segments.isEmpty()) {
                    break; // what comes later begins anew
                }
            }
            if (lost) {
                assertThat(host.segments).isEmpty();
                host.advance(60 * SECOND);
                host.sent();
            } else {
                delivers(v6, data);
            }
        }
    }
}
