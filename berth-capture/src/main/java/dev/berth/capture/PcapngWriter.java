package dev.berth.capture;

import dev.berth.wire.Bytes;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// Writes one section of the pcapng format (draft-ietf-opsawg-pcapng) in network byte order: packets without a link
/// header (`LINKTYPE_RAW`), with times in nanoseconds and their direction.
///
/// Blocks collect in a buffer. They go to the stream when it is full, with every 64th packet, and with the first
/// packet that is a second or more later than what was written last; so a crash loses little. Not thread-safe;
/// nothing is allocated per packet. After an [IOException] the file ends at an undefined place and the writer is of
/// no further use.
public final class PcapngWriter implements Closeable {
    /// Octets of the largest packet that can be written: more than any IP packet has.
    public static final int MAX_PACKET = 66_560;

    private static final int LINKTYPE_RAW = 101;
    private static final int SECTION_HEADER = 0x0a0d_0d0a;
    private static final int BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
    private static final int INTERFACE_DESCRIPTION = 1;
    private static final int ENHANCED_PACKET = 6;

    private static final int SHB_USERAPPL = 4;
    private static final int IF_NAME = 2;
    private static final int IF_TSRESOL = 9;
    private static final int EPB_FLAGS = 2;
    private static final int NANOSECONDS = 9; // 10^-9 s

    private static final int MAX_NAME = 1_024;
    private static final int PACKETS_PER_FLUSH = 64;
    private static final long NANOS_PER_FLUSH = 1_000_000_000L;

    private final OutputStream stream;
    private final byte[] buffer = new byte[2 * MAX_PACKET];
    private int used;
    private int blockAt;
    private int interfaces;
    private int waitingPackets;
    private long flushedNanos;

    /// Begins a section on `stream`, which is closed with the writer.
    public PcapngWriter(OutputStream stream) throws IOException {
        this.stream = Objects.requireNonNull(stream);
        begin(SECTION_HEADER);
        put32(BYTE_ORDER_MAGIC);
        put32(1 << 16); // version 1.0
        put32(-1); // the length of the section is not known
        put32(-1);
        putOption(SHB_USERAPPL, "Berth".getBytes(StandardCharsets.UTF_8));
        put32(0); // the end of the options
        end();
        flush();
    }

    /// Describes an interface, and returns its number for [#write].
    ///
    /// @param name what readers show; at most 1,024 octets of UTF-8
    /// @throws IllegalArgumentException if the name is longer
    public int addInterface(String name) throws IOException {
        byte[] octets = name.getBytes(StandardCharsets.UTF_8);
        if (octets.length > MAX_NAME) {
            throw new IllegalArgumentException(
                    "An interface's name has at most " + MAX_NAME + " octets, not " + octets.length);
        }
        makeRoom(octets.length + 64);
        begin(INTERFACE_DESCRIPTION);
        put32(LINKTYPE_RAW << 16);
        put32(0); // packets are not cut
        putOption(IF_NAME, octets);
        putOption(IF_TSRESOL, new byte[] {NANOSECONDS});
        put32(0);
        end();
        return interfaces++;
    }

    /// Writes one packet.
    ///
    /// @param interfaceNumber from [#addInterface]
    /// @param epochNanos nanoseconds since 1970-01-01T00:00:00Z
    /// @param length octets of the packet, at most [#MAX_PACKET], in `bytes` from `from` on
    /// @throws IllegalArgumentException if the packet is larger or there is no such interface
    public void write(int interfaceNumber, Direction direction, long epochNanos, byte[] bytes, int from, int length)
            throws IOException {
        if (length > MAX_PACKET || interfaceNumber < 0 || interfaceNumber >= interfaces) {
            throw new IllegalArgumentException(
                    "No packet of " + length + " octets can be written for interface " + interfaceNumber);
        }
        makeRoom(length + 64);
        begin(ENHANCED_PACKET);
        put32(interfaceNumber);
        put32((int) (epochNanos >>> 32));
        put32((int) epochNanos);
        put32(length);
        put32(length);
        putPadded(bytes, from, length);
        put32(EPB_FLAGS << 16 | 4);
        put32(direction.flags);
        put32(0);
        end();
        waitingPackets++;
        if (waitingPackets >= PACKETS_PER_FLUSH || epochNanos - flushedNanos >= NANOS_PER_FLUSH) {
            flushedNanos = epochNanos;
            flush();
        }
    }

    private void begin(int type) {
        blockAt = used;
        put32(type);
        put32(0);
    }

    private void end() {
        int length = used + 4 - blockAt;
        Bytes.put32(buffer, blockAt + 4, length);
        put32(length);
    }

    private void put32(int value) {
        Bytes.put32(buffer, used, value);
        used += 4;
    }

    private void putOption(int code, byte[] value) {
        put32(code << 16 | value.length);
        putPadded(value, 0, value.length);
    }

    /// Puts octets and zeros behind them, up to a multiple of 4.
    private void putPadded(byte[] bytes, int from, int length) {
        System.arraycopy(bytes, from, buffer, used, length);
        used += length;
        while ((used & 3) != 0) {
            buffer[used++] = 0;
        }
    }

    private void makeRoom(int octets) throws IOException {
        if (buffer.length - used < octets) {
            flush();
        }
    }

    /// Hands what the buffer holds to the stream.
    public void flush() throws IOException {
        int length = used;
        used = 0;
        waitingPackets = 0;
        if (length > 0) {
            stream.write(buffer, 0, length);
        }
        stream.flush();
    }

    /// Flushes and closes the stream, the latter even if the former fails.
    @Override
    public void close() throws IOException {
        try (stream) {
            flush();
        }
    }
}
