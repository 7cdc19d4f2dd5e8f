package dev.berth.capture;

import dev.berth.wire.Bytes;
import dev.berth.wire.IpAddress;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/// Writes one section of the pcapng format (draft-ietf-opsawg-pcapng) in network byte order: packets without a link
/// header (`LINKTYPE_RAW`), with times in nanoseconds, their direction and comments; names of addresses, TLS secrets
/// and statistics.
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
    private static final int NAME_RESOLUTION = 4;
    private static final int INTERFACE_STATISTICS = 5;
    private static final int ENHANCED_PACKET = 6;
    private static final int DECRYPTION_SECRETS = 10;

    private static final int OPT_COMMENT = 1;
    private static final int SHB_USERAPPL = 4;
    private static final int IF_NAME = 2;
    private static final int IF_DESCRIPTION = 3;
    private static final int IF_TSRESOL = 9;
    private static final int EPB_FLAGS = 2;
    private static final int ISB_IFRECV = 4;
    private static final int ISB_OSDROP = 7;
    private static final int NRB_IPV4 = 1;
    private static final int NRB_IPV6 = 2;
    private static final int TLS_KEY_LOG = 0x544c_534b; // "TLSK"
    private static final int NANOSECONDS = 9; // 10^-9 s

    private static final int MAX_NAME = 1_024;
    private static final int MAX_COMMENT = 1_024;
    private static final int MAX_COMMENTS = 16;

    /// Octets of TLS secrets in one block.
    static final int MAX_SECRETS = 1 << 20;
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
        this(stream, List.of());
    }

    /// Begins a section with comments, such as which test the packets are from.
    ///
    /// @param comments at most 16; what is beyond 1,024 octets of one is left out
    public PcapngWriter(OutputStream stream, List<String> comments) throws IOException {
        this.stream = Objects.requireNonNull(stream);
        begin(SECTION_HEADER);
        put32(BYTE_ORDER_MAGIC);
        put32(1 << 16); // version 1.0
        put32(-1); // the length of the section is not known
        put32(-1);
        putComments(comments);
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
        return addInterface(name, "");
    }

    /// Describes an interface, and returns its number for [#write].
    ///
    /// @param name what readers show; at most 1,024 octets of UTF-8
    /// @param description what else there is to say of it, at most as long; none if empty
    /// @throws IllegalArgumentException if one of them is longer
    public int addInterface(String name, String description) throws IOException {
        byte[] octets = checkedName(name);
        byte[] more = checkedName(description);
        makeRoom(octets.length + more.length + 64);
        begin(INTERFACE_DESCRIPTION);
        put32(LINKTYPE_RAW << 16);
        put32(0); // packets are not cut
        putOption(IF_NAME, octets);
        if (more.length > 0) {
            putOption(IF_DESCRIPTION, more);
        }
        putOption(IF_TSRESOL, new byte[] {NANOSECONDS});
        put32(0);
        end();
        return interfaces++;
    }

    static byte[] checkedName(String name) {
        byte[] octets = name.getBytes(StandardCharsets.UTF_8);
        if (octets.length > MAX_NAME) {
            throw new IllegalArgumentException(
                    "An interface's name has at most " + MAX_NAME + " octets, not " + octets.length);
        }
        return octets;
    }

    /// How many interfaces have been described.
    int interfaces() {
        return interfaces;
    }

    /// Writes one packet.
    ///
    /// @param interfaceNumber from [#addInterface]
    /// @param epochNanos nanoseconds since 1970-01-01T00:00:00Z
    /// @param length octets of the packet, at most [#MAX_PACKET], in `bytes` from `from` on
    /// @throws IllegalArgumentException if the packet is larger or there is no such interface
    public void write(int interfaceNumber, Direction direction, long epochNanos, byte[] bytes, int from, int length)
            throws IOException {
        write(interfaceNumber, direction, epochNanos, bytes, from, length, List.of());
    }

    /// Writes one packet with comments.
    ///
    /// @param interfaceNumber from [#addInterface]
    /// @param epochNanos nanoseconds since 1970-01-01T00:00:00Z
    /// @param length octets of the packet, at most [#MAX_PACKET], in `bytes` from `from` on
    /// @param comments at most 16; what is beyond 1,024 octets of one is left out
    /// @throws IllegalArgumentException if the packet is larger, there is no such interface or are too many comments
    public void write(
            int interfaceNumber,
            Direction direction,
            long epochNanos,
            byte[] bytes,
            int from,
            int length,
            List<String> comments)
            throws IOException {
        if (length > MAX_PACKET || interfaceNumber < 0 || interfaceNumber >= interfaces) {
            throw new IllegalArgumentException(
                    "No packet of " + length + " octets can be written for interface " + interfaceNumber);
        }
        makeRoom(length + 64 + comments.size() * (MAX_COMMENT + 8));
        begin(ENHANCED_PACKET);
        put32(interfaceNumber);
        put32((int) (epochNanos >>> 32));
        put32((int) epochNanos);
        put32(length);
        put32(length);
        putPadded(bytes, from, length);
        put32(EPB_FLAGS << 16 | 4);
        put32(direction.flags);
        if (!comments.isEmpty()) {
            putComments(comments);
        }
        put32(0);
        end();
        waitingPackets++;
        if (waitingPackets >= PACKETS_PER_FLUSH || epochNanos - flushedNanos >= NANOS_PER_FLUSH) {
            flushedNanos = epochNanos;
            flush();
        }
    }

    /// Gives an address a name that readers show, from here on.
    ///
    /// @param name at most 1,024 octets of UTF-8
    /// @throws IllegalArgumentException if the name is longer
    public void addName(IpAddress address, String name) throws IOException {
        byte[] octets = checkedName(name);
        makeRoom(octets.length + 64);
        begin(NAME_RESOLUTION);
        int length = address.isIpv4() ? 4 : 16;
        put32((address.isIpv4() ? NRB_IPV4 : NRB_IPV6) << 16 | length + octets.length + 1);
        if (address.isIpv4()) {
            put32(address.ipv4());
        } else {
            Bytes.put64(buffer, used, address.hi());
            Bytes.put64(buffer, used + 8, address.lo());
            used += 16;
        }
        System.arraycopy(octets, 0, buffer, used, octets.length);
        used += octets.length;
        do {
            buffer[used++] = 0;
        } while ((used & 3) != 0);
        put32(0); // the end of the records
        end();
    }

    /// Writes what a reader needs to decrypt the TLS connections whose packets follow.
    ///
    /// @param keyLog lines of the format of NSS key logs (`SSLKEYLOGFILE`, RFC 9850), at most 1 MiB of ASCII
    /// @throws IllegalArgumentException if that is longer
    public void addTlsSecrets(String keyLog) throws IOException {
        byte[] octets = keyLog.getBytes(StandardCharsets.UTF_8);
        if (octets.length > MAX_SECRETS) {
            throw new IllegalArgumentException(
                    "A block of TLS secrets has at most " + MAX_SECRETS + " octets, not " + octets.length);
        }
        flush();
        int padded = octets.length + 3 & ~3;
        byte[] block = new byte[20 + padded];
        Bytes.put32(block, 0, DECRYPTION_SECRETS);
        Bytes.put32(block, 4, block.length);
        Bytes.put32(block, 8, TLS_KEY_LOG);
        Bytes.put32(block, 12, octets.length);
        System.arraycopy(octets, 0, block, 16, octets.length);
        Bytes.put32(block, 16 + padded, block.length);
        stream.write(block, 0, block.length);
    }

    /// Says how many packets of an interface there were until now.
    ///
    /// @param interfaceNumber from [#addInterface]
    /// @param received packets that were seen
    /// @param missed packets that were seen and are not in the file
    public void writeStatistics(int interfaceNumber, long epochNanos, long received, long missed) throws IOException {
        if (interfaceNumber < 0 || interfaceNumber >= interfaces) {
            throw new IllegalArgumentException("There is no interface " + interfaceNumber);
        }
        makeRoom(64);
        begin(INTERFACE_STATISTICS);
        put32(interfaceNumber);
        put32((int) (epochNanos >>> 32));
        put32((int) epochNanos);
        put64Option(ISB_IFRECV, received);
        put64Option(ISB_OSDROP, missed);
        put32(0);
        end();
    }

    private void put64Option(int code, long value) {
        put32(code << 16 | 8);
        put32((int) (value >>> 32));
        put32((int) value);
    }

    private void putComments(List<String> comments) {
        if (comments.size() > MAX_COMMENTS) {
            throw new IllegalArgumentException(
                    "There are at most " + MAX_COMMENTS + " comments, not " + comments.size());
        }
        for (String comment : comments) {
            byte[] octets = comment.getBytes(StandardCharsets.UTF_8);
            int length = octets.length;
            if (length > MAX_COMMENT) {
                length = MAX_COMMENT;
                while ((octets[length] & 0xc0) == 0x80) {
                    length--; // not within a character
                }
            }
            put32(OPT_COMMENT << 16 | length);
            putPadded(octets, 0, length);
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
