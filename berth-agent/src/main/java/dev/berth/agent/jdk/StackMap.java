package dev.berth.agent.jdk;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/// A StackMapTable (Java Virtual Machine Specification, section 4.7.4) that is written frame by frame.
final class StackMap {
    private static final int OBJECT = 7;
    private static final int UNINITIALIZED = 8;
    private static final int SAME = 64; // below it: the same locals, and nothing on the stack
    private static final int SAME_WITH_ONE = 128;
    private static final int SAME_WITH_ONE_EXTENDED = 247;
    private static final int SAME_EXTENDED = 251;
    private static final int FULL = 255;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);

    StackMap(int frames) throws IOException {
        out.writeShort(frames);
    }

    /// The first frame: at `offset` all is as at the beginning of the method.
    StackMap landing(int offset) throws IOException {
        out.write(SAME_EXTENDED);
        out.writeShort(offset);
        return this;
    }

    /// Copies the frame that is next in `from`, of a method whose code was moved.
    ///
    /// @param first whether it was the first, and now comes behind the [#landing]: what it counts from is one more
    void copy(ByteBuffer from, boolean first, int shift) throws IOException {
        int type = from.get() & 0xff;
        int before = first ? 1 : 0;
        if (type < SAME || type < SAME_WITH_ONE) {
            if ((type & SAME - 1) < before) {
                throw new IllegalStateException("the method jumps back to its beginning");
            }
            out.write(type - before);
            if (type >= SAME) {
                copyType(from, shift);
            }
            return;
        }
        if (type < SAME_WITH_ONE_EXTENDED) {
            throw new IllegalStateException("unknown frame " + type);
        }
        int delta = from.getChar();
        if (delta < before) {
            throw new IllegalStateException("the method jumps back to its beginning");
        }
        out.write(type);
        out.writeShort(delta - before);
        if (type == SAME_WITH_ONE_EXTENDED) {
            copyType(from, shift);
        } else if (type == FULL) {
            copyTypes(from, shift); // locals
            copyTypes(from, shift); // stack
        } else {
            for (int i = SAME_EXTENDED; i < type; i++) {
                copyType(from, shift); // locals that are added
            }
        }
    }

    private void copyTypes(ByteBuffer from, int shift) throws IOException {
        int count = from.getChar();
        out.writeShort(count);
        for (int i = 0; i < count; i++) {
            copyType(from, shift);
        }
    }

    private void copyType(ByteBuffer from, int shift) throws IOException {
        int tag = from.get();
        out.write(tag);
        if (tag == OBJECT) {
            out.writeShort(from.getChar());
        } else if (tag == UNINITIALIZED) {
            out.writeShort(from.getChar() + shift); // where it was made
        }
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }
}
