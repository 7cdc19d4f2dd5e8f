package dev.berth.agent.run;

import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.Instrumentation;
import java.lang.invoke.MethodHandles;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Does something at the end of the JVM, after the shutdown hooks of the program.
///
/// The hooks of [Runtime#addShutdownHook] all run at once. If the host closed in one of them, a program that still
/// answers its last requests there would lose its connections. The JDK has hooks of its own, which it runs one after
/// the other: those of programs are the second of ten, and we take the last.
public final class AfterProgram implements Runnable {
    private static final int LAST = 9;
    private static final String INTERNALS = "jdk.internal.access";

    /// Read by the class of [#registration].
    @SuppressWarnings("unused")
    static volatile @Nullable Runnable hook;

    private final Runnable action;

    private AfterProgram(Runnable action) {
        this.action = action;
    }

    /// Runs `action` once, at the end of the JVM. Where the JDK has no hooks of its own for us, it runs beside the
    /// hooks of the program.
    public static void run(Instrumentation instrumentation, Runnable action) {
        instrumentation.redefineModule(
                Object.class.getModule(),
                Set.of(),
                Map.of(INTERNALS, Set.of(AfterProgram.class.getModule())),
                Map.of(),
                Set.of(),
                Map.of());
        hook = new AfterProgram(action);
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            lookup.ensureInitialized(lookup.defineClass(registration()));
        } catch (IllegalAccessException | LinkageError _) {
            Runtime.getRuntime().addShutdownHook(new Thread(action, "berth-shutdown"));
        }
    }

    /// A class whose initializer registers the hook, with methods that the compiler does not let us name:
    /// `SharedSecrets.getJavaLangAccess().registerShutdownHook(LAST, false, hook)`. Two calls by reflection would make
    /// the JVM spin fifteen classes.
    private static byte[] registration() {
        ClassDesc own = AfterProgram.class.describeConstable().orElseThrow();
        ClassDesc runnable = Runnable.class.describeConstable().orElseThrow();
        ClassDesc secrets = ClassDesc.of(INTERNALS, "SharedSecrets");
        ClassDesc access = ClassDesc.of(INTERNALS, "JavaLangAccess");
        MethodTypeDesc register =
                MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int, ConstantDescs.CD_boolean, runnable);
        return ClassFile.of()
                .build(
                        ClassDesc.of(AfterProgram.class.getName() + "Registration"),
                        type -> type.withMethodBody(
                                ConstantDescs.CLASS_INIT_NAME,
                                ConstantDescs.MTD_void,
                                ClassFile.ACC_STATIC,
                                code -> code.invokestatic(secrets, "getJavaLangAccess", MethodTypeDesc.of(access))
                                        .bipush(LAST)
                                        .iconst_0()
                                        .getstatic(own, "hook", runnable)
                                        .invokeinterface(access, "registerShutdownHook", register)
                                        .return_()));
    }

    /// The thread that ends the JVM may be a virtual one or be interrupted, so the action gets one of its own.
    @Override
    public void run() {
        Thread thread = new Thread(action, "berth-shutdown");
        thread.start();
        boolean ended = false;
        while (!ended) {
            try {
                ended = thread.join(Duration.ofMinutes(1));
            } catch (InterruptedException _) {
                // The JVM ends now, and nobody is left to ask whether this thread was interrupted.
            }
        }
    }
}
