import org.jspecify.annotations.NullMarked;

/// The sockets and channels of the JDK on a Berth host: channels, selectors, socket implementations and the
/// resolver.
///
/// The module registers nothing by itself; a program asks for it, or the agent installs it.
@NullMarked
module dev.berth.sockets {
    requires transitive dev.berth.host;
    requires transitive dev.berth.network;
    requires static transitive org.jspecify;
}
