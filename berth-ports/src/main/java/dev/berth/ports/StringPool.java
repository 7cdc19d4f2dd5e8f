package dev.berth.ports;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Sorted strings inside the resource of the [ServiceRegistry], read where they lie: nothing is unpacked before it is
/// asked for.
///
/// Strings stand in blocks of [#BLOCK]. The first of a block is written out, each other as the number of octets it
/// shares with the one before, and its own rest. The layout, with numbers of 32 bits, the highest octet first:
///
/// ```text
/// count, octets of the strings, then per block where it begins, then the blocks
/// ```
///
/// Immutable and safe for all threads; each look-up allocates what it returns and a small buffer.
final class StringPool {
    /// Strings in a block.
    static final int BLOCK = 16;

    private final byte[] bytes;
    private final int count;
    private final int index;
    private final int data;
    private final int end;

    /// Reads the pool that begins at `at`.
    StringPool(byte[] bytes, int at) {
        this.bytes = bytes;
        count = i32(bytes, at);
        index = at + 8;
        data = index + 4 * ((count + BLOCK - 1) / BLOCK);
        end = data + i32(bytes, at + 4);
    }

    /// The number of strings.
    int count() {
        return count;
    }

    /// Where the pool ends in the octets it was made of.
    int end() {
        return end;
    }

    /// The string with a number, 0 to `count() - 1`.
    String get(int number) {
        Cursor cursor = new Cursor(number / BLOCK);
        while (cursor.number < number) {
            cursor.next();
        }
        return cursor.string();
    }

    /// The number of the first string that is not less than `key`, in a pool sorted without regard to case; `count()`
    /// if all are less.
    ///
    /// @param key in lower case, UTF-8
    int firstNotLess(byte[] key) {
        int low = 0;
        int high = (count + BLOCK - 1) / BLOCK;
        while (low < high) {
            int middle = low + high >>> 1;
            if (new Cursor(middle).compareTo(key) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == 0) {
            return 0;
        }
        Cursor cursor = new Cursor(low - 1);
        while (cursor.number < low * BLOCK && cursor.number < count && cursor.compareTo(key) < 0) {
            cursor.next();
        }
        return cursor.number;
    }

    /// Goes through the strings in their order, from the first of a block on.
    final class Cursor {
        private byte[] current = new byte[32];
        private int length;
        private int at;
        private int number;

        Cursor(int block) {
            at = data + i32(bytes, index + 4 * block);
            number = block * BLOCK;
            read();
        }

        /// The number of the current string.
        int number() {
            return number;
        }

        /// The current string.
        String string() {
            return new String(current, 0, length, StandardCharsets.UTF_8);
        }

        /// Goes on to the next string; to be called `count() - number()` times at most.
        void next() {
            number++;
            if (number < count) {
                read();
            }
        }

        private void read() {
            int shared = number % BLOCK == 0 ? 0 : varint();
            int own = varint();
            length = shared + own;
            if (length > current.length) {
                current = Arrays.copyOf(current, 2 * length);
            }
            System.arraycopy(bytes, at, current, shared, own);
            at += own;
        }

        /// Compares with a key in lower case.
        int compareTo(byte[] key) {
            for (int i = 0; i < Math.min(length, key.length); i++) {
                int difference = Byte.toUnsignedInt(lower(current[i])) - Byte.toUnsignedInt(key[i]);
                if (difference != 0) {
                    return difference;
                }
            }
            return length - key.length;
        }

        /// Seven bits an octet, the lowest first; the top bit says that more follow.
        private int varint() {
            int value = 0;
            for (int shift = 0; ; shift += 7) {
                int octet = bytes[at++];
                value |= (octet & 0x7f) << shift;
                if (octet >= 0) {
                    return value;
                }
            }
        }
    }

    /// A text as a key: lower case as far as ASCII goes, in UTF-8. Other letters keep their case; no service name has
    /// any.
    static byte[] key(String text) {
        byte[] key = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < key.length; i++) {
            key[i] = lower(key[i]);
        }
        return key;
    }

    private static byte lower(byte octet) {
        return octet >= 'A' && octet <= 'Z' ? (byte) (octet + 'a' - 'A') : octet;
    }

    static int u16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
    }

    static int i32(byte[] bytes, int at) {
        return u16(bytes, at) << 16 | u16(bytes, at + 2);
    }
}
