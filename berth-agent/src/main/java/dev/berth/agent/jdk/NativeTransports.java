package dev.berth.agent.jdk;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.reflect.AccessFlag;
import java.security.ProtectionDomain;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Makes the native transports of Netty unavailable, which speak to the kernel past the JDK: epoll, io_uring and
/// kqueue, also in copies that a library has moved to another package. Netty and what stands on it then take the
/// transport of the JDK by themselves. The native library is not even loaded: it would try a socket of the kernel.
final class NativeTransports implements ClassFileTransformer {
    private static final List<String> TYPES = List.of(
            "io/netty/channel/epoll/Epoll",
            "io/netty/channel/uring/IoUring",
            "io/netty/channel/kqueue/KQueue",
            "io/netty/incubator/channel/uring/IOUring");

    private static final ClassDesc CAUSE =
            UnsupportedOperationException.class.describeConstable().orElseThrow();
    private static final String WHY = "Native transports go to the kernel past the sockets of Berth";

    NativeTransports() {}

    @Override
    public byte @Nullable [] transform(
            @Nullable ClassLoader loader,
            @Nullable String name,
            @Nullable Class<?> present,
            @Nullable ProtectionDomain domain,
            byte[] bytes) {
        return name != null && isTransport(name) ? withoutTransport(bytes) : null;
    }

    /// True for the class that says whether a native transport is there.
    static boolean isTransport(String name) {
        char last = name.charAt(name.length() - 1);
        if (last != 'l' && last != 'g' && last != 'e') {
            return false; // nearly all classes
        }
        for (String type : TYPES) {
            if (name.endsWith(type)
                    && (name.length() == type.length() || name.charAt(name.length() - type.length() - 1) == '/')) {
                return true;
            }
        }
        return false;
    }

    private static byte[] withoutTransport(byte[] bytes) {
        ClassFile files = ClassFile.of();
        ClassModel type = files.parse(bytes);
        return files.transformClass(type, (builder, element) -> {
            Consumer<CodeBuilder> body = element instanceof MethodModel method ? body(type, method) : null;
            if (element instanceof MethodModel method && body != null) {
                builder.transformMethod(method, MethodTransform.transformingCode(new Body(body)));
            } else {
                builder.with(element);
            }
        });
    }

    private static @Nullable Consumer<CodeBuilder> body(ClassModel type, MethodModel method) {
        if (method.code().isEmpty()) {
            return null;
        }
        String signature =
                method.methodName().stringValue() + method.methodType().stringValue();
        return switch (signature) {
            case "isAvailable()Z" -> code -> code.iconst_0().ireturn();
            case "unavailabilityCause()Ljava/lang/Throwable;" ->
                code -> newCause(code).areturn();
            case "ensureAvailability()V" -> code -> newCause(code).athrow();
            case "<clinit>()V" -> code -> initialize(type, code);
            default -> null;
        };
    }

    /// Sets the fields that hold why there is no transport, and loads no library to see whether there is one.
    private static void initialize(ClassModel type, CodeBuilder code) {
        for (FieldModel field : type.fields()) {
            if (field.flags().has(AccessFlag.STATIC) && field.fieldTypeSymbol().equals(ConstantDescs.CD_Throwable)) {
                newCause(code)
                        .putstatic(
                                type.thisClass().asSymbol(),
                                field.fieldName().stringValue(),
                                ConstantDescs.CD_Throwable);
            }
        }
        code.return_();
    }

    private static CodeBuilder newCause(CodeBuilder code) {
        return code.new_(CAUSE)
                .dup()
                .loadConstant(WHY)
                .invokespecial(
                        CAUSE,
                        ConstantDescs.INIT_NAME,
                        MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String));
    }

    /// Another body for a method.
    private record Body(Consumer<CodeBuilder> body) implements CodeTransform {
        @Override
        public void atStart(CodeBuilder code) {
            body.accept(code);
        }

        @Override
        public void accept(CodeBuilder code, CodeElement element) {
            // Nothing of the old one stays.
        }
    }
}
