import org.jspecify.annotations.NullMarked;

/// The `berth` command.
///
/// Each sub-command is one class of this package.
@NullMarked
module dev.berth.cli {
    requires transitive dev.berth.wire;
    requires transitive dev.berth.ports;
    requires transitive dev.berth.stack;
    requires transitive dev.berth.testkit;
    requires transitive dev.berth.host;
    requires transitive dev.berth.names;
    requires transitive dev.berth.network;
    requires transitive dev.berth.sockets;
    requires transitive dev.berth.capture;
    requires dev.berth.ethernet;
    requires transitive dev.berth.tun;
    requires transitive dev.berth.gateway;
    requires transitive dev.berth.agent;
    requires transitive dev.berth.bench;
    requires info.picocli;
    requires static transitive org.jspecify;

    opens dev.berth.cli to
            info.picocli;
}
