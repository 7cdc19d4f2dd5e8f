package dev.berth.ports;

/// A keyed hash of flows: SipHash (Aumasson and Bernstein), which nobody can steer or predict without the key.
///
/// Tables use [#hash], 32 bits of SipHash-1-3; what an attacker may see the result of (initial sequence numbers
/// of RFC 6528, cookies) uses [#hash64], the stronger SipHash-2-4. The message is the local address, the remote
/// address, the local port and the remote port: 12 bytes for IPv4, 36 for IPv6.
///
/// Immutable; the methods allocate nothing.
public final class FlowHash {
    private static final long C0 = 0x736f6d6570736575L;
    private static final long C1 = 0x646f72616e646f6dL;
    private static final long C2 = 0x6c7967656e657261L;
    private static final long C3 = 0x7465646279746573L;

    private final long k0;
    private final long k1;

    /// A hash with the 128-bit key `k0`, `k1`, which must be secret and random.
    public FlowHash(long k0, long k1) {
        this.k0 = k0;
        this.k1 = k1;
    }

    /// A 32-bit hash of a flow, for tables. Never 0, so that a table can use 0 for an empty slot.
    public int hash(long localHi, long localLo, int localPort, long remoteHi, long remoteLo, int remotePort) {
        long ports = (long) remotePort << 16 | localPort;
        return nonZero(
                isIpv4(localHi, localLo) && isIpv4(remoteHi, remoteLo)
                        ? sip12(remoteLo << 32 | localLo & 0xffff_ffffL, ports, 1, 3)
                        : sip36(localHi, localLo, remoteHi, remoteLo, ports, 1, 3));
    }

    /// A 32-bit hash of one end of a flow, for tables. Never 0.
    int hash(long hi, long lo, int port) {
        return nonZero(sip36(hi, lo, 0, 0, port, 1, 3));
    }

    /// The 64 bits of SipHash-2-4 of a flow.
    public long hash64(long localHi, long localLo, int localPort, long remoteHi, long remoteLo, int remotePort) {
        long ports = (long) remotePort << 16 | localPort;
        return isIpv4(localHi, localLo) && isIpv4(remoteHi, remoteLo)
                ? sip12(remoteLo << 32 | localLo & 0xffff_ffffL, ports, 2, 4)
                : sip36(localHi, localLo, remoteHi, remoteLo, ports, 2, 4);
    }

    private static boolean isIpv4(long hi, long lo) {
        return hi == 0 && lo >>> 32 == 0xffff;
    }

    private static int nonZero(long hash) {
        int folded = (int) (hash ^ hash >>> 32);
        return folded == 0 ? 1 : folded;
    }

    /// SipHash of 12 bytes: one word and a half.
    private long sip12(long word, long half, int c, int d) {
        long last = 12L << 56 | half;
        long v0 = k0 ^ C0;
        long v1 = k1 ^ C1;
        long v2 = k0 ^ C2;
        long v3 = k1 ^ C3 ^ word;
        for (int i = 0; i < c; i++) {
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32) + v3;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
        }
        return finish(v0 ^ word, v1, v2, v3, last, c, d);
    }

    /// SipHash of 36 bytes: four words and a half.
    private long sip36(long w0, long w1, long w2, long w3, long half, int c, int d) {
        long v0 = k0 ^ C0;
        long v1 = k1 ^ C1;
        long v2 = k0 ^ C2;
        long v3 = k1 ^ C3;
        for (int word = 0; word < 4; word++) {
            long m = word == 0 ? w0 : word == 1 ? w1 : word == 2 ? w2 : w3;
            v3 ^= m;
            for (int i = 0; i < c; i++) {
                v0 += v1;
                v2 += v3;
                v1 = Long.rotateLeft(v1, 13) ^ v0;
                v3 = Long.rotateLeft(v3, 16) ^ v2;
                v0 = Long.rotateLeft(v0, 32) + v3;
                v2 += v1;
                v1 = Long.rotateLeft(v1, 17) ^ v2;
                v3 = Long.rotateLeft(v3, 21) ^ v0;
                v2 = Long.rotateLeft(v2, 32);
            }
            v0 ^= m;
        }
        return finish(v0, v1, v2, v3, 36L << 56 | half, c, d);
    }

    /// The last block and the finalization: `c` rounds for the block, then `d` rounds.
    private static long finish(long a, long b, long e, long f, long last, int c, int d) {
        long v0 = a;
        long v1 = b;
        long v2 = e;
        long v3 = f ^ last;
        for (int i = 0; i < c + d; i++) {
            if (i == c) {
                v0 ^= last;
                v2 ^= 0xff;
            }
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32) + v3;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }
}
