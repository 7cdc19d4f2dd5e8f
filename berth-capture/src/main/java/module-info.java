import org.jspecify.annotations.NullMarked;

/// Packet capture: writing pcapng files, and a link that records what passes through it.
///
/// Files open in Wireshark and tshark.
@NullMarked
module dev.berth.capture {
    requires transitive dev.berth.host;
    requires static com.google.errorprone.annotations;
    requires static transitive org.jspecify;

    exports dev.berth.capture;
}
