import org.jspecify.annotations.NullMarked;

/// Benchmarks: JMH for the parts, side-by-side runs against the sockets of the kernel for the whole.
///
/// The module is not published.
@NullMarked
module dev.berth.bench {
    requires transitive dev.berth.wire;
    requires transitive dev.berth.ports;
    requires transitive dev.berth.stack;
    requires transitive dev.berth.testkit;
    requires transitive dev.berth.host;
    requires transitive dev.berth.network;
    requires transitive dev.berth.sockets;
    requires transitive dev.berth.capture;
    requires transitive dev.berth.tun;
    requires transitive dev.berth.gateway;
    requires transitive dev.berth.agent;
    requires java.management;
    requires java.net.http;
    requires jdk.httpserver;
    requires jmh.core;
    requires static transitive org.jspecify;

    exports dev.berth.bench;
}
