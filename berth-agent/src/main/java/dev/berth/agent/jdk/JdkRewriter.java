package dev.berth.agent.jdk;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.reflect.AccessFlag;
import java.nio.ByteBuffer;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// Puts a question to Berth before the methods of [Rewrite]: `Hooks.call("NetworkInterface.isUp", {this})`. If the
/// answer is null the method goes on as it always did; otherwise it returns what the answer holds.
///
/// It works on the octets of the class file instead of through `java.lang.classfile`, of which a transformation loads
/// 150 classes that the JDK's class-data archive does not have.
///
/// It also takes the assertion out of a constructor of `DatagramSocket` that nobody but the JDK gives it a socket to
/// delegate to. The JVM calls it on any thread.
final class JdkRewriter implements ClassFileTransformer {
    /// The class of [#hookClass], in the package `java.net`.
    static final ClassDesc HOOKS = ClassDesc.of("java.net.BerthHooks");

    /// Its field for the one who answers.
    static final String ANSWERS = "answers";

    /// Its method that is asked, with what and whom it takes the question from.
    static final String CALL = "(Ljava/lang/String;[Ljava/lang/Object;)Ljava/util/Optional;";

    private static final String HOOKS_NAME = "java/net/BerthHooks";

    private static final ClassDesc OPTIONAL = ClassDesc.of("java.util.Optional");
    private static final ClassDesc BI_FUNCTION =
            BiFunction.class.describeConstable().orElseThrow();
    private static final int POOL_AT = 8; // after the magic number and the version
    private static final int ACC_STATIC = 0x0008;
    private static final int GETSTATIC = 0xb2;
    private static final String DATAGRAM_SOCKET = "java/net/DatagramSocket";

    private final Map<String, List<Rewrite>> byType = new HashMap<>();
    private final Set<String> done = ConcurrentHashMap.newKeySet();
    private final Map<String, Throwable> failures = new ConcurrentHashMap<>();

    JdkRewriter(List<Rewrite> rewrites) {
        for (Rewrite rewrite : rewrites) {
            List<Rewrite> ofType = byType.get(rewrite.type());
            if (ofType == null) {
                ofType = new ArrayList<>();
                byType.put(rewrite.type(), ofType);
            }
            ofType.add(rewrite);
        }
    }

    /// The classes that are to be rewritten, with dots.
    List<String> types() {
        List<String> types = new ArrayList<>();
        for (String type : byType.keySet()) {
            types.add(type.replace('/', '.'));
        }
        return types;
    }

    /// What has been rewritten, by [Rewrite#hook].
    Set<String> done() {
        return new HashSet<>(done);
    }

    /// What went wrong, by class.
    Map<String, Throwable> failures() {
        return Map.copyOf(failures);
    }

    @Override
    public byte @Nullable [] transform(
            @Nullable ClassLoader loader,
            @Nullable String name,
            @Nullable Class<?> present,
            @Nullable ProtectionDomain domain,
            byte[] bytes) {
        List<Rewrite> rewrites = loader != null || name == null ? null : byType.get(name);
        if (rewrites == null) {
            return null;
        }
        try {
            return rewrite(bytes, rewrites);
        } catch (RuntimeException | LinkageError e) {
            failures.put(name, e); // the JVM would keep it to itself
            return null;
        }
    }

    /// The class with the methods rewritten that it has.
    byte[] rewrite(byte[] bytes, List<Rewrite> rewrites) {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        ConstantPool constants = new ConstantPool(file, POOL_AT);
        ByteArrayOutputStream methods = new ByteArrayOutputStream(bytes.length);
        ByteArrayOutputStream whole = new ByteArrayOutputStream(2 * bytes.length);
        try {
            boolean datagramSocket =
                    constants.className(file.getChar(constants.end() + 2)).equals(DATAGRAM_SOCKET);
            int fields = constants.end() + 8 + 2 * file.getChar(constants.end() + 6);
            int at = members(file, fields);
            int count = file.getChar(at);
            DataOutputStream to = new DataOutputStream(methods);
            to.write(bytes, constants.end(), at + 2 - constants.end());
            at += 2;
            for (int i = 0; i < count; i++) {
                int end = memberEnd(file, at);
                Rewrite rewrite = find(rewrites, file, constants, at);
                if (rewrite != null && writeMethod(file, constants, rewrite, at, to)) {
                    done.add(rewrite.hook());
                } else if (rewrite == null && datagramSocket && takesDelegate(file, constants, at)) {
                    withoutAssertions(file, constants, at);
                    to.write(bytes, at, end - at);
                } else {
                    to.write(bytes, at, end - at);
                }
                at = end;
            }
            to.write(bytes, at, bytes.length - at);
            DataOutputStream out = new DataOutputStream(whole);
            out.write(bytes, 0, POOL_AT);
            constants.write(out, POOL_AT);
            methods.writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException("memory has room", e);
        }
        return whole.toByteArray();
    }

    /// The end of a table of fields or methods.
    private static int members(ByteBuffer file, int at) {
        int end = at + 2;
        for (int i = file.getChar(at); i > 0; i--) {
            end = memberEnd(file, end);
        }
        return end;
    }

    /// The end of a field or method, which begins with its flags, name and descriptor.
    private static int memberEnd(ByteBuffer file, int at) {
        int end = at + 8;
        for (int i = file.getChar(at + 6); i > 0; i--) {
            end += 6 + file.getInt(end + 2);
        }
        return end;
    }

    private static @Nullable Rewrite find(List<Rewrite> rewrites, ByteBuffer file, ConstantPool constants, int at) {
        for (Rewrite rewrite : rewrites) {
            if (constants.is(file.getChar(at + 2), rewrite.method())
                    && constants.is(file.getChar(at + 4), rewrite.descriptor())) {
                return rewrite;
            }
        }
        return null;
    }

    /// Writes a method with a question at its beginning.
    ///
    /// @return false if it has no code; then nothing is written
    private static boolean writeMethod(
            ByteBuffer file, ConstantPool constants, Rewrite rewrite, int at, DataOutputStream to) throws IOException {
        int code = codeOf(file, constants, at);
        if (code < 0) {
            return false;
        }
        boolean isStatic = (file.getChar(at) & ACC_STATIC) != 0;
        byte[] patched = new MethodPatch(file, constants, rewrite, isStatic).code(code + 6, HOOKS_NAME);
        int afterCode = code + 6 + file.getInt(code + 2);
        to.write(file.array(), file.arrayOffset() + at, code + 2 - at);
        to.writeInt(patched.length);
        to.write(patched);
        to.write(file.array(), file.arrayOffset() + afterCode, memberEnd(file, at) - afterCode);
        return true;
    }

    /// Where a method's Code attribute begins; -1 if it has none.
    private static int codeOf(ByteBuffer file, ConstantPool constants, int at) {
        int attribute = at + 8;
        for (int i = file.getChar(at + 6); i > 0; i--) {
            if (constants.is(file.getChar(attribute), "Code")) {
                return attribute;
            }
            attribute += 6 + file.getInt(attribute + 2);
        }
        return -1;
    }

    private static boolean takesDelegate(ByteBuffer file, ConstantPool constants, int at) {
        return constants.is(file.getChar(at + 2), "<init>")
                && constants.is(file.getChar(at + 4), "(L" + DATAGRAM_SOCKET + ";)V");
    }

    /// Lets a short method without switches take it that assertions are off.
    private static void withoutAssertions(ByteBuffer file, ConstantPool constants, int at) {
        int code = codeOf(file, constants, at) + 6;
        int end = code + 8 + file.getInt(code + 4);
        for (int i = code + 8; i < end; i += length(file.get(i) & 0xff)) {
            if ((file.get(i) & 0xff) == GETSTATIC
                    && constants.memberName(file.getChar(i + 1)).equals("$assertionsDisabled")) {
                file.put(i, (byte) 0x04).put(i + 1, (byte) 0).put(i + 2, (byte) 0); // iconst_1, nop, nop
            }
        }
    }

    /// The octets of an operation with its operands.
    private static int length(int operation) {
        return switch (operation) {
            case 0x10, 0x12, 0x15, 0x16, 0x17, 0x18, 0x19, 0x36, 0x37, 0x38, 0x39, 0x3a, 0xa9, 0xbc -> 2;
            case 0x11, 0x13, 0x14, 0x84, 0xbb, 0xbd, 0xc0, 0xc1, 0xc6, 0xc7 -> 3;
            case 0xc5 -> 4;
            case 0xb9, 0xba, 0xc8, 0xc9 -> 5;
            case 0xaa, 0xab, 0xc4 -> throw new IllegalStateException("a constructor with operation " + operation);
            default -> operation >= 0x99 && operation <= 0xa8 || operation >= GETSTATIC && operation <= 0xb8 ? 3 : 1;
        };
    }

    /// The class that the rewritten methods ask: it passes everything on to its field [#ANSWERS], so that the JDK needs
    /// no class of Berth. For the package `java.net`.
    static byte[] hookClass() {
        return ClassFile.of()
                .build(
                        HOOKS,
                        type -> type.withFlags(AccessFlag.PUBLIC, AccessFlag.FINAL, AccessFlag.SYNTHETIC)
                                .withField(
                                        ANSWERS,
                                        BI_FUNCTION,
                                        ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC | ClassFile.ACC_VOLATILE)
                                .withMethodBody(
                                        "call",
                                        MethodTypeDesc.ofDescriptor(CALL),
                                        ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                                        code -> code.getstatic(HOOKS, ANSWERS, BI_FUNCTION)
                                                .aload(0)
                                                .aload(1)
                                                .invokeinterface(
                                                        BI_FUNCTION,
                                                        "apply",
                                                        MethodTypeDesc.of(
                                                                ConstantDescs.CD_Object,
                                                                ConstantDescs.CD_Object,
                                                                ConstantDescs.CD_Object))
                                                .checkcast(OPTIONAL)
                                                .areturn()));
    }
}
