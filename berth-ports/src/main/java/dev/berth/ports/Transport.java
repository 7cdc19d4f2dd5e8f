package dev.berth.ports;

import java.util.Locale;

/// The transport protocols whose port numbers IANA assigns in one registry (RFC 6335 section 6). Each has a
/// port space of its own: TCP port 53 and UDP port 53 have nothing to do with each other (RFC 6056 section
/// 2.2).
///
/// A [PortTable] is for TCP or UDP; SCTP and DCCP are here for the [ServiceRegistry].
public enum Transport {
    /// RFC 9293.
    TCP(6),
    /// RFC 768.
    UDP(17),
    /// RFC 9260.
    SCTP(132),
    /// RFC 4340.
    DCCP(33);

    private final int protocolNumber;

    Transport(int protocolNumber) {
        this.protocolNumber = protocolNumber;
    }

    /// The value of the Protocol field of IPv4 and the Next Header field of IPv6.
    public int protocolNumber() {
        return protocolNumber;
    }

    /// The transport of a protocol name such as `tcp`, in upper or lower case.
    ///
    /// @throws IllegalArgumentException if `name` is none of the four
    public static Transport parse(String name) {
        for (Transport transport : values()) {
            if (transport.name().equalsIgnoreCase(name)) {
                return transport;
            }
        }
        throw new IllegalArgumentException("A transport is tcp, udp, sctp or dccp, not '" + name + "'");
    }

    /// The name in lower case, as the registry writes it.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
