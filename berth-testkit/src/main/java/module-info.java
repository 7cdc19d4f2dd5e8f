import org.jspecify.annotations.NullMarked;

/// Support for tests: packet scripts, seeded runs and checks for leaks.
///
/// It is a library for tests only; nothing that runs in production depends on it.
@NullMarked
module dev.berth.testkit {
    requires transitive dev.berth.check;
    requires transitive dev.berth.stack;
    requires static transitive org.jspecify;

    exports dev.berth.testkit;
    exports dev.berth.testkit.netns;
}
