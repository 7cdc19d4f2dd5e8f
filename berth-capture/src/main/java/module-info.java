import org.jspecify.annotations.NullMarked;

/// Packet capture: reading and writing pcapng files, and a link that records what passes through it.
///
/// Files open in Wireshark and tshark.
@NullMarked
module dev.berth.capture {
    requires transitive dev.berth.host;
    requires static transitive org.jspecify;
}
