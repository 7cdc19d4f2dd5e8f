package dev.berth.wire;

import java.util.Objects;

/// One end of a conversation: an address and a port.
///
/// @param address the IP address
/// @param port 0 to 65535; 0 where a port is still to be chosen
public record Endpoint(IpAddress address, int port) {
    /// @throws IllegalArgumentException if `port` is out of range
    public Endpoint {
        Objects.requireNonNull(address);
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("A port is 0 to 65535, not " + port);
        }
    }

    /// `10.0.0.1:80` or `[2001:db8::1]:80`.
    @Override
    public String toString() {
        return address.isIpv4() ? address + ":" + port : "[" + address + "]:" + port;
    }
}
