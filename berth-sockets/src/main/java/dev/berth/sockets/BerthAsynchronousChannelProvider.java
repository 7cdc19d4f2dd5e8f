package dev.berth.sockets;

import dev.berth.host.Host;
import java.io.IOException;
import java.nio.channels.AsynchronousChannelGroup;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.IllegalChannelGroupException;
import java.nio.channels.spi.AsynchronousChannelProvider;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/// Asynchronous channels on a host. Use it explicitly, where a library takes a provider, or install it for the whole
/// JVM as [InstalledAsynchronousChannelProvider]. Channels are of both families.
///
/// An operation that waits costs no thread: the host tells of readiness, and a thread of the group is taken when a
/// handler is to be called. So the *initial size* of a group's thread pool has no meaning here. A group calls its
/// handlers through the executor that it was made with, once for each.
///
/// The default group calls every handler on a virtual thread of its own; with the system property
/// `java.nio.channels.DefaultThreadPool.threadFactory` it has threads of that factory, as many as handlers run.
/// Asynchronous file channels do not come from here.
public class BerthAsynchronousChannelProvider extends AsynchronousChannelProvider {
    private static final String FACTORY_PROPERTY = "java.nio.channels.DefaultThreadPool.threadFactory";

    private final @Nullable Host host;
    private volatile @Nullable BerthAsynchronousChannelGroup defaultGroup;

    /// The channels of `host`.
    public BerthAsynchronousChannelProvider(Host host) {
        this.host = Objects.requireNonNull(host);
    }

    /// For a provider that finds the host when it is needed, by overriding [#host].
    BerthAsynchronousChannelProvider() {
        host = null;
    }

    /// The host that the channels are on.
    public Host host() {
        return Objects.requireNonNull(host);
    }

    @Override
    public AsynchronousChannelGroup openAsynchronousChannelGroup(int threads, ThreadFactory factory) {
        if (threads <= 0) {
            throw new IllegalArgumentException("'nThreads' must be > 0");
        }
        return new BerthAsynchronousChannelGroup(this, Executors.newFixedThreadPool(threads, factory));
    }

    @Override
    public AsynchronousChannelGroup openAsynchronousChannelGroup(ExecutorService executor, int initialSize) {
        return new BerthAsynchronousChannelGroup(this, executor);
    }

    @Override
    public AsynchronousServerSocketChannel openAsynchronousServerSocketChannel(@Nullable AsynchronousChannelGroup group)
            throws IOException {
        return BerthAsynchronousServerSocketChannel.open(this, own(group), host().openTcpAcceptor());
    }

    @Override
    public AsynchronousSocketChannel openAsynchronousSocketChannel(@Nullable AsynchronousChannelGroup group)
            throws IOException {
        return BerthAsynchronousSocketChannel.open(this, own(group), host().openTcpSocket());
    }

    private BerthAsynchronousChannelGroup own(@Nullable AsynchronousChannelGroup group) {
        if (group == null) {
            return defaultGroup();
        }
        if (!(group instanceof BerthAsynchronousChannelGroup own)) {
            throw new IllegalChannelGroupException();
        }
        return own;
    }

    private BerthAsynchronousChannelGroup defaultGroup() {
        BerthAsynchronousChannelGroup present = defaultGroup;
        if (present == null) {
            synchronized (this) {
                present = defaultGroup;
                if (present == null) {
                    present = new BerthAsynchronousChannelGroup(this, defaultExecutor());
                    defaultGroup = present;
                }
            }
        }
        return present;
    }

    private static ExecutorService defaultExecutor() {
        String factory = System.getProperty(FACTORY_PROPERTY);
        if (factory == null) {
            return Executors.newThreadPerTaskExecutor(Thread.ofVirtual()
                    .inheritInheritableThreadLocals(false) // who makes the socket ready is not who has begun
                    .name("berth-async-", 0)
                    .factory());
        }
        try {
            return Executors.newCachedThreadPool(Class.forName(factory, true, ClassLoader.getSystemClassLoader())
                    .asSubclass(ThreadFactory.class)
                    .getDeclaredConstructor()
                    .newInstance());
        } catch (ReflectiveOperationException | ClassCastException e) {
            throw new IllegalStateException(
                    "The property " + FACTORY_PROPERTY + " names no usable thread factory: " + factory, e);
        }
    }
}
