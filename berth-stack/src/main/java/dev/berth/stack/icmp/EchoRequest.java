package dev.berth.stack.icmp;

import dev.berth.wire.IpAddress;

/// An echo request that waits for somebody else's answer, see [EchoRequests].
///
/// @param source who asks
/// @param destination who is asked
/// @param identifier 0 to 65,535
/// @param sequence 0 to 65,535
/// @param timeToLive the time to live or hop limit that is left, 1 to 255
/// @param data what the reply has to bring back; not copied
@SuppressWarnings("ArrayRecordComponent") // nobody compares requests
public record EchoRequest(
        IpAddress source, IpAddress destination, int identifier, int sequence, int timeToLive, byte[] data) {
    @Override
    public String toString() {
        return source + " > " + destination + " echo " + identifier + " " + sequence + ", " + data.length + " octets";
    }
}
