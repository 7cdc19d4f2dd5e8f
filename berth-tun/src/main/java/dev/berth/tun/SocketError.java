package dev.berth.tun;

import dev.berth.stack.icmp.IcmpError;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import org.jspecify.annotations.Nullable;

/// What ICMP said about something that a socket of the kernel has sent, from the socket's error queue.
///
/// @param kind what went wrong
/// @param mtu for [IcmpError.Kind#PACKET_TOO_BIG] the MTU that was reported, 0 if none was; otherwise 0
/// @param destination where it was sent to; for an echo request the port has no meaning
/// @param reporter who says so; null if it is not known
/// @param echoSequence the number of the echo request, for a ping socket
public record SocketError(
        IcmpError.Kind kind,
        int mtu,
        Endpoint destination,
        @Nullable IpAddress reporter,
        int echoSequence) {}
