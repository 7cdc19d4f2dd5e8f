import org.jspecify.annotations.NullMarked;

/// The agent that installs the sockets of Berth in a JVM, with `-javaagent` or `Launcher-Agent-Class`.
///
/// The jar is small and stands alone: it only keeps the instrumentation handle for those who install the hooks.
@NullMarked
module dev.berth.agent {
    requires transitive java.instrument;
    requires static transitive org.jspecify;

    exports dev.berth.agent;
}
