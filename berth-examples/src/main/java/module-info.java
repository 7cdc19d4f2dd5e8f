import org.jspecify.annotations.NullMarked;

/// Programs that use nothing but the JDK, to be run on a Berth host.
@NullMarked
module dev.berth.examples {
    requires jdk.httpserver;
    requires static org.jspecify;
}
