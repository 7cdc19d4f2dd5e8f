package dev.berth.agent.jdk;

import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.reflect.AccessFlag;
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
/// It also takes the assertion out of a constructor of `DatagramSocket` that nobody but the JDK gives it a socket to
/// delegate to. The JVM calls it on any thread.
final class JdkRewriter implements ClassFileTransformer {
    /// The class of [#hookClass], in the package `java.net`.
    static final ClassDesc HOOKS = ClassDesc.of("java.net.BerthHooks");

    /// Its field for the one who answers.
    static final String ANSWERS = "answers";

    private static final ClassDesc OPTIONAL = ClassDesc.of("java.util.Optional");
    private static final ClassDesc BI_FUNCTION = BiFunction.class.describeConstable().orElseThrow();
    private static final MethodTypeDesc CALL =
            MethodTypeDesc.of(OPTIONAL, ConstantDescs.CD_String, ConstantDescs.CD_Object.arrayType());
    private static final String DATAGRAM_SOCKET = "java/net/DatagramSocket";

    private final Map<String, List<Rewrite>> byType = new HashMap<>();
    private final Set<Rewrite> done = ConcurrentHashMap.newKeySet();
    private final Map<String, Throwable> failures = new ConcurrentHashMap<>();

    JdkRewriter(List<Rewrite> rewrites) {
        for (Rewrite rewrite : rewrites) {
            byType.computeIfAbsent(rewrite.type(), _ -> new ArrayList<>()).add(rewrite);
        }
    }

    /// The classes that are to be rewritten, with dots.
    List<String> types() {
        return byType.keySet().stream().map(type -> type.replace('/', '.')).toList();
    }

    /// What has been rewritten.
    Set<Rewrite> done() {
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
        ClassFile files = ClassFile.of();
        ClassModel type = files.parse(bytes);
        boolean datagramSocket = type.thisClass().asInternalName().equals(DATAGRAM_SOCKET);
        return files.transformClass(type, (builder, element) -> {
            Rewrite rewrite = find(rewrites, element);
            if (element instanceof MethodModel method && rewrite != null) {
                builder.transformMethod(method, MethodTransform.transformingCode(new Question(rewrite, method)));
                done.add(rewrite);
            } else if (element instanceof MethodModel method && datagramSocket && takesDelegate(method)) {
                builder.transformMethod(method, MethodTransform.transformingCode(JdkRewriter::withoutAssertions));
            } else {
                builder.with(element);
            }
        });
    }

    private static @Nullable Rewrite find(List<Rewrite> rewrites, ClassElement element) {
        if (element instanceof MethodModel method && method.code().isPresent()) {
            for (Rewrite rewrite : rewrites) {
                if (method.methodName().equalsString(rewrite.method())
                        && method.methodTypeSymbol().equals(rewrite.descriptor())) {
                    return rewrite;
                }
            }
        }
        return null;
    }

    private static boolean takesDelegate(MethodModel method) {
        return method.methodName().equalsString(ConstantDescs.INIT_NAME)
                && method.methodType().equalsString("(L" + DATAGRAM_SOCKET + ";)V");
    }

    private static void withoutAssertions(CodeBuilder code, CodeElement element) {
        if (element instanceof FieldInstruction field && field.name().equalsString("$assertionsDisabled")) {
            code.iconst_1();
        } else {
            code.with(element);
        }
    }

    /// The question at the beginning of a method.
    private record Question(Rewrite rewrite, MethodModel method) implements CodeTransform {
        @Override
        public void atStart(CodeBuilder code) {
            boolean isStatic = method.flags().has(AccessFlag.STATIC);
            List<ClassDesc> parameters = rewrite.descriptor().parameterList();
            int first = isStatic ? 0 : 1;
            code.loadConstant(rewrite.hook());
            code.loadConstant(parameters.size() + first).anewarray(ConstantDescs.CD_Object);
            if (!isStatic) {
                code.dup().iconst_0().aload(0).aastore();
            }
            for (int i = 0; i < parameters.size(); i++) {
                TypeKind kind = TypeKind.from(parameters.get(i));
                code.dup().loadConstant(first + i).loadLocal(kind, code.parameterSlot(i));
                box(code, kind);
                code.aastore();
            }
            Label goOn = code.newLabel();
            code.invokestatic(HOOKS, "call", CALL).dup().ifnull(goOn);
            code.aconst_null()
                    .invokevirtual(
                            OPTIONAL,
                            "orElse",
                            MethodTypeDesc.of(ConstantDescs.CD_Object, ConstantDescs.CD_Object));
            ClassDesc result = rewrite.descriptor().returnType();
            unbox(code, result);
            code.return_(TypeKind.from(result));
            code.labelBinding(goOn).pop();
        }

        @Override
        public void accept(CodeBuilder code, CodeElement element) {
            code.with(element);
        }

        private static void box(CodeBuilder code, TypeKind kind) {
            if (kind == TypeKind.INT) {
                box(code, ConstantDescs.CD_Integer, ConstantDescs.CD_int);
            } else if (kind == TypeKind.BOOLEAN) {
                box(code, ConstantDescs.CD_Boolean, ConstantDescs.CD_boolean);
            } else if (kind != TypeKind.REFERENCE) {
                throw new IllegalStateException("No method has a parameter of kind " + kind);
            }
        }

        private static void box(CodeBuilder code, ClassDesc box, ClassDesc primitive) {
            code.invokestatic(box, "valueOf", MethodTypeDesc.of(box, primitive));
        }

        private static void unbox(CodeBuilder code, ClassDesc type) {
            if (type.equals(ConstantDescs.CD_boolean)) {
                code.checkcast(ConstantDescs.CD_Boolean)
                        .invokevirtual(
                                ConstantDescs.CD_Boolean, "booleanValue", MethodTypeDesc.of(ConstantDescs.CD_boolean));
            } else if (type.equals(ConstantDescs.CD_int)) {
                code.checkcast(ConstantDescs.CD_Integer)
                        .invokevirtual(ConstantDescs.CD_Integer, "intValue", MethodTypeDesc.of(ConstantDescs.CD_int));
            } else {
                code.checkcast(type);
            }
        }
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
                                        CALL,
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
