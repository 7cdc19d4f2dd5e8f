package dev.berth.stack.icmp;

/// What a gateway says of a destination that it cannot reach: the codes of Destination Unreachable, RFC 792, RFC 1812
/// section 5.2.7.1 and RFC 4443 section 3.1.
public enum Unreachable {
    /// No route leads there.
    NETWORK(IcmpError.Kind.NET_UNREACHABLE),
    /// The host does not answer to its neighbours.
    HOST(IcmpError.Kind.HOST_UNREACHABLE),
    /// Nobody owns the port.
    PORT(IcmpError.Kind.PORT_UNREACHABLE),
    /// "Communication Administratively Prohibited": a rule forbids it.
    PROHIBITED(IcmpError.Kind.PROHIBITED);

    final IcmpError.Kind kind;

    Unreachable(IcmpError.Kind kind) {
        this.kind = kind;
    }
}
