package dev.berth.stack.tcp;

/// The settings of a connection that its user may change: immutable, shared by all connections that have the same.
///
/// @param noDelay Nagle's algorithm is off (RFC 9293 section 3.7.4)
/// @param keepAlive keep-alive probes are sent (RFC 9293 section 3.8.4; default off)
/// @param keepIdleSeconds idle time before the first probe, 1 or more; default 7,200
/// @param keepIntervalSeconds time between probes, 1 or more; default 75
/// @param keepCount unanswered probes after which the connection is dead, 1 or more; default 9
/// @param userTimeoutMillis how long sent data may stay unacknowledged, 0 for the default of 15 retransmissions
/// @param sendBuffer octets that may wait unacknowledged, 1 to 2^30
/// @param receiveBuffer octets that may wait unread, 1 to 2^30
/// @param trafficClass DS field and ECN bits of sent packets, 0 to 255
/// @param timeToLive hop limit of sent packets, 1 to 255
/// @param congestion which congestion control is used
/// @param features what of the younger RFCs is in use, and the bounds of buffer tuning
public record TcpConfig(
        boolean noDelay,
        boolean keepAlive,
        int keepIdleSeconds,
        int keepIntervalSeconds,
        int keepCount,
        int userTimeoutMillis,
        int sendBuffer,
        int receiveBuffer,
        int trafficClass,
        int timeToLive,
        Congestion congestion,
        TcpFeatures features) {

    /// The congestion control algorithms there are.
    public enum Congestion {
        /// RFC 5681 and RFC 6582.
        NEW_RENO,
        /// RFC 9438, with RFC 9406.
        CUBIC,
        /// The same, spread over the round-trip time by timers.
        CUBIC_PACED,
        /// A model of the path's bandwidth and round-trip time instead of a reaction to loss: BBR, with pacing.
        BBR
    }

    /// The defaults.
    public static final TcpConfig DEFAULT = new TcpConfig(
            false, false, 7_200, 75, 9, 0, 1 << 19, 1 << 19, 0, 64, Congestion.CUBIC, TcpFeatures.DEFAULT);

    private static final int MAX_BUFFER = 1 << 30;

    /// @throws IllegalArgumentException if a number is out of range
    public TcpConfig {
        check("keep-alive idle time", keepIdleSeconds, 1, 32_767);
        check("keep-alive interval", keepIntervalSeconds, 1, 32_767);
        check("keep-alive count", keepCount, 1, 127);
        check("user timeout", userTimeoutMillis, 0, Integer.MAX_VALUE);
        check("send buffer size", sendBuffer, 1, MAX_BUFFER);
        check("receive buffer size", receiveBuffer, 1, MAX_BUFFER);
        check("traffic class", trafficClass, 0, 255);
        check("time to live", timeToLive, 1, 255);
    }

    private static void check(String what, int value, int min, int max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException("The " + what + " is " + min + " to " + max + ", not " + value);
        }
    }

    /// The same with another setting.
    public TcpConfig withNoDelay(boolean on) {
        return new TcpConfig(
                on,
                keepAlive,
                keepIdleSeconds,
                keepIntervalSeconds,
                keepCount,
                userTimeoutMillis,
                sendBuffer,
                receiveBuffer,
                trafficClass,
                timeToLive,
                congestion,
                features);
    }

    /// The same with another setting.
    public TcpConfig withKeepAlive(boolean on) {
        return new TcpConfig(
                noDelay,
                on,
                keepIdleSeconds,
                keepIntervalSeconds,
                keepCount,
                userTimeoutMillis,
                sendBuffer,
                receiveBuffer,
                trafficClass,
                timeToLive,
                congestion,
                features);
    }

    /// The same with other keep-alive times.
    public TcpConfig withKeepAliveTimes(int idleSeconds, int intervalSeconds, int count) {
        return new TcpConfig(
                noDelay,
                keepAlive,
                idleSeconds,
                intervalSeconds,
                count,
                userTimeoutMillis,
                sendBuffer,
                receiveBuffer,
                trafficClass,
                timeToLive,
                congestion,
                features);
    }

    /// The same with another user timeout, in milliseconds.
    public TcpConfig withUserTimeout(int millis) {
        return new TcpConfig(
                noDelay,
                keepAlive,
                keepIdleSeconds,
                keepIntervalSeconds,
                keepCount,
                millis,
                sendBuffer,
                receiveBuffer,
                trafficClass,
                timeToLive,
                congestion,
                features);
    }

    /// The same with other buffer sizes, in octets.
    public TcpConfig withBuffers(int send, int receive) {
        return new TcpConfig(
                noDelay,
                keepAlive,
                keepIdleSeconds,
                keepIntervalSeconds,
                keepCount,
                userTimeoutMillis,
                send,
                receive,
                trafficClass,
                timeToLive,
                congestion,
                features);
    }

    /// The same with another traffic class and hop limit.
    public TcpConfig withHeader(int trafficClass, int timeToLive) {
        return new TcpConfig(
                noDelay,
                keepAlive,
                keepIdleSeconds,
                keepIntervalSeconds,
                keepCount,
                userTimeoutMillis,
                sendBuffer,
                receiveBuffer,
                trafficClass,
                timeToLive,
                congestion,
                features);
    }

    /// The same with another congestion control.
    public TcpConfig withCongestion(Congestion algorithm) {
        return new TcpConfig(
                noDelay,
                keepAlive,
                keepIdleSeconds,
                keepIntervalSeconds,
                keepCount,
                userTimeoutMillis,
                sendBuffer,
                receiveBuffer,
                trafficClass,
                timeToLive,
                algorithm,
                features);
    }

    /// The same with other features.
    public TcpConfig withFeatures(TcpFeatures others) {
        return new TcpConfig(
                noDelay,
                keepAlive,
                keepIdleSeconds,
                keepIntervalSeconds,
                keepCount,
                userTimeoutMillis,
                sendBuffer,
                receiveBuffer,
                trafficClass,
                timeToLive,
                congestion,
                others);
    }
}
