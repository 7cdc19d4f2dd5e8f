package dev.berth.stack.icmp;

import dev.berth.wire.IpAddress;
import org.jspecify.annotations.Nullable;

/// What became of an echo request: its reply, or an error about it.
///
/// @param sequence the number of the request, 0 to 65,535
/// @param source who sent the reply or the error
/// @param timeToLive the time to live or hop limit that is left of the reply or error, 0 to 255
/// @param length octets of data in the request
/// @param roundTripNanos from the request to its answer, in nanoseconds
/// @param error what was wrong, or null for a reply
public record EchoReply(
        int sequence,
        IpAddress source,
        int timeToLive,
        int length,
        long roundTripNanos,
        IcmpError.@Nullable Kind error) {}
