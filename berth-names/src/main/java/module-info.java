import org.jspecify.annotations.NullMarked;

/// Names: tables of names and addresses, DNS messages, and a name server on a host.
@NullMarked
module dev.berth.names {
    requires transitive dev.berth.host;
    requires static transitive org.jspecify;

    exports dev.berth.names;
}
