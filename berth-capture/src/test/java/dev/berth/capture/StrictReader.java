package dev.berth.capture;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Reads what the format allows of one section in network byte order, and checks lengths and paddings on the way.
final class StrictReader {
    record Block(int type, ByteBuffer body) {}

    record Interface(int linkType, String name, int resolution) {}

    record Entry(int interfaceNumber, Direction direction, long epochNanos, byte[] bytes) {}

    final List<Interface> interfaces = new ArrayList<>();
    final List<Entry> packets = new ArrayList<>();

    StrictReader(byte[] file) {
        ByteBuffer buffer = ByteBuffer.wrap(file);
        require(file.length >= 28 && buffer.getInt(0) == 0x0a0d0d0a, "no section header");
        require(buffer.getInt(8) == 0x1a2b3c4d && buffer.getInt(12) == 1 << 16, "byte order or version");
        while (buffer.hasRemaining()) {
            int start = buffer.position();
            int type = buffer.getInt();
            int length = buffer.getInt();
            require(length % 4 == 0 && length >= 12 && start + length <= file.length, "length " + length);
            require(buffer.getInt(start + length - 4) == length, "the lengths differ");
            read(new Block(type, buffer.slice(start + 8, length - 12)));
            buffer.position(start + length);
        }
    }

    private void read(Block block) {
        ByteBuffer body = block.body();
        switch (block.type()) {
            case 0x0a0d0d0a -> require(interfaces.isEmpty(), "two sections");
            case 1 -> {
                int linkType = body.getShort();
                body.position(8);
                interfaces.add(new Interface(
                        linkType, new String(option(body, 2), StandardCharsets.UTF_8), option(body, 9)[0]));
            }
            case 6 -> {
                int number = body.getInt();
                long time = body.getLong();
                byte[] bytes = new byte[body.getInt()];
                require(body.getInt() == bytes.length, "the packet was cut");
                body.get(bytes);
                while (body.position() % 4 != 0) {
                    require(body.get() == 0, "padding");
                }
                int flags = ByteBuffer.wrap(option(body, 2)).getInt();
                require(flags == 1 || flags == 2, "flags " + flags);
                packets.add(new Entry(number, flags == 1 ? Direction.INBOUND : Direction.OUTBOUND, time, bytes));
            }
            case 5 -> {
                require(body.getInt() < interfaces.size(), "statistics of no interface");
                body.getLong();
                require(ByteBuffer.wrap(option(body, 4)).getLong() >= 0, "packets received");
            }
            default -> throw new AssertionError("Block of type " + block.type());
        }
    }

    private static byte[] option(ByteBuffer body, int wanted) {
        ByteBuffer options = body.slice();
        for (; ; ) {
            int code = options.getShort();
            byte[] value = new byte[options.getShort()];
            require(code != 0, "no option " + wanted);
            options.get(value);
            options.position(options.position() + 3 & ~3);
            if (code == wanted) {
                return value;
            }
        }
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError("Not a valid file: " + what);
        }
    }
}
