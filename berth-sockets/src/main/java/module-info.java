import org.jspecify.annotations.NullMarked;

/// The sockets and channels of the JDK on a Berth host: channels, selectors, socket implementations and the
/// resolver.
///
/// The module changes nothing by itself; a program asks for it, or the agent installs it. Its resolver passes all
/// look-ups on to the JDK's until then.
@NullMarked
module dev.berth.sockets {
    requires transitive dev.berth.host;
    requires transitive dev.berth.names;
    requires transitive dev.berth.network;
    requires static com.google.errorprone.annotations;
    requires static jdk.jfr;
    requires static transitive org.jspecify;

    exports dev.berth.sockets;

    provides java.net.spi.InetAddressResolverProvider with
            dev.berth.sockets.BerthResolverProvider;
}
