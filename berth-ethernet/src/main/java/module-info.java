import org.jspecify.annotations.NullMarked;

/// Ethernet for guests of a network in memory: virtual machines and namespaces that speak frames, not packets.
///
/// A segment answers ARP, Neighbor Discovery and DHCP, and checks what its guests send.
@NullMarked
module dev.berth.ethernet {
    requires transitive dev.berth.network;
    requires dev.berth.tun;
    requires static com.google.errorprone.annotations;
    requires static transitive org.jspecify;

    exports dev.berth.ethernet;
}
