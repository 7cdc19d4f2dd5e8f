package dev.berth.host;

import java.util.Objects;

/// What a [Link] is and can do.
///
/// @param name the interface's name as people see it, such as `berth0`
/// @param mtu octets of the largest IP packet, 1280 to 65535 where IPv6 is used, 68 at least
/// @param checksumOffload the link takes packets whose transport checksum is only partial and completes it (or needs
///     none, in memory)
/// @param maxSegmented octets of the largest packet with a [dev.berth.wire.Packet#segmentSize] that the link or its
///     device cuts into segments; 0 if it cannot
public record LinkInfo(String name, int mtu, boolean checksumOffload, int maxSegmented) {
    /// @throws IllegalArgumentException if a number is out of range
    public LinkInfo {
        Objects.requireNonNull(name);
        if (mtu < 68 || mtu > 65_535) {
            throw new IllegalArgumentException("An MTU is 68 to 65535 octets, not " + mtu);
        }
        if (maxSegmented < 0 || maxSegmented > 65_535) {
            throw new IllegalArgumentException("A segmented packet has 0 to 65535 octets, not " + maxSegmented);
        }
    }
}
