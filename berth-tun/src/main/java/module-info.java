import org.jspecify.annotations.NullMarked;

/// Linux TUN devices as links of a host, through the foreign function interface of Java.
///
/// This is the only module that calls native code: a program that uses it is started with
/// `--enable-native-access=dev.berth.tun` (or `ALL-UNNAMED` on the class path).
@NullMarked
module dev.berth.tun {
    requires transitive dev.berth.host;
    requires static com.google.errorprone.annotations;
    requires static transitive org.jspecify;

    exports dev.berth.tun;
}
