import org.jspecify.annotations.NullMarked;

/// Meters of a host for Micrometer.
@NullMarked
module dev.berth.micrometer {
    requires transitive dev.berth.host;
    requires transitive micrometer.core;
    requires static transitive org.jspecify;

    exports dev.berth.micrometer;
}
