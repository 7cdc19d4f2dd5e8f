package dev.berth.agent.jdk;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// The constant pool of a class file (Java Virtual Machine Specification, section 4.4), to which constants can be
/// added. Constants that are there keep their numbers, so what refers to them can stay as it is.
final class ConstantPool {
    private static final int UTF8 = 1;
    private static final int CLASS = 7;
    private static final int STRING = 8;
    private static final int FIELD = 9;
    private static final int METHOD = 10;
    private static final int NAME_AND_TYPE = 12;

    private final ByteBuffer file;
    private final int[] at;
    private final int end;
    private final ByteArrayOutputStream added = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(added);
    private int count;

    /// @param file the class file
    /// @param start where the number of constants stands
    ConstantPool(ByteBuffer file, int start) {
        this.file = file;
        count = file.getChar(start);
        at = new int[count];
        int position = start + 2;
        for (int i = 1; i < count; i++) {
            at[i] = position;
            int tag = file.get(position);
            position += length(tag, position);
            if (tag == 5 || tag == 6) {
                i++; // a long or a double has two numbers
            }
        }
        end = position;
    }

    private int length(int tag, int position) {
        return switch (tag) {
            case UTF8 -> 3 + file.getChar(position + 1);
            case CLASS, STRING, 16, 19, 20 -> 3; // 16: method type; 19, 20: module, package
            case 15 -> 4; // method handle
            case 3, 4, FIELD, METHOD, 11, NAME_AND_TYPE, 17, 18 -> 5;
            case 5, 6 -> 9;
            default -> throw new IllegalStateException("unknown constant " + tag);
        };
    }

    /// Where the constants end in the class file.
    int end() {
        return end;
    }

    /// The text of a constant.
    String utf8(int number) {
        int position = at[number];
        byte[] bytes = new byte[file.getChar(position + 1)];
        file.get(position + 3, bytes);
        return new String(bytes, StandardCharsets.UTF_8); // names that are not ASCII are no names of ours
    }

    /// Whether a constant is this ASCII text.
    boolean is(int number, String text) {
        int position = at[number];
        if (file.getChar(position + 1) != text.length()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            if (file.get(position + 3 + i) != text.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /// The name of the class that a constant is.
    String className(int number) {
        return utf8(file.getChar(at[number] + 1));
    }

    /// The name of the field or method that a constant refers to.
    String memberName(int number) {
        int nameAndType = file.getChar(at[number] + 3);
        return utf8(file.getChar(at[nameAndType] + 1));
    }

    /// Adds a name.
    int text(String name) {
        return addUtf8(name);
    }

    /// Adds a text that code can load.
    int string(String text) {
        return add(STRING, addUtf8(text));
    }

    /// Adds a class.
    int type(String name) {
        return add(CLASS, addUtf8(name));
    }

    /// Adds a method of a class.
    int method(String type, String name, String descriptor) {
        int owner = type(type);
        int nameAndType = add(NAME_AND_TYPE, addUtf8(name), addUtf8(descriptor));
        return add(METHOD, owner, nameAndType);
    }

    private int addUtf8(String text) {
        try {
            out.writeByte(UTF8);
            out.writeUTF(text);
        } catch (IOException e) {
            throw new UncheckedIOException("memory has room", e);
        }
        return count++;
    }

    private int add(int tag, int... numbers) {
        try {
            out.writeByte(tag);
            for (int number : numbers) {
                out.writeShort(number);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("memory has room", e);
        }
        if (count >= 0xffff) {
            throw new IllegalStateException("the class has too many constants");
        }
        return count++;
    }

    /// Writes what was there and what was added.
    ///
    /// @param start where the number of constants stands in the class file
    void write(DataOutputStream to, int start) throws IOException {
        to.writeShort(count);
        to.write(file.array(), file.arrayOffset() + start + 2, end - start - 2);
        added.writeTo(to);
    }
}
