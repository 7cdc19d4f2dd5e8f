import org.jspecify.annotations.NullMarked;

/// A gateway between hosts in memory and the sockets of the kernel: user-mode NAT for flows that leave, published
/// ports for flows that come in.
///
/// It needs no privilege: to the kernel every flow is an ordinary socket of this process.
@NullMarked
module dev.berth.gateway {
    requires transitive dev.berth.host;
    requires transitive dev.berth.names;
    requires transitive dev.berth.network;
    requires dev.berth.tun;
    requires static com.google.errorprone.annotations;
    requires static jdk.net;
    requires static transitive org.jspecify;

    exports dev.berth.gateway;
    exports dev.berth.gateway.shared;
}
