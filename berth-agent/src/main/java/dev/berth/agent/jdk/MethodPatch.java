package dev.berth.agent.jdk;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Puts code before that of a method, within its Code attribute (Java Virtual Machine Specification, section 4.7.3).
///
/// All that counts octets of code is moved: the exception table, the stack map, line numbers and variables. Jumps are
/// relative and stay. The code is preceded by no-operations, so that its length is a multiple of 4 and the tables of
/// switches stay where they are aligned.
final class MethodPatch {
    private static final int MOST_STACK = 5;

    private final ByteBuffer file;
    private final ConstantPool constants;
    private final Rewrite rewrite;
    private final boolean isStatic;

    MethodPatch(ByteBuffer file, ConstantPool constants, Rewrite rewrite, boolean isStatic) {
        this.file = file;
        this.constants = constants;
        this.rewrite = rewrite;
        this.isStatic = isStatic;
    }

    /// The content of a Code attribute with the question before it: it asks the class `hooks`, and returns what the
    /// answer holds, or goes on if there is none.
    ///
    /// @param at where the attribute's content is in the class file
    byte[] code(int at, String hooks) throws IOException {
        int locals = file.getChar(at + 2);
        int length = file.getInt(at + 4);
        byte[] question = question(hooks, locals);
        int shift = question.length;
        if (length + shift > 0xffff) {
            throw new IllegalStateException("the method is too long");
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeShort(Math.max(file.getChar(at), MOST_STACK));
        out.writeShort(locals + 1);
        out.writeInt(length + shift);
        out.write(question);
        out.write(file.array(), file.arrayOffset() + at + 8, length);
        int position = at + 8 + length;
        int handlers = file.getChar(position);
        out.writeShort(handlers);
        position += 2;
        for (int i = 0; i < handlers; i++, position += 8) {
            out.writeShort(file.getChar(position) + shift);
            out.writeShort(file.getChar(position + 2) + shift);
            out.writeShort(file.getChar(position + 4) + shift);
            out.writeShort(file.getChar(position + 6));
        }
        attributes(position, shift, out);
        return bytes.toByteArray();
    }

    // ---- the question

    private byte[] question(String hooks, int answer) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream code = new DataOutputStream(bytes);
        String parameters =
                rewrite.descriptor().substring(1, rewrite.descriptor().indexOf(')'));
        int first = isStatic ? 0 : 1;
        op(code, 0x13, constants.string(rewrite.hook())); // ldc_w
        code.write(new byte[] {0x10, (byte) (count(parameters) + first)}); // bipush
        op(code, 0xbd, constants.type("java/lang/Object")); // anewarray
        if (!isStatic) {
            element(code, 0, 'L', 0);
        }
        int number = first;
        for (int i = 0; i < parameters.length(); i = next(parameters, i)) {
            element(code, number, parameters.charAt(i), number); // none of them takes two places
            number++;
        }
        op(code, 0xb8, constants.method(hooks, "call", JdkRewriter.CALL)); // invokestatic
        local(code, 0x3a, answer); // astore
        local(code, 0x19, answer); // aload
        ByteArrayOutputStream rest = new ByteArrayOutputStream();
        answer(new DataOutputStream(rest), answer);
        op(code, 0xc6, 3 + rest.size()); // ifnull: behind what comes now
        rest.writeTo(code);
        byte[] aligned = new byte[bytes.size() + 3 & ~3];
        System.arraycopy(bytes.toByteArray(), 0, aligned, aligned.length - bytes.size(), bytes.size());
        return aligned; // 0 is nop
    }

    /// Returns what is in the answer.
    private void answer(DataOutputStream code, int answer) throws IOException {
        local(code, 0x19, answer); // aload
        code.write(0x01); // aconst_null
        op(code, 0xb6, constants.method("java/util/Optional", "orElse", "(Ljava/lang/Object;)Ljava/lang/Object;"));
        String result = rewrite.descriptor().substring(rewrite.descriptor().indexOf(')') + 1);
        switch (result.charAt(0)) {
            case 'Z' -> unbox(code, "java/lang/Boolean", "booleanValue", "()Z");
            case 'I' -> unbox(code, "java/lang/Integer", "intValue", "()I");
            case 'L', '[' -> {
                boolean array = result.charAt(0) == '[';
                op(code, 0xc0, constants.type(array ? result : result.substring(1, result.length() - 1))); // checkcast
                code.write(0xb0); // areturn
            }
            default -> throw new IllegalStateException("no method returns " + result);
        }
    }

    private void unbox(DataOutputStream code, String type, String method, String descriptor) throws IOException {
        op(code, 0xc0, constants.type(type)); // checkcast
        op(code, 0xb6, constants.method(type, method, descriptor)); // invokevirtual
        code.write(0xac); // ireturn
    }

    /// Puts an argument into the array on the stack.
    private void element(DataOutputStream code, int index, char type, int slot) throws IOException {
        code.write(new byte[] {0x59, 0x10, (byte) index}); // dup, bipush
        switch (type) {
            case 'Z' -> box(code, slot, "java/lang/Boolean", "(Z)Ljava/lang/Boolean;");
            case 'I' -> box(code, slot, "java/lang/Integer", "(I)Ljava/lang/Integer;");
            case 'L', '[' -> local(code, 0x19, slot); // aload
            default -> throw new IllegalStateException("no method has a parameter of type " + type);
        }
        code.write(0x53); // aastore
    }

    private void box(DataOutputStream code, int slot, String type, String descriptor) throws IOException {
        local(code, 0x15, slot); // iload
        op(code, 0xb8, constants.method(type, "valueOf", descriptor)); // invokestatic
    }

    private static void op(DataOutputStream code, int operation, int operand) throws IOException {
        code.write(operation);
        code.writeShort(operand);
    }

    private static void local(DataOutputStream code, int operation, int slot) throws IOException {
        if (slot > 0xff) {
            throw new IllegalStateException("the method has too many variables");
        }
        code.write(operation);
        code.write(slot);
    }

    private static int count(String parameters) {
        int count = 0;
        for (int i = 0; i < parameters.length(); i = next(parameters, i)) {
            count++;
        }
        return count;
    }

    /// Where the parameter behind the one at `i` begins.
    private static int next(String parameters, int i) {
        int type = i;
        while (parameters.charAt(type) == '[') {
            type++;
        }
        return parameters.charAt(type) == 'L' ? parameters.indexOf(';', type) + 1 : type + 1;
    }

    // ---- what counts octets of code

    private void attributes(int start, int shift, DataOutputStream out) throws IOException {
        ByteArrayOutputStream kept = new ByteArrayOutputStream();
        DataOutputStream to = new DataOutputStream(kept);
        int count = 0;
        boolean mapped = false;
        int position = start + 2;
        for (int i = file.getChar(start); i > 0; i--) {
            int name = file.getChar(position);
            int length = file.getInt(position + 2);
            byte[] content = switch (constants.utf8(name)) {
                case "LineNumberTable" -> moved(position + 6, 4, shift);
                case "LocalVariableTable", "LocalVariableTypeTable" -> moved(position + 6, 10, shift);
                case "StackMapTable" -> stackMap(position + 6, shift);
                default -> null; // annotations of types within the method, which nobody asks for
            };
            if (content != null) {
                mapped |= constants.utf8(name).equals("StackMapTable");
                attribute(to, name, content);
                count++;
            }
            position += 6 + length;
        }
        if (!mapped) {
            attribute(
                    to,
                    constants.text("StackMapTable"),
                    new StackMap(1).landing(shift).bytes());
            count++;
        }
        out.writeShort(count);
        kept.writeTo(out);
    }

    private static void attribute(DataOutputStream to, int name, byte[] content) throws IOException {
        to.writeShort(name);
        to.writeInt(content.length);
        to.write(content);
    }

    /// A table of entries that begin with an offset.
    private byte[] moved(int at, int entry, int shift) {
        int entries = file.getChar(at);
        byte[] content = new byte[2 + entries * entry];
        file.get(at, content);
        ByteBuffer table = ByteBuffer.wrap(content);
        for (int i = 0; i < entries; i++) {
            int offset = 2 + i * entry;
            table.putChar(offset, (char) (table.getChar(offset) + shift));
        }
        return content;
    }

    /// The frames of the method, after one for the place where the question ends.
    private byte[] stackMap(int at, int shift) throws IOException {
        int frames = file.getChar(at);
        StackMap map = new StackMap(frames + 1).landing(shift);
        ByteBuffer from = file.duplicate().position(at + 2);
        for (int i = 0; i < frames; i++) {
            map.copy(from, i == 0, shift);
        }
        return map.bytes();
    }
}
