import org.jspecify.annotations.NullMarked;

/// Networks of hosts in memory, with latency, loss, partitions and virtual time.
///
/// A seed reproduces a run exactly.
@NullMarked
module dev.berth.network {
    requires transitive dev.berth.host;
    requires transitive dev.berth.names;
    requires static transitive org.jspecify;

    exports dev.berth.network;
}
