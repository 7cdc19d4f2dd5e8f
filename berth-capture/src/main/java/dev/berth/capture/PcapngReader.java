package dev.berth.capture;

import dev.berth.wire.IpAddress;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Reads pcapng files (draft-ietf-opsawg-pcapng) block by block, in both byte orders and with several sections.
///
/// ```java
/// try (PcapngReader reader = PcapngReader.open(file)) {
///     for (PcapngBlock.Packet packet; (packet = reader.nextPacket()) != null; ) {
///         System.out.println(packet.epochNanos() + " " + packet.comments());
///     }
/// }
/// ```
///
/// Whatever the octets are, a method returns or throws an [IOException] that says in a sentence what is wrong; memory
/// is bounded by [#MAX_BLOCK], 65,536 interfaces and 4,096 comments or names in a block. Not thread-safe.
public final class PcapngReader implements Closeable {
    /// Octets of the largest block that is read.
    public static final int MAX_BLOCK = 16 << 20;

    private static final int MAX_INTERFACES = 65_536;
    private static final int MAX_ENTRIES = 4_096;

    private static final int SECTION_HEADER = 0x0a0d_0d0a;
    private static final int BYTE_ORDER_MAGIC = 0x1a2b_3c4d;
    private static final int INTERFACE_DESCRIPTION = 1;
    private static final int PACKET = 2; // obsolete, but there are files with it
    private static final int SIMPLE_PACKET = 3;
    private static final int NAME_RESOLUTION = 4;
    private static final int INTERFACE_STATISTICS = 5;
    private static final int ENHANCED_PACKET = 6;
    private static final int DECRYPTION_SECRETS = 10;

    private static final int OPT_COMMENT = 1;
    private static final int MICROSECONDS = 6;
    private static final BigInteger MIN_TIME = BigInteger.valueOf(Long.MIN_VALUE + 1);
    private static final BigInteger MAX_TIME = BigInteger.valueOf(Long.MAX_VALUE);
    private static final BigInteger BILLION = BigInteger.valueOf(1_000_000_000);

    /// An interface with what its times need.
    private record Known(PcapngBlock.Interface description, long offsetSeconds) {}

    private final InputStream stream;
    private final List<Known> interfaces = new ArrayList<>();
    private ByteOrder order = ByteOrder.BIG_ENDIAN;
    private boolean begun;
    private long described; // characters that the interfaces keep
    private long at; // octets read before the present block

    // Options of the present block
    private final List<String> comments = new ArrayList<>();

    /// Reads from `stream`, which is closed with the reader.
    public PcapngReader(InputStream stream) {
        this.stream = new BufferedInputStream(Objects.requireNonNull(stream));
    }

    /// Reads a file.
    ///
    /// @throws IOException if it cannot be opened
    public static PcapngReader open(Path file) throws IOException {
        return new PcapngReader(Files.newInputStream(file));
    }

    /// The next packet, or null at the end of the file.
    ///
    /// @throws IOException if the file cannot be read or is no valid pcapng from here on
    public PcapngBlock.@Nullable Packet nextPacket() throws IOException {
        for (PcapngBlock block; (block = next()) != null; ) {
            if (block instanceof PcapngBlock.Packet packet) {
                return packet;
            }
        }
        return null;
    }

    /// The next block, or null at the end of the file. After an exception there is nothing more to read.
    ///
    /// @throws IOException if the file cannot be read or is no valid pcapng from here on
    public @Nullable PcapngBlock next() throws IOException {
        byte[] head = stream.readNBytes(8);
        if (head.length == 0) {
            if (!begun) {
                throw invalid("the file is empty");
            }
            return null;
        }
        if (head.length < 8) {
            throw invalid("the file ends within a block");
        }
        int type = ByteBuffer.wrap(head).order(order).getInt();
        ByteBuffer body;
        long length;
        if (type == SECTION_HEADER) { // the same in both orders
            byte[] magic = stream.readNBytes(4);
            order = orderOf(magic);
            length = lengthOf(head);
            body = body(length, 4);
            begun = true;
            interfaces.clear();
            described = 0;
        } else {
            if (!begun) {
                throw invalid("the file does not begin with a section header");
            }
            length = lengthOf(head);
            body = body(length, 0);
        }
        comments.clear();
        PcapngBlock block = parse(type, body);
        at += length;
        return block;
    }

    private ByteOrder orderOf(byte[] magic) throws IOException {
        if (magic.length == 4) {
            int value = ByteBuffer.wrap(magic).getInt();
            if (value == BYTE_ORDER_MAGIC) {
                return ByteOrder.BIG_ENDIAN;
            }
            if (value == Integer.reverseBytes(BYTE_ORDER_MAGIC)) {
                return ByteOrder.LITTLE_ENDIAN;
            }
        }
        throw invalid("a section header does not say its byte order");
    }

    private long lengthOf(byte[] head) throws IOException {
        long length = ByteBuffer.wrap(head).order(order).getInt(4) & 0xffff_ffffL;
        if (length < 12 || length % 4 != 0) {
            throw invalid("a block of " + length + " octets cannot be");
        }
        if (length > MAX_BLOCK) {
            throw invalid("a block has " + length + " octets, more than " + MAX_BLOCK);
        }
        return length;
    }

    /// Reads what is left of a block but for its head and `done` octets behind that, and checks its end.
    private ByteBuffer body(long length, int done) throws IOException {
        int wanted = (int) length - 8 - done;
        if (wanted < 4) {
            throw invalid("a section header of " + length + " octets cannot be");
        }
        byte[] bytes = stream.readNBytes(wanted); // grows as octets come, not at once
        if (bytes.length < wanted) {
            throw invalid("the file ends within a block");
        }
        ByteBuffer body = ByteBuffer.wrap(bytes).order(order);
        if ((body.getInt(wanted - 4) & 0xffff_ffffL) != length) {
            throw invalid("the two lengths of a block differ");
        }
        return body.limit(wanted - 4);
    }

    private PcapngBlock parse(int type, ByteBuffer body) throws IOException {
        return switch (type) {
            case SECTION_HEADER -> section(body);
            case INTERFACE_DESCRIPTION -> description(body);
            case ENHANCED_PACKET -> enhancedPacket(body);
            case PACKET -> packet(body);
            case SIMPLE_PACKET -> simplePacket(body);
            case NAME_RESOLUTION -> names(body);
            case INTERFACE_STATISTICS -> statistics(body);
            case DECRYPTION_SECRETS -> secrets(body);
            default -> new PcapngBlock.Other(type, body.remaining(), List.of());
        };
    }

    private PcapngBlock.Section section(ByteBuffer body) throws IOException {
        need(body, 12);
        int major = body.getShort() & 0xffff;
        int minor = body.getShort() & 0xffff;
        if (major != 1) {
            throw invalid("version " + major + "." + minor + " of the format is not known");
        }
        body.getLong(); // the length of the section, which need not be known
        String application = "";
        for (Option option; (option = option(body)) != null; ) {
            if (option.code == 4) {
                application = option.text();
            }
        }
        return new PcapngBlock.Section(order == ByteOrder.BIG_ENDIAN, major, minor, application, List.copyOf(comments));
    }

    private PcapngBlock.Interface description(ByteBuffer body) throws IOException {
        need(body, 8);
        if (interfaces.size() >= MAX_INTERFACES) {
            throw invalid("there are more than " + MAX_INTERFACES + " interfaces");
        }
        int linkType = body.getShort() & 0xffff;
        body.getShort();
        long snapLength = body.getInt() & 0xffff_ffffL;
        String name = "";
        String description = "";
        int resolution = MICROSECONDS;
        long offset = 0;
        for (Option option; (option = option(body)) != null; ) {
            switch (option.code) {
                case 2 -> name = option.text();
                case 3 -> description = option.text();
                case 9 -> resolution = option.value.hasRemaining() ? option.value.get() & 0xff : resolution;
                case 14 -> offset = option.value.remaining() >= 8 ? option.value.getLong() : offset;
                default -> {}
            }
        }
        PcapngBlock.Interface found = new PcapngBlock.Interface(
                interfaces.size(), linkType, snapLength, name, description, resolution, List.copyOf(comments));
        described += name.length() + description.length();
        for (String comment : comments) {
            described += comment.length();
        }
        if (described > MAX_BLOCK) {
            throw invalid("the interfaces have more than " + MAX_BLOCK + " characters of descriptions");
        }
        interfaces.add(new Known(found, offset));
        return found;
    }

    private PcapngBlock.Packet enhancedPacket(ByteBuffer body) throws IOException {
        need(body, 20);
        return packet(body, body.getInt());
    }

    private PcapngBlock.Packet packet(ByteBuffer body) throws IOException {
        need(body, 20);
        int number = body.getShort() & 0xffff;
        body.getShort(); // packets that were missed before
        return packet(body, number);
    }

    private PcapngBlock.Packet packet(ByteBuffer body, int number) throws IOException {
        long time = (body.getInt() & 0xffff_ffffL) << 32 | body.getInt() & 0xffff_ffffL;
        long captured = body.getInt() & 0xffff_ffffL;
        long original = body.getInt() & 0xffff_ffffL;
        byte[] bytes = octets(body, captured);
        Direction direction = null;
        for (Option option; (option = option(body)) != null; ) {
            if (option.code == 2 && option.value.remaining() >= 4) {
                direction = switch (option.value.getInt() & 3) {
                    case 1 -> Direction.INBOUND;
                    case 2 -> Direction.OUTBOUND;
                    default -> null;
                };
            }
        }
        Known known = number >= 0 && number < interfaces.size() ? interfaces.get(number) : null;
        if (known == null) {
            throw invalid("a packet is of interface " + (number & 0xffff_ffffL) + ", which is not described");
        }
        return new PcapngBlock.Packet(
                known.description, nanos(time, known), direction, original, bytes, List.copyOf(comments));
    }

    private PcapngBlock.Packet simplePacket(ByteBuffer body) throws IOException {
        need(body, 4);
        long original = body.getInt() & 0xffff_ffffL;
        PcapngBlock.Interface first = interfaces.isEmpty() ? null : interfaces.getFirst().description;
        long captured = original;
        if (first != null && first.snapLength() > 0) {
            captured = Math.min(captured, first.snapLength());
        }
        byte[] bytes = octets(body, captured);
        return new PcapngBlock.Packet(first, PcapngBlock.Packet.NO_TIME, null, original, bytes, List.of());
    }

    private byte[] octets(ByteBuffer body, long length) throws IOException {
        if (length > body.remaining()) {
            throw invalid("a packet of " + length + " octets is longer than its block");
        }
        byte[] bytes = new byte[(int) length];
        body.get(bytes);
        body.position(Math.min(body.limit(), body.position() + 3 & ~3));
        return bytes;
    }

    /// Nanoseconds since 1970 of a time in the unit of an interface.
    private static long nanos(long time, Known known) {
        int resolution = known.description.resolution();
        if (resolution == 9 && known.offsetSeconds == 0 && time >= 0) {
            return time;
        }
        BigInteger units = new BigInteger(Long.toUnsignedString(time)).multiply(BILLION);
        int power = resolution & 0x7f;
        BigInteger nanos = (resolution & 0x80) == 0 ? units.divide(BigInteger.TEN.pow(power)) : units.shiftRight(power);
        return nanos.add(BigInteger.valueOf(known.offsetSeconds).multiply(BILLION))
                .max(MIN_TIME)
                .min(MAX_TIME)
                .longValueExact();
    }

    private PcapngBlock.Names names(ByteBuffer body) throws IOException {
        Map<IpAddress, List<String>> names = new LinkedHashMap<>();
        int count = 0;
        for (; ; ) {
            Option entry = entry(body);
            if (entry == null || entry.code == 0) {
                break;
            }
            int octets = entry.code == 1 ? 4 : entry.code == 2 ? 16 : -1;
            if (octets < 0 || ++count > MAX_ENTRIES) {
                continue;
            }
            if (entry.value.remaining() < octets) {
                throw invalid("the address of a name is cut");
            }
            ByteBuffer value = entry.value.order(ByteOrder.BIG_ENDIAN);
            IpAddress address =
                    octets == 4 ? IpAddress.ofIpv4(value.getInt()) : new IpAddress(value.getLong(), value.getLong());
            List<String> of = names.computeIfAbsent(address, fresh -> new ArrayList<>());
            for (String name : entry.text().split("\0")) {
                if (of.size() < MAX_ENTRIES && !name.isEmpty()) {
                    of.add(name);
                }
            }
        }
        while (option(body) != null) {
            // for its comments
        }
        names.replaceAll((address, list) -> List.copyOf(list));
        return new PcapngBlock.Names(names, List.copyOf(comments));
    }

    private PcapngBlock.Statistics statistics(ByteBuffer body) throws IOException {
        need(body, 12);
        int number = body.getInt();
        body.getLong();
        long received = -1;
        long missed = -1;
        for (Option option; (option = option(body)) != null; ) {
            if (option.value.remaining() >= 8) {
                switch (option.code) {
                    case 4 -> received = option.value.getLong();
                    case 7 -> missed = option.value.getLong();
                    default -> {}
                }
            }
        }
        return new PcapngBlock.Statistics(number, received, missed, List.copyOf(comments));
    }

    private PcapngBlock.Secrets secrets(ByteBuffer body) throws IOException {
        need(body, 8);
        int type = body.getInt();
        byte[] bytes = octets(body, body.getInt() & 0xffff_ffffL);
        while (option(body) != null) {
            // for its comments
        }
        return new PcapngBlock.Secrets(type, bytes, List.copyOf(comments));
    }

    /// A code and its value, which has the block's byte order.
    private record Option(int code, ByteBuffer value) {
        String text() {
            return StandardCharsets.UTF_8.decode(value.duplicate()).toString();
        }
    }

    /// The next option but comments, which are collected; null behind the last.
    private @Nullable Option option(ByteBuffer body) throws IOException {
        for (; ; ) {
            Option option = entry(body);
            if (option == null || option.code == 0) {
                return null;
            }
            if (option.code != OPT_COMMENT) {
                return option;
            }
            if (comments.size() < MAX_ENTRIES) {
                comments.add(option.text());
            }
        }
    }

    private @Nullable Option entry(ByteBuffer body) throws IOException {
        if (body.remaining() < 4) {
            return null;
        }
        int code = body.getShort() & 0xffff;
        int length = body.getShort() & 0xffff;
        if (length > body.remaining()) {
            throw invalid("an option of " + length + " octets is longer than its block");
        }
        ByteBuffer value = body.slice(body.position(), length).order(body.order());
        body.position(Math.min(body.limit(), body.position() + length + 3 & ~3));
        return new Option(code, value);
    }

    private void need(ByteBuffer body, int octets) throws IOException {
        if (body.remaining() < octets) {
            throw invalid("a block is shorter than its fields");
        }
    }

    private IOException invalid(String what) {
        return new IOException("Not a pcapng file that can be read: at octet " + at + ", " + what);
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }
}
