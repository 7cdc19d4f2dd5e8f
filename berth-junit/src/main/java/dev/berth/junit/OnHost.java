package dev.berth.junit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/// Runs a test method, or all test methods of a class with what comes before and after each, in the scope of a host:
/// the thread and all threads that it starts have their sockets there, as
/// [HostScope][dev.berth.sockets.HostScope] says. The JVM's sockets must be those of Berth, by the agent or
/// [BerthSockets][dev.berth.sockets.BerthSockets].
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.METHOD, ElementType.TYPE})
@ExtendWith(BerthExtension.class)
public @interface OnHost {
    /// The host's name.
    String value();

    /// The name of the network that it is on.
    String network() default BerthNetwork.DEFAULT;
}
