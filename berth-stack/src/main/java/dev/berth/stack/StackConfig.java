package dev.berth.stack;

import dev.berth.ports.PortPolicy;
import dev.berth.stack.tcp.TcpConfig;
import java.util.Objects;

/// The settings of a [NetStack]. Immutable.
///
/// @param ports the ephemeral range, reserved ports and selection of both transports
/// @param tcp what connections begin with
/// @param timeWaitNanos how long TIME-WAIT lasts, 2 MSL, in nanoseconds; default 60 s, as Linux has it (RFC 9293
///     section 3.4.2 takes MSL as 2 minutes and calls it an engineering choice)
/// @param tcpMemory octets that the queues of all TCP connections may hold; above it, those that hold most give way;
///     at least 65536, default 128 MiB
public record StackConfig(PortPolicy ports, TcpConfig tcp, long timeWaitNanos, long tcpMemory) {
    /// The defaults: dynamic ports 49152 to 65535 (RFC 6335 section 6), TIME-WAIT of 60 s.
    public static final StackConfig DEFAULT =
            new StackConfig(PortPolicy.dynamic(), TcpConfig.DEFAULT, 60_000_000_000L, 128L << 20);

    /// @throws IllegalArgumentException if a number is out of range
    public StackConfig {
        Objects.requireNonNull(ports);
        Objects.requireNonNull(tcp);
        if (timeWaitNanos < 0) {
            throw new IllegalArgumentException("TIME-WAIT lasts 0 ns or more, not " + timeWaitNanos);
        }
        if (tcpMemory < 65_536) {
            throw new IllegalArgumentException("TCP needs 65536 octets of memory or more, not " + tcpMemory);
        }
    }

    /// The same with another policy of ports.
    public StackConfig withPorts(PortPolicy policy) {
        return new StackConfig(policy, tcp, timeWaitNanos, tcpMemory);
    }

    /// The same with other settings of connections.
    public StackConfig withTcp(TcpConfig settings) {
        return new StackConfig(ports, settings, timeWaitNanos, tcpMemory);
    }

    /// The same with another length of TIME-WAIT, in nanoseconds.
    public StackConfig withTimeWait(long nanos) {
        return new StackConfig(ports, tcp, nanos, tcpMemory);
    }

    /// The same with another bound of the memory of TCP, in octets.
    public StackConfig withTcpMemory(long octets) {
        return new StackConfig(ports, tcp, timeWaitNanos, octets);
    }
}
