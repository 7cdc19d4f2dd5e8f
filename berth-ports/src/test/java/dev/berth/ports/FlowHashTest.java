package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FlowHashTest {
    private static final long K0 = 0x0706050403020100L;
    private static final long K1 = 0x0f0e0d0c0b0a0908L;
    private static final long MAPPED = 0xffff_0000_0000L;

    @Test
    void reference_agrees_with_the_vectors_of_the_authors() {
        // SipHash-2-4 of the bytes 0, 1, 2... under the key 0..15: from the paper and its reference implementation.
        assertThat(sip(2, 4, K0, K1, counting(0))).isEqualTo(0x726fdb47dd0e0e31L);
        assertThat(sip(2, 4, K0, K1, counting(1))).isEqualTo(0x74f839c593dc67fdL);
        assertThat(sip(2, 4, K0, K1, counting(8))).isEqualTo(0x93f5f5799a932462L);
        assertThat(sip(2, 4, K0, K1, counting(12))).isEqualTo(0x751e8fbc860ee5fbL);
        assertThat(sip(2, 4, K0, K1, counting(15))).isEqualTo(0xa129ca6149be45e5L);
        // SipHash-1-3, as Rust tests its own.
        assertThat(sip(1, 3, K0, K1, counting(0))).isEqualTo(0xabac0158050fc4dcL);
    }

    @Test
    void hash_of_ipv4_flow_is_the_vector_of_twelve_bytes() {
        long hash = new FlowHash(K0, K1).hash64(0, MAPPED | 0x03020100, 0x0908, 0, MAPPED | 0x07060504, 0x0b0a);
        assertThat(hash).isEqualTo(0x751e8fbc860ee5fbL);
    }

    @Test
    void hashes_are_siphash_of_addresses_and_ports() {
        Seeds.run(200, random -> {
            long k0 = random.nextLong();
            long k1 = random.nextLong();
            FlowHash hash = new FlowHash(k0, k1);
            int localPort = random.nextInt(65_536);
            int remotePort = random.nextInt(65_536);
            int local = random.nextInt();
            int remote = random.nextInt();
            byte[] v4 = new byte[12];
            little(v4).putInt(local).putInt(remote).putShort((short) localPort).putShort((short) remotePort);
            long localLo = MAPPED | local & 0xffff_ffffL;
            long remoteLo = MAPPED | remote & 0xffff_ffffL;
            assertThat(hash.hash64(0, localLo, localPort, 0, remoteLo, remotePort))
                    .isEqualTo(sip(2, 4, k0, k1, v4));
            assertThat(hash.hash(0, localLo, localPort, 0, remoteLo, remotePort))
                    .isEqualTo(fold(sip(1, 3, k0, k1, v4)));

            long[] a = random.longs(4).toArray();
            byte[] v6 = new byte[36];
            ByteBuffer fields =
                    little(v6).putLong(a[0]).putLong(a[1]).putLong(a[2]).putLong(a[3]);
            fields.putShort((short) localPort).putShort((short) remotePort);
            assertThat(hash.hash64(a[0], a[1], localPort, a[2], a[3], remotePort))
                    .isEqualTo(sip(2, 4, k0, k1, v6));
            assertThat(hash.hash(a[0], a[1], localPort, a[2], a[3], remotePort)).isEqualTo(fold(sip(1, 3, k0, k1, v6)));
        });
    }

    @Test
    void every_part_of_the_tuple_and_the_key_changes_the_hash() {
        SplittableRandom random = new SplittableRandom(7);
        FlowHash hash = new FlowHash(random.nextLong(), random.nextLong());
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 16; i++) {
            seen.add(hash.hash(1L << i, 5, 80, 6, 7, 443));
            seen.add(hash.hash(4, 1L << i, 80, 6, 7, 443));
            seen.add(hash.hash(4, 5, 1 << i, 6, 7, 443));
            seen.add(hash.hash(4, 5, 80, 1L << i, 7, 443));
            seen.add(hash.hash(4, 5, 80, 6, 1L << i, 443));
            seen.add(hash.hash(4, 5, 80, 6, 7, 1 << i));
        }
        assertThat(seen).hasSizeGreaterThan(85); // six times 16, less the tuples that coincide
        assertThat(new FlowHash(1, 2).hash(4, 5, 80, 6, 7, 443))
                .isNotEqualTo(new FlowHash(1, 3).hash(4, 5, 80, 6, 7, 443));
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] counting(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    private static int fold(long hash) {
        int folded = (int) (hash ^ hash >>> 32);
        return folded == 0 ? 1 : folded;
    }

    /// SipHash-c-d of any message, written after the paper.
    private static long sip(int c, int d, long k0, long k1, byte[] message) {
        long[] v = {
            k0 ^ 0x736f6d6570736575L, k1 ^ 0x646f72616e646f6dL, k0 ^ 0x6c7967656e657261L, k1 ^ 0x7465646279746573L
        };
        ByteBuffer padded = little(new byte[message.length / 8 * 8 + 8]).put(message);
        padded.put(padded.capacity() - 1, (byte) message.length);
        for (int at = 0; at < padded.capacity(); at += 8) {
            long m = padded.getLong(at);
            v[3] ^= m;
            rounds(c, v);
            v[0] ^= m;
        }
        v[2] ^= 0xff;
        rounds(d, v);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
    }

    private static void rounds(int n, long[] v) {
        for (int i = 0; i < n; i++) {
            v[0] += v[1];
            v[1] = Long.rotateLeft(v[1], 13) ^ v[0];
            v[0] = Long.rotateLeft(v[0], 32);
            v[2] += v[3];
            v[3] = Long.rotateLeft(v[3], 16) ^ v[2];
            v[0] += v[3];
            v[3] = Long.rotateLeft(v[3], 21) ^ v[0];
            v[2] += v[1];
            v[1] = Long.rotateLeft(v[1], 17) ^ v[2];
            v[2] = Long.rotateLeft(v[2], 32);
        }
    }
}
