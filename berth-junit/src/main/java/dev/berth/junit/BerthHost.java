package dev.berth.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/// A host on a [BerthNetwork], or a way to its sockets: a field or parameter whose type is
///
/// - `dev.berth.host.Host`,
/// - `javax.net.SocketFactory` or `javax.net.ServerSocketFactory`: sockets of `java.net`,
/// - `java.nio.channels.spi.SelectorProvider`: channels and selectors, also for Netty,
/// - `dev.berth.sockets.HostScope`: to run code whose sockets are that host's,
/// - `java.net.InetAddress`: its first address.
///
/// A host that the network does not have yet is started. One on a static field belongs to the class.
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.PARAMETER})
@ExtendWith(BerthExtension.class)
public @interface BerthHost {
    /// The host's name.
    String value();

    /// The name of the network that it is on.
    String network() default BerthNetwork.DEFAULT;

    /// Its address with the prefix, such as `10.0.0.7/24`; if empty, the next free ones of the network.
    String address() default "";
}
