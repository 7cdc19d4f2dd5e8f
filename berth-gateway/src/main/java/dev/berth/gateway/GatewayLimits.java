package dev.berth.gateway;

import java.util.List;

/// What a [Gateway] holds at most, and how long. A guest is a host or guest of the network with all its addresses, or
/// where the network knows none of an address, that address.
///
/// @param connections TCP connections that are carried at once; when there are more, a guest that has less than its
///     share of them, the number divided by the guests, gets that of the guest with most which was idle longest; the
///     others are refused
/// @param connectionsPerDestination the same for one outside address, whatever the guest; more are refused
/// @param connectionsPerGuest the same for one guest; more are refused
/// @param opening connections that are being opened at once, over all
/// @param openingPerDestination the same for one outside address, so that one that does not answer leaves room for
///     others
/// @param openingPerGuest the same for one guest
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
        int connectionsPerDestination,
        int connectionsPerGuest,
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
    private static final int CONNECT = 6;
    private static final int IDLE = 7;
    private static final int ASSOCIATIONS = 8;
    private static final int ASSOCIATION = 9;
    private static final int QUERY = 10;
    private static final int ECHOES = 11;
    private static final int ECHO = 12;

    /// By the places of the components.
    private static final List<String> NAMES = List.of(
            "connections",
            "per-destination",
            "per-guest",
            "opening",
            "opening-per-destination",
            "opening-per-guest",
            "connect-seconds",
            "idle-seconds",
            "udp",
            "udp-seconds",
            "query-seconds",
            "echo",
            "echo-seconds");

    private static final int MOST = 1_000_000;
    private static final long MOST_SECONDS = 10_000_000;

    /// RFC 5382 REQ-5: "The value of the "established connection idle-timeout" MUST NOT be less than 2 hours 4
    /// minutes." RFC 4787 REQ-5: "A NAT UDP mapping timer MUST NOT expire in less than two minutes, unless REQ-5a
    /// applies", which is about well-known ports such as 53. RFC 5508 REQ-2: "An ICMP Query session timer MUST NOT
    /// expire in less than 60 seconds." A kernel gives up to connect after some two minutes.
    public static final GatewayLimits DEFAULT = new GatewayLimits(
            16_384,
            12_288,
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
                Math.min(
                        Math.min(connections, Math.min(connectionsPerDestination, connectionsPerGuest)),
                        Math.min(opening, Math.min(openingPerDestination, openingPerGuest))),
                Math.min(associations, echoes));
        long times = Math.min(
                Math.min(connectNanos, idleNanos), Math.min(Math.min(associationNanos, queryNanos), echoNanos));
        if (counts < 1 || times < 1) {
            throw new IllegalArgumentException("Every limit of a gateway is 1 or more");
        }
    }

    private long[] values() {
        return new long[] {
            connections,
            connectionsPerDestination,
            connectionsPerGuest,
            opening,
            openingPerDestination,
            openingPerGuest,
            connectNanos,
            idleNanos,
            associations,
            associationNanos,
            queryNanos,
            echoes,
            echoNanos
        };
    }

    private static GatewayLimits of(long[] values) {
        return new GatewayLimits(
                (int) values[0],
                (int) values[1],
                (int) values[2],
                (int) values[3],
                (int) values[4],
                (int) values[5],
                values[CONNECT],
                values[IDLE],
                (int) values[ASSOCIATIONS],
                values[ASSOCIATION],
                values[QUERY],
                (int) values[ECHOES],
                values[ECHO]);
    }

    /// The same with one limit as text has it: `per-guest=500`, `idle-seconds=600`.
    ///
    /// @throws IllegalArgumentException if it is none, with a sentence that says why
    public GatewayLimits with(String nameAndNumber) {
        int equals = nameAndNumber.indexOf('=');
        int place = equals < 0 ? -1 : NAMES.indexOf(nameAndNumber.substring(0, equals));
        if (place < 0) {
            throw new IllegalArgumentException(
                    "'" + nameAndNumber + "' is not NAME=NUMBER with a name of " + String.join(", ", NAMES));
        }
        boolean time = NAMES.get(place).endsWith("-seconds");
        long most = time ? MOST_SECONDS : MOST;
        String text = nameAndNumber.substring(equals + 1);
        long number = text.matches("[0-9]{1,9}") ? Long.parseLong(text) : 0;
        if (number < 1 || number > most) {
            throw new IllegalArgumentException(
                    "The limit " + NAMES.get(place) + " is 1 to " + most + ", not '" + text + "'");
        }
        long[] values = values();
        values[place] = time ? number * SECOND : number;
        return of(values);
    }

    /// The same with other bounds of TCP.
    ///
    /// @param half connections that are being opened, the others are about them too
    public GatewayLimits withConnections(int all, int half, int halfPerDestination, int halfPerGuest) {
        long[] values = values();
        values[0] = all;
        values[3] = half;
        values[4] = halfPerDestination;
        values[5] = halfPerGuest;
        return of(values);
    }

    /// The same with other bounds of TCP connections, open and being opened.
    public GatewayLimits withShares(int perDestination, int perGuest) {
        long[] values = values();
        values[1] = perDestination;
        values[2] = perGuest;
        return of(values);
    }

    /// The same with other times of TCP, in nanoseconds.
    public GatewayLimits withTimes(long connect, long idle) {
        long[] values = values();
        values[CONNECT] = connect;
        values[IDLE] = idle;
        return of(values);
    }

    /// The same with other bounds of UDP.
    public GatewayLimits withAssociations(int most, long idle, long query) {
        long[] values = values();
        values[ASSOCIATIONS] = most;
        values[ASSOCIATION] = idle;
        values[QUERY] = query;
        return of(values);
    }

    /// The same with other bounds of ICMP echo.
    public GatewayLimits withEchoes(int most, long idle) {
        long[] values = values();
        values[ECHOES] = most;
        values[ECHO] = idle;
        return of(values);
    }
}
