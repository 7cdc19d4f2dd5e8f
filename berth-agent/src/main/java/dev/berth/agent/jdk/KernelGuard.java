package dev.berth.agent.jdk;

import dev.berth.agent.jdk.Rewrite.Part;
import dev.berth.gateway.KernelSockets;
import dev.berth.sockets.JdkHooks;
import java.io.PrintStream;
import java.net.SocketException;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Stands where the JDK opens INET sockets of the kernel. Those of Berth itself, for published ports, pass.
@SuppressWarnings("NullableOptional") // as JdkHooks
final class KernelGuard {
    private final Strictness strictness;
    private volatile boolean watching;

    KernelGuard(Strictness strictness) {
        this.strictness = strictness;
    }

    /// Called when parts are rewritten and sockets will soon be installed.
    void watch(Set<Part> rewritten) {
        watching = strictness != Strictness.OFF && rewritten.contains(Part.KERNEL_SOCKETS);
    }

    /// Answers for the kernel's sockets, and lets `hooks` answer for all others.
    @Nullable
    Optional<?> answer(JdkHooks hooks, String method, @Nullable Object[] arguments) {
        if (!method.startsWith("Net.")) {
            return hooks.apply(method, arguments);
        }
        if (watching && !KernelSockets.isOpening()) {
            culprit();
        }
        return null;
    }

    private void culprit() {
        SocketException stack = new SocketException(
                "The program opens a socket of the kernel, which is not on its Berth host (strict mode)");
        PrintStream err = System.err;
        err.println("berth: " + stack.getMessage() + ", on thread "
                + Thread.currentThread().getName() + ":");
        for (StackTraceElement element : stack.getStackTrace()) {
            if (!element.getClassName().startsWith("dev.berth.agent.")) {
                err.println("\tat " + element);
            }
        }
        if (strictness == Strictness.THROW) {
            throw KernelGuard.<RuntimeException>unchecked(stack);
        }
    }

    /// The methods that come here throw nothing that the compiler would see.
    @SuppressWarnings("unchecked")
    private static <E extends Throwable> E unchecked(Throwable e) throws E {
        throw (E) e;
    }
}
