package dev.berth.agent;

import java.lang.instrument.Instrumentation;
import org.jspecify.annotations.Nullable;

/// Keeps the instrumentation handle of this JVM for those who install the sockets of Berth.
///
/// The JVM calls [#premain] or [#agentmain] once, before the program starts or when the agent is attached. Any
/// thread may ask for the handle afterwards.
public final class BerthAgent {
    private static volatile @Nullable Instrumentation instrumentation;

    private BerthAgent() {}

    /// Called by the JVM for `-javaagent`.
    public static void premain(@Nullable String options, Instrumentation handle) {
        instrumentation = handle;
    }

    /// Called by the JVM for `Launcher-Agent-Class` and for an agent that is attached.
    public static void agentmain(@Nullable String options, Instrumentation handle) {
        instrumentation = handle;
    }

    /// The instrumentation handle, or null when this JVM was started without the agent.
    public static @Nullable Instrumentation instrumentation() {
        return instrumentation;
    }
}
