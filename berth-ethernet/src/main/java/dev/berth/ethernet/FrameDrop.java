package dev.berth.ethernet;

/// Why a frame of a guest, or for one, went nowhere. Each that is not used is counted under exactly one of these.
public enum FrameDrop {
    /// Shorter than its headers say, or with headers that cannot be.
    MALFORMED("it is shorter than its headers say, or they cannot be"),
    /// A checksum of ICMPv6 or DHCP that is wrong.
    CHECKSUM("its checksum is wrong"),
    /// An IP packet that is longer than the MTU.
    TOO_LONG("it is longer than the MTU"),
    /// A type that nobody here speaks, such as VLAN tags and LLC.
    UNKNOWN_TYPE("its type is none of IPv4, ARP and IPv6"),
    /// For the link-layer address of somebody else.
    NOT_OURS("it is for a link-layer address that is not the segment's"),
    /// From a link-local or from no address: for the link only, which ends here.
    LINK_ONLY("it is for the link only, from a link-local or from no address"),
    /// From an address, of IP or of the link layer, that the guest was not given.
    SPOOFED("its source was not given to the guest"),
    /// What only a router or a server may send: RFC 6105, RFC 7610.
    ROGUE("only a router or a DHCP server may send it"),
    /// The guest has as many addresses as it may.
    TOO_MANY_ADDRESSES("the guest has as many addresses as it may have"),
    /// A DHCP message that is for another server, or that this one has to be silent about.
    DHCP_NOT_OURS("it is a DHCP message that this server does not answer"),
    /// No address is left for DHCP.
    NO_LEASE("no address is left to lease"),
    /// For an address of the network that no link-layer address is known of.
    NO_NEIGHBOUR("no link-layer address is known of its destination"),
    /// The guest takes no more.
    OVERFLOW("the guest does not take its frames in time");

    private final String text;

    FrameDrop(String text) {
        this.text = text;
    }

    /// A clause for people.
    public String text() {
        return text;
    }
}
