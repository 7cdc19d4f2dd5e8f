import org.jspecify.annotations.NullMarked;

/// The bytes of the Internet protocols: header views, checksums, packet buffers and addresses.
///
/// Nothing here keeps state, waits or does input or output; every other module reads and writes packets through
/// this one.
@NullMarked
module dev.berth.wire {
    requires static transitive org.jspecify;

    exports dev.berth.wire;
}
