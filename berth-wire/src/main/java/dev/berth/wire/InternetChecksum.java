package dev.berth.wire;

/// The Internet checksum: the 16-bit one's complement of the one's complement sum (RFC 1071).
///
/// Sums are kept unfolded in a `long`, so that parts can be added in any order ("the sum can be done in any order",
/// RFC 1071 section 2); [#finish] folds and complements. Every part but the last must have an even length. Headers
/// and payloads have separate methods on purpose: one shared method would give the compiler one profile of trip
/// counts for both, and the payload loop would no longer be vectorized.
public final class InternetChecksum {
    private InternetChecksum() {}

    /// The unfolded sum of `length` header octets (at most a few dozen).
    public static long headerSum(byte[] bytes, int from, int length) {
        long sum = 0;
        int at = from;
        int end = from + length;
        for (; at + 4 <= end; at += 4) {
            sum += Bytes.u32(bytes, at);
        }
        if (at + 2 <= end) {
            sum += Bytes.u16(bytes, at);
            at += 2;
        }
        if (at < end) {
            sum += Bytes.u8(bytes, at) << 8;
        }
        return sum;
    }

    /// The unfolded sum of `length` payload octets, any length up to 2^31-1.
    public static long payloadSum(byte[] bytes, int from, int length) {
        // Lanes are added in little-endian order; RFC 1071 section 2 (B): the sum is independent of byte order, only
        // the folded result has to be swapped.
        long sum = 0;
        long carry = 0;
        int at = from;
        int end = from + length;
        // A bound that cannot overflow: only so is it a counted loop for the compiler, which it vectorizes.
        int whole = from + (length & ~7);
        for (; at < whole; at += 8) {
            long lanes = Bytes.i64LittleEndian(bytes, at);
            sum += lanes & 0xffff_ffffL;
            carry += lanes >>> 32;
        }
        sum += carry;
        int shift = 0;
        long rest = 0;
        for (; at < end; at++) {
            rest |= (long) Bytes.u8(bytes, at) << shift;
            shift += 8;
        }
        sum += (rest & 0xffff_ffffL) + (rest >>> 32);
        int folded = fold(sum);
        return ((folded & 0xff) << 8) | (folded >>> 8);
    }

    /// The unfolded sum of the pseudo-header of RFC 9293 section 3.1 (IPv4) or RFC 8200 section 8.1 (IPv6). Addresses
    /// are in the canonical 128-bit form of [IpAddress]; for IPv4 only the low 32 bits take part.
    ///
    /// @param length octets of transport header and payload, 0 to 65535
    public static long pseudoHeaderSum(
            boolean ipv6,
            long sourceHi,
            long sourceLo,
            long destinationHi,
            long destinationLo,
            int protocol,
            int length) {
        long sum = (long) protocol + length;
        sum += (sourceLo & 0xffff_ffffL) + (destinationLo & 0xffff_ffffL);
        if (ipv6) {
            sum += (sourceLo >>> 32) + (sourceHi & 0xffff_ffffL) + (sourceHi >>> 32);
            sum += (destinationLo >>> 32) + (destinationHi & 0xffff_ffffL) + (destinationHi >>> 32);
        }
        return sum;
    }

    /// Folds an unfolded sum to 16 bits, without the complement: 0 to 65535.
    public static int fold(long sum) {
        long folded = (sum & 0xffff_ffffL) + (sum >>> 32); // 33 bits
        int half = (int) (folded & 0xffff) + (int) (folded >>> 16); // 18 bits
        half = (half & 0xffff) + (half >>> 16);
        return (half & 0xffff) + (half >>> 16);
    }

    /// The checksum to store: the one's complement of the folded sum. Over data that already hold a right checksum
    /// the result is 0.
    public static int finish(long sum) {
        return ~fold(sum) & 0xffff;
    }
}
