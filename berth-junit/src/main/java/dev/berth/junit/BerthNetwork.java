package dev.berth.junit;

import dev.berth.network.Network;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/// A network of its own for a test method (an instance field, a parameter, a class) or for all tests of a class (a
/// static field, a parameter of a method with `@BeforeAll`).
///
/// ```java
/// class StoreTest {
///     @BerthNetwork(hosts = {"db", "web"}, leaks = Leaks.FAIL)
///     Network network;
///
///     @BerthHost("db")
///     Host db;
/// }
/// ```
///
/// The field or parameter is a [Network], or a [TrafficLog]: what is said on it. On a class the annotation says what
/// the network is like on which its fields and parameters with [BerthHost] are. Networks share nothing, so tests may
/// run in parallel, each with a server on port 80.
///
/// A test that fails leaves a directory `target/berth/<class>/<test>` with the packets, the ports and flows of every
/// host and what is needed to repeat the run; one line in the standard error stream says where.
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.FIELD, ElementType.PARAMETER, ElementType.TYPE})
@ExtendWith(BerthExtension.class)
public @interface BerthNetwork {
    /// The name. Networks of the same name in one test, or in one class if they are static, are the same.
    String value() default DEFAULT;

    /// Hosts to start with: a name such as `db`, or with its address `db=10.0.0.7/24`. Those without an address get
    /// the next free ones of 10.0.0.0/8 and fd00::/64.
    String[] hosts() default {};

    /// Octets of the largest packet, 1280 to 65535.
    int mtu() default Network.MAX_MTU;

    /// Whether the network lives by [virtual time][dev.berth.network.VirtualTime], where the seed repeats every
    /// packet.
    boolean virtualTime() default false;

    /// Where random choices of the network come from; 0 draws one for every test, which the report of a failure says.
    long seed() default 0;

    /// What happens when the test leaves sockets, ports or threads behind.
    Leaks leaks() default Leaks.IGNORE;

    /// How many MiB of packets are kept for the report of a failure, the last ones; 0 keeps none.
    int captureMegabytes() default 2;

    /// The name of a network that was given no other.
    String DEFAULT = "net";
}
