package dev.berth.sockets;

import dev.berth.host.Host;
import dev.berth.names.NameTable;
import java.security.Security;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which host the sockets are on that the current thread opens, where the JVM's own sockets, channels and names are
/// those of Berth ([BerthSockets]).
///
/// It is the host of the innermost scope that the thread is in; else that of the whole JVM, if one is installed; else
/// there is none, and sockets are the kernel's. A thread, platform or virtual, begins in the scope of the thread that
/// creates it and stays there, also after that one has left. Threads that others have made, as those of a pool or
/// of `ForkJoinPool.commonPool()`, are not in the scope of those who give them work, nor is a thread that inherits no
/// thread-locals. A socket stays on the host it was opened on, whoever uses it, and what a listening socket accepts
/// is on its host.
///
/// Names are looked up per scope too. The JDK would keep what it found for one scope and answer another with it, so
/// [#of] switches its cache of names off (`networkaddress.cache.ttl`), which works only before the JVM's first
/// look-up. `InetAddress.getLocalHost` keeps its answer for 5 seconds nevertheless.
///
/// A scope is immutable, may be entered by any number of threads at once and any number of times. Finding the current
/// one takes no lock and allocates nothing.
public final class HostScope {
    private static final InheritableThreadLocal<@Nullable HostNames> OF_THREAD = new InheritableThreadLocal<>();

    private static volatile @Nullable HostNames ofJvm;

    private final HostNames names;

    private HostScope(HostNames names) {
        this.names = names;
    }

    /// What runs in a scope.
    ///
    /// @param <E> what it may throw
    @FunctionalInterface
    public interface ThrowingRunnable<E extends Throwable> {
        /// Does it.
        void run() throws E;
    }

    /// What runs in a scope and has a result.
    ///
    /// @param <T> its result
    /// @param <E> what it may throw
    @FunctionalInterface
    public interface ThrowingSupplier<T extends @Nullable Object, E extends Throwable> {
        /// Does it.
        T get() throws E;
    }

    /// A scope that a thread has entered.
    public interface Entered extends AutoCloseable {
        /// Makes the scope the current one again that was current before. On the thread that has entered, innermost
        /// first, once.
        ///
        /// @throws IllegalStateException if it is another thread, or another scope was entered since and not left
        @Override
        void close();
    }

    /// The scope of a host: names are its own and those of `tables`; others are looked up as the JDK does.
    public static HostScope of(Host host, NameTable... tables) {
        return of(host, true, tables);
    }

    /// The scope of a host.
    ///
    /// @param otherNames whether names that neither the host nor `tables` know are looked up as the JDK does; if not,
    ///     they are unknown
    public static HostScope of(Host host, boolean otherNames, NameTable... tables) {
        Uncached.init();
        FlightEvents.enable();
        return new HostScope(new HostNames(Objects.requireNonNull(host), List.of(tables), otherNames));
    }

    /// Runs `action` in the scope of `host`.
    public static <E extends Throwable> void run(Host host, ThrowingRunnable<E> action) throws E {
        of(host).run(action);
    }

    /// Runs `action` in the scope of `host` and returns what it does.
    public static <T extends @Nullable Object, E extends Throwable> T call(Host host, ThrowingSupplier<T, E> action)
            throws E {
        return of(host).call(action);
    }

    /// Runs `action` in this scope.
    public <E extends Throwable> void run(ThrowingRunnable<E> action) throws E {
        try (Entered _ = enter()) {
            action.run();
        }
    }

    /// Runs `action` in this scope and returns what it does.
    public <T extends @Nullable Object, E extends Throwable> T call(ThrowingSupplier<T, E> action) throws E {
        try (Entered _ = enter()) {
            return action.get();
        }
    }

    /// Enters this scope until the result is closed; [#run] does both.
    public Entered enter() {
        return new Entry(names);
    }

    /// The host of the current thread's sockets, if it is not the kernel.
    public static Optional<Host> current() {
        return Optional.ofNullable(host());
    }

    /// True if there is a host of the whole JVM.
    static boolean isInstalled() {
        return ofJvm != null;
    }

    /// The host of the current thread's sockets; null for the kernel.
    static @Nullable Host host() {
        HostNames names = names();
        return names == null ? null : names.host();
    }

    /// What the current thread's names are looked up in; null for the JDK's own way.
    static @Nullable HostNames names() {
        HostNames names = OF_THREAD.get();
        return names == null ? ofJvm : names;
    }

    /// The host of the current thread's sockets.
    ///
    /// @throws IllegalStateException if there is none
    static Host requiredHost() {
        Host host = host();
        if (host == null) {
            throw none();
        }
        return host;
    }

    /// What is wrong where a host is needed.
    static IllegalStateException none() {
        return new IllegalStateException("No sockets are installed: call BerthSockets.install(host) before the first"
                + " channel is opened, or open it in a HostScope.");
    }

    /// Makes a host that of all threads without a scope.
    ///
    /// @throws IllegalStateException if there is one
    static synchronized void install(HostNames names) {
        HostNames present = ofJvm;
        if (present != null) {
            throw new IllegalStateException(
                    "The sockets of host '" + present.host().name() + "' are installed in this JVM already.");
        }
        Uncached.init();
        FlightEvents.enable();
        ofJvm = names;
    }

    private static final class Entry implements Entered {
        private final HostNames names;
        private final @Nullable HostNames before;
        private boolean left;

        Entry(HostNames names) {
            this.names = names;
            before = OF_THREAD.get();
            OF_THREAD.set(names);
        }

        @Override
        public void close() {
            if (left || OF_THREAD.get() != names) {
                throw new IllegalStateException(
                        "A HostScope is left on the thread that has entered it, once, the innermost first.");
            }
            left = true;
            if (before == null) {
                OF_THREAD.remove();
            } else {
                OF_THREAD.set(before);
            }
        }
    }

    /// Loaded once, when the first scope is made.
    private static final class Uncached {
        static {
            if (Security.getProperty("networkaddress.cache.ttl") == null) {
                Security.setProperty("networkaddress.cache.ttl", "0");
            }
            Security.setProperty("networkaddress.cache.negative.ttl", "0");
        }

        private Uncached() {}

        static void init() {}
    }
}
