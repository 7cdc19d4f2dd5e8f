import org.jspecify.annotations.NullMarked;

/// The port system: port numbers and ranges, the service registry, ephemeral port selection and the port table.
///
/// The table of one transport is at once the reservation of its ports and the demultiplexer of its packets.
@NullMarked
module dev.berth.ports {
    requires transitive dev.berth.wire;
    requires static transitive org.jspecify;

    exports dev.berth.ports;
}
