package dev.berth.agent.run;

import java.lang.instrument.Instrumentation;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Map;
import java.util.Set;

/// Does something at the end of the JVM, after the shutdown hooks of the program.
///
/// The hooks of [Runtime#addShutdownHook] all run at once. If the host closed in one of them, a program that still
/// answers its last requests there would lose its connections. The JDK has hooks of its own, which it runs one after
/// the other: those of programs are the second of ten, and we take the last.
public final class AfterProgram {
    private static final int LAST = 9;

    private AfterProgram() {}

    /// Runs `action` once, at the end of the JVM. Where the JDK has no hooks of its own for us, it runs beside the
    /// hooks of the program.
    public static void run(Instrumentation instrumentation, Runnable action) {
        String internals = "jdk.internal.access";
        Module ours = AfterProgram.class.getModule();
        instrumentation.redefineModule(
                Object.class.getModule(),
                Set.of(),
                Map.of(internals, Set.of(ours)),
                Map.of(),
                Set.of(),
                Map.of());
        try {
            Object access = Class.forName(internals + ".SharedSecrets")
                    .getMethod("getJavaLangAccess")
                    .invoke(null);
            Method register = Class.forName(internals + ".JavaLangAccess")
                    .getMethod("registerShutdownHook", int.class, boolean.class, Runnable.class);
            register.invoke(access, LAST, false, (Runnable) () -> runInThread(action));
        } catch (ReflectiveOperationException _) {
            Runtime.getRuntime().addShutdownHook(new Thread(action, "berth-shutdown"));
        }
    }

    /// The thread that ends the JVM may be a virtual one or be interrupted, so `action` gets one of its own.
    private static void runInThread(Runnable action) {
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
