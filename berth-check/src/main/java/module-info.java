import org.jspecify.annotations.NullMarked;

/// What tests of every module share: properties checked with many seeds, and the ids of the requirements of the RFCs
/// that a test proves.
///
/// It lies below all other modules, so that their own tests can use it; nothing that runs in production depends on it.
@NullMarked
module dev.berth.check {
    requires static transitive org.jspecify;

    exports dev.berth.check;
}
