import org.jspecify.annotations.NullMarked;

/// Networks of hosts in JUnit tests: every service on its real port, packets and ports in the report of a test that
/// fails.
///
/// For JUnit 5.14 and 6.
@NullMarked
module dev.berth.junit {
    requires transitive dev.berth.network;
    requires transitive dev.berth.sockets;
    requires transitive dev.berth.capture;
    requires transitive org.junit.jupiter.api;
    requires static com.google.errorprone.annotations;
    requires static transitive org.jspecify;

    exports dev.berth.junit;
}
