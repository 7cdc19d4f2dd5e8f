package dev.berth.software.replicated;

import dev.berth.sockets.HostScope;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What a process of its own would be for Ratis, inside this JVM: all its static state, in a class loader of its own,
/// and all its threads, on the host of a scope. gRPC shares event loops and pools among all that it does in a JVM; with
/// one copy of it, the sockets of one member would be opened by threads of another.
final class OwnProcess extends URLClassLoader {
    private static final String[] OWN = {"org.apache.ratis.", "dev.berth.software.replicated.Ratis"};

    static {
        registerAsParallelCapable();
    }

    private final HostScope scope;

    /// An action of the program.
    interface Action {
        /// Does it.
        void run() throws Exception;
    }

    OwnProcess(HostScope scope) {
        super(urls(), OwnProcess.class.getClassLoader());
        this.scope = scope;
    }

    private static URL[] urls() {
        List<URL> urls = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(":")) {
            if (entry.contains("ratis") || entry.endsWith("test-classes")) {
                try {
                    urls.add(Path.of(entry).toUri().toURL());
                } catch (MalformedURLException e) {
                    throw new IllegalStateException(e);
                }
            }
        }
        return urls.toArray(URL[]::new);
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        for (String own : OWN) {
            if (name.startsWith(own)) {
                synchronized (getClassLoadingLock(name)) {
                    Class<?> loaded = findLoadedClass(name);
                    return loaded != null ? loaded : findClass(name);
                }
            }
        }
        return super.loadClass(name, resolve);
    }

    /// An object of this process.
    <T> T make(Class<? extends T> type, Class<T> known) throws ReflectiveOperationException {
        return known.cast(loadClass(type.getName()).getConstructor().newInstance());
    }

    /// Does something in this process.
    void run(Action action) throws Exception {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(this);
        try {
            scope.run(action::run);
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
