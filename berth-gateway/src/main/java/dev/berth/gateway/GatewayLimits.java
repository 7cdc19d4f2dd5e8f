package dev.berth.gateway;

/// What a [Gateway] holds at most, and how long.
///
/// @param connections TCP connections that are carried at once; more are refused
/// @param opening connections that are being opened at once, over all
/// @param openingPerDestination the same for one outside address, so that one that does not answer leaves room for
///     others
/// @param openingPerGuest the same for one inside address
/// @param connectNanos how long the kernel may take to connect
/// @param idleNanos how long a connection may carry nothing before it is reset
/// @param associations inside ends of UDP that have a socket of the kernel; when there are more, the one that has
///     been idle longest gives its up, of guests that have their share of them or more
/// @param associationNanos how long one may be idle
/// @param queryNanos the same for one that has only sent to port 53
/// @param echoes identifiers of guests' echo requests that have a socket of the kernel; when there are more, the one
///     that has been idle longest gives its up, of guests that have their share of them or more
/// @param echoNanos how long one may be idle
public record GatewayLimits(
        int connections,
        int opening,
        int openingPerDestination,
        int openingPerGuest,
        long connectNanos,
        long idleNanos,
        int associations,
        long associationNanos,
        long queryNanos,
        int echoes,
        long echoNanos) {
    private static final long SECOND = 1_000_000_000L;

    /// RFC 5382 REQ-5: "The value of the "established connection idle-timeout" MUST NOT be less than 2 hours 4
    /// minutes." RFC 4787 REQ-5: "A NAT UDP mapping timer MUST NOT expire in less than two minutes, unless REQ-5a
    /// applies", which is about well-known ports such as 53. RFC 5508 REQ-2: "An ICMP Query session timer MUST NOT
    /// expire in less than 60 seconds." A kernel gives up to connect after some two minutes.
    public static final GatewayLimits DEFAULT = new GatewayLimits(
            16_384,
            4_096,
            256,
            2_048,
            130 * SECOND,
            7_440 * SECOND,
            4_096,
            120 * SECOND,
            10 * SECOND,
            256,
            60 * SECOND);

    /// @throws IllegalArgumentException if a number is below 1
    public GatewayLimits {
        int counts = Math.min(
                Math.min(Math.min(connections, opening), Math.min(openingPerDestination, openingPerGuest)),
                Math.min(associations, echoes));
        long times = Math.min(
                Math.min(connectNanos, idleNanos), Math.min(Math.min(associationNanos, queryNanos), echoNanos));
        if (counts < 1 || times < 1) {
            throw new IllegalArgumentException("Every limit of a gateway is 1 or more");
        }
    }

    /// The same with other bounds of TCP.
    public GatewayLimits withConnections(int all, int half, int perDestination, int perGuest) {
        return new GatewayLimits(
                all,
                half,
                perDestination,
                perGuest,
                connectNanos,
                idleNanos,
                associations,
                associationNanos,
                queryNanos,
                echoes,
                echoNanos);
    }

    /// The same with other times of TCP, in nanoseconds.
    public GatewayLimits withTimes(long connect, long idle) {
        return new GatewayLimits(
                connections,
                opening,
                openingPerDestination,
                openingPerGuest,
                connect,
                idle,
                associations,
                associationNanos,
                queryNanos,
                echoes,
                echoNanos);
    }

    /// The same with other bounds of UDP.
    public GatewayLimits withAssociations(int most, long idle, long query) {
        return new GatewayLimits(
                connections,
                opening,
                openingPerDestination,
                openingPerGuest,
                connectNanos,
                idleNanos,
                most,
                idle,
                query,
                echoes,
                echoNanos);
    }

    /// The same with other bounds of ICMP echo.
    public GatewayLimits withEchoes(int most, long idle) {
        return new GatewayLimits(
                connections,
                opening,
                openingPerDestination,
                openingPerGuest,
                connectNanos,
                idleNanos,
                associations,
                associationNanos,
                queryNanos,
                most,
                idle);
    }
}
