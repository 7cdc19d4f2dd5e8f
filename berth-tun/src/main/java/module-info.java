import org.jspecify.annotations.NullMarked;

/// Linux TUN and TAP devices as links of a host, through the foreign function interface of Java.
///
/// This is the only module that calls native code.
@NullMarked
module dev.berth.tun {
    requires transitive dev.berth.host;
    requires static transitive org.jspecify;
}
