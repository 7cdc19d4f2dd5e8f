import org.jspecify.annotations.NullMarked;

/// The agent that installs the sockets of Berth in a JVM, with `-javaagent` or `Launcher-Agent-Class`.
///
/// `berth.jar` is this module with all that it stands on, in one jar.
@NullMarked
module dev.berth.agent {
    requires transitive dev.berth.wire;
    requires transitive dev.berth.ports;
    requires transitive dev.berth.stack;
    requires transitive dev.berth.host;
    requires transitive dev.berth.names;
    requires transitive dev.berth.network;
    requires transitive dev.berth.sockets;
    requires transitive dev.berth.capture;
    requires transitive dev.berth.tun;
    requires transitive dev.berth.gateway;
    requires transitive java.instrument;
    requires static transitive org.jspecify;

    exports dev.berth.agent;
    exports dev.berth.agent.jdk;
    exports dev.berth.agent.run;
}
