package dev.berth.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Network byte order (big-endian) access to `byte[]`: the only place where header bytes become numbers.
///
/// All methods are static, allocate nothing and check array bounds as any array access does. Offsets are in bytes
/// and need no alignment. Source of the byte order: RFC 791 appendix B.
public final class Bytes {
    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG_LE =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Bytes() {}

    /// The unsigned octet at `at`, 0 to 255.
    public static int u8(byte[] bytes, int at) {
        return bytes[at] & 0xff;
    }

    /// The unsigned 16-bit number at `at`, 0 to 65535.
    public static int u16(byte[] bytes, int at) {
        return (short) SHORT.get(bytes, at) & 0xffff;
    }

    /// The 32-bit number at `at`; sequence numbers and IPv4 addresses are kept in an `int` as they are.
    public static int i32(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    /// The unsigned 32-bit number at `at`, 0 to 4294967295.
    public static long u32(byte[] bytes, int at) {
        return (int) INT.get(bytes, at) & 0xffff_ffffL;
    }

    /// The 64-bit number at `at`.
    public static long i64(byte[] bytes, int at) {
        return (long) LONG.get(bytes, at);
    }

    /// The 64 bits at `at` in little-endian order, for code in which the order does not matter (checksums, hashes).
    static long i64LittleEndian(byte[] bytes, int at) {
        return (long) LONG_LE.get(bytes, at);
    }

    /// Stores the low 8 bits of `value`.
    public static void put8(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
    }

    /// Stores the low 16 bits of `value`.
    public static void put16(byte[] bytes, int at, int value) {
        SHORT.set(bytes, at, (short) value);
    }

    /// Stores the 32 bits of `value`.
    public static void put32(byte[] bytes, int at, int value) {
        INT.set(bytes, at, value);
    }

    /// Stores the 64 bits of `value`.
    public static void put64(byte[] bytes, int at, long value) {
        LONG.set(bytes, at, value);
    }
}
