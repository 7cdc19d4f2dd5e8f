import org.jspecify.annotations.NullMarked;

/// A TCP/IP host as a pure state machine: IPv4, IPv6, ICMP, UDP, TCP, timers, routes and snapshots.
///
/// Packets, user calls and the time are pushed in; packets, wake-ups and the next deadline are pulled out. One
/// thread at a time may drive it.
@NullMarked
module dev.berth.stack {
    requires transitive dev.berth.ports;
    requires transitive dev.berth.wire;
    requires static transitive org.jspecify;

    exports dev.berth.stack;
    exports dev.berth.stack.endpoint;
    exports dev.berth.stack.icmp;
    exports dev.berth.stack.ip;
    exports dev.berth.stack.tcp;
    exports dev.berth.stack.time;
    exports dev.berth.stack.udp;
}
