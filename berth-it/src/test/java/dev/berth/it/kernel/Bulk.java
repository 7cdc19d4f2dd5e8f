package dev.berth.it.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Many octets that both ends know, and their SHA-256: octet `i` of a stream depends on all of `i`, so that a lost,
/// doubled or misplaced block changes the digest.
final class Bulk {
    static final int BLOCK = 64 * 1024;

    private Bulk() {}

    /// Fills `block` with the octets of the stream from `at` on.
    static void fill(byte[] block, int length, long at) {
        for (int i = 0; i < length; i++) {
            long position = at + i;
            block[i] = (byte) (position * 31 + (position >>> 8) * 7 + (position >>> 16) * 13 + (position >>> 24));
        }
    }

    /// The octets from 0 to `length`.
    static byte[] of(int length) {
        byte[] bytes = new byte[length];
        fill(bytes, length, 0);
        return bytes;
    }

    /// Writes the octets from 0 to `length`.
    static void write(OutputStream to, long length) throws IOException {
        byte[] block = new byte[BLOCK];
        for (long at = 0; at < length; at += block.length) {
            int part = (int) Math.min(block.length, length - at);
            fill(block, part, at);
            to.write(block, 0, part);
        }
    }

    /// The digest of the octets from 0 to `length`, in hexadecimal.
    static String digest(long length) {
        MessageDigest digest = sha256();
        byte[] block = new byte[BLOCK];
        for (long at = 0; at < length; at += block.length) {
            int part = (int) Math.min(block.length, length - at);
            fill(block, part, at);
            digest.update(block, 0, part);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /// Reads at most `length` octets and returns "COUNT DIGEST" of what came before the end of the stream.
    static String read(InputStream from, long length) throws IOException {
        MessageDigest digest = sha256();
        byte[] block = new byte[BLOCK];
        long count = 0;
        while (count < length) {
            int part = from.read(block, 0, (int) Math.min(block.length, length - count));
            if (part < 0) {
                break;
            }
            digest.update(block, 0, part);
            count += part;
        }
        return count + " " + HexFormat.of().formatHex(digest.digest());
    }

    /// What [#read] returns when all `length` octets came as they were sent.
    static String summary(long length) {
        return length + " " + digest(length);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
