package dev.berth.wire;

/// The options of one TCP segment, parsed in a single pass without allocation and meant for reuse.
///
/// Kinds: 0 end of list, 1 no operation, 2 MSS (RFC 9293 section 3.2), 3 window scale (RFC 7323 section 2), 4 SACK
/// permitted and 5 SACK (RFC 2018), 8 timestamps (RFC 7323 section 3). Unknown options are skipped by their length
/// (RFC 9293 section 3.1, MUST-6). Not thread-safe.
public final class TcpOptions {
    /// Kind of the end of the option list.
    public static final int END = 0;
    /// Kind of no operation.
    public static final int NOP = 1;
    /// Kind of maximum segment size.
    public static final int MSS = 2;
    /// Kind of window scale.
    public static final int WINDOW_SCALE = 3;
    /// Kind of SACK permitted.
    public static final int SACK_PERMITTED = 4;
    /// Kind of selective acknowledgment.
    public static final int SACK = 5;
    /// Kind of timestamps.
    public static final int TIMESTAMPS = 8;

    /// Kind of user timeout (RFC 5482 section 3).
    public static final int USER_TIMEOUT = 28;
    /// Kind of Fast Open (RFC 7413 section 2).
    public static final int FAST_OPEN = 34;

    /// The most SACK blocks that fit into the 40 octets of options.
    public static final int MAX_SACK_BLOCKS = 4;

    /// The peer's maximum segment size in octets, 0 to 65535, or -1 if absent.
    public int mss = -1;
    /// The peer's window shift as sent, 0 to 255, or -1 if absent.
    public int windowScale = -1;
    /// SACK permitted was present.
    public boolean sackPermitted;
    /// Timestamps were present.
    public boolean timestamps;
    /// TSval of the timestamps option.
    public int tsVal;
    /// TSecr of the timestamps option.
    public int tsEcr;
    /// Number of SACK blocks, 0 to 4.
    public int sackBlocks;
    /// Left edges (first sequence number) of the blocks.
    public final int[] sackLeft = new int[MAX_SACK_BLOCKS];
    /// Right edges (sequence number behind the last) of the blocks.
    public final int[] sackRight = new int[MAX_SACK_BLOCKS];

    /// Octets of the Fast Open cookie, 4 to 16; 0 if the option is there without one, which asks for one; -1 if the
    /// option is absent.
    public int fastOpen = -1;
    /// The first eight octets of the Fast Open cookie, the very first in the most significant place.
    public long fastOpenHi;
    /// The other octets of the Fast Open cookie, likewise.
    public long fastOpenLo;
    /// The user timeout option: its 16 bits, of which the highest tells minutes from seconds; -1 if absent.
    public int userTimeout = -1;

    /// Forgets everything.
    public void clear() {
        mss = -1;
        windowScale = -1;
        sackPermitted = false;
        timestamps = false;
        tsVal = 0;
        tsEcr = 0;
        sackBlocks = 0;
        fastOpen = -1;
        userTimeout = -1;
    }

    /// Parses the options of the header at `at` whose length, 20 to 60, was validated to lie within the segment.
    ///
    /// @return false if an option's length is illegal (RFC 9293 section 3.1, MUST-7: "TCP implementations MUST be
    ///     prepared to handle an illegal option length"); what was parsed before it stays
    public boolean parse(byte[] bytes, int at, int headerLength) {
        clear();
        int from = at + TcpHeader.MIN_LENGTH;
        int end = at + headerLength;
        // The layout that RFC 7323 appendix A recommends, and nearly every segment has.
        if (headerLength == 32 && Bytes.i32(bytes, from) == 0x0101_080a) {
            timestamps = true;
            tsVal = Bytes.i32(bytes, from + 4);
            tsEcr = Bytes.i32(bytes, from + 8);
            return true;
        }
        // What most SYNs begin with, ours too: MSS, SACK-Permitted, timestamps, window scale.
        if (headerLength >= 40
                && Bytes.u16(bytes, from) == (MSS << 8 | 4)
                && Bytes.i32(bytes, from + 4) == 0x0402_080a
                && Bytes.i32(bytes, from + 16) >>> 8 == 0x01_0303) {
            mss = Bytes.u16(bytes, from + 2);
            sackPermitted = true;
            timestamps = true;
            tsVal = Bytes.i32(bytes, from + 8);
            tsEcr = Bytes.i32(bytes, from + 12);
            windowScale = Bytes.u8(bytes, from + 19);
            from += 20;
        }
        while (from < end) {
            int kind = Bytes.u8(bytes, from);
            if (kind == END) {
                return true;
            }
            if (kind == NOP) {
                from++;
                continue;
            }
            if (from + 2 > end) {
                return false;
            }
            int length = Bytes.u8(bytes, from + 1);
            if (length < 2 || from + length > end) {
                return false;
            }
            take(bytes, from, kind, length);
            from += length;
        }
        return true;
    }

    private void take(byte[] bytes, int from, int kind, int length) {
        switch (kind) {
            case MSS -> {
                if (length == 4) {
                    mss = Bytes.u16(bytes, from + 2);
                }
            }
            case WINDOW_SCALE -> {
                if (length == 3) {
                    windowScale = Bytes.u8(bytes, from + 2);
                }
            }
            case SACK_PERMITTED -> {
                if (length == 2) {
                    sackPermitted = true;
                }
            }
            case TIMESTAMPS -> {
                if (length == 10) {
                    timestamps = true;
                    tsVal = Bytes.i32(bytes, from + 2);
                    tsEcr = Bytes.i32(bytes, from + 6);
                }
            }
            case SACK -> {
                if ((length - 2) % 8 == 0) {
                    int blocks = Math.min((length - 2) / 8, MAX_SACK_BLOCKS);
                    for (int i = 0; i < blocks; i++) {
                        sackLeft[i] = Bytes.i32(bytes, from + 2 + 8 * i);
                        sackRight[i] = Bytes.i32(bytes, from + 6 + 8 * i);
                    }
                    sackBlocks = blocks;
                }
            }
            case USER_TIMEOUT -> {
                if (length == 4) {
                    userTimeout = Bytes.u16(bytes, from + 2);
                }
            }
            case FAST_OPEN -> takeFastOpen(bytes, from + 2, length - 2);
            default -> {
                // RFC 9293 section 3.1, MUST-6: "A TCP implementation MUST (MUST-6) ignore without error any TCP
                // Option it does not implement, assuming that the option has a length field."
            }
        }
    }

    /// RFC 7413 section 2: a cookie has "4 to 16 bytes" and an even number of them; other lengths are ignored.
    private void takeFastOpen(byte[] bytes, int from, int length) {
        if (length != 0 && (length < 4 || length > 16 || length % 2 != 0)) {
            return;
        }
        fastOpen = length;
        fastOpenHi = 0;
        fastOpenLo = 0;
        for (int i = 0; i < length; i++) {
            long octet = Bytes.u8(bytes, from + i);
            if (i < 8) {
                fastOpenHi |= octet << 56 - 8 * i;
            } else {
                fastOpenLo |= octet << 120 - 8 * i;
            }
        }
    }
}
