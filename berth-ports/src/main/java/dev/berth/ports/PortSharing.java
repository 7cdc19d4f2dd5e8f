package dev.berth.ports;

/// The flags with which a socket binds, as a bit mask. What they do is a matter of the platform, [BindRules]; this is
/// Linux, the default.
///
/// Two bindings *meet* if they have the same port and overlapping addresses: equal ones, or one of them a
/// wildcard of the other's family. `::` covers IPv4 too unless it is [#IPV6_ONLY]. Bindings that meet exclude
/// each other, except:
///
/// | | TCP | UDP |
/// |---|---|---|
/// | both [#REUSE_ADDRESS] | if the earlier one does not listen | always |
/// | both [#REUSE_PORT] | always | always |
///
/// The flows of a binding keep its flags, also after it was closed: the restarted server binds beside the
/// TIME-WAIT flows of its predecessor if both had [#REUSE_ADDRESS]. A flow that connected without a binding (an
/// ordinary client) excludes every bind of its address and port, whatever its flags, as on Linux where such a
/// socket has no `SO_REUSEADDR`.
public final class PortSharing {
    /// No flag. On Linux and FreeBSD: nobody else on this address and port.
    public static final int EXCLUSIVE = 0;
    /// `SO_REUSEADDR`: beside others that have it too; for TCP only where nobody listens.
    public static final int REUSE_ADDRESS = 1;
    /// `SO_REUSEPORT`: beside others that have it too; new flows are spread over those that listen.
    public static final int REUSE_PORT = 2;
    /// `IPV6_V6ONLY`: the wildcard `::` covers IPv6 alone. Without meaning for any other address.
    public static final int IPV6_ONLY = 4;

    /// `SO_EXCLUSIVEADDRUSE` of Windows: nobody else, whatever the others say. Only under [BindRules#WINDOWS].
    public static final int EXCLUSIVE_USE = 8;
    /// `SO_REUSEPORT_LB` of FreeBSD: beside others that have it too; new flows are spread over those that listen.
    /// Only under [BindRules#FREEBSD].
    public static final int REUSE_PORT_BALANCED = 16;

    static final int ALL = REUSE_ADDRESS | REUSE_PORT | IPV6_ONLY | EXCLUSIVE_USE | REUSE_PORT_BALANCED;

    // States of a binding, which the rules look at together with its flags.
    static final int LISTENS = 32;
    static final int CLOSED = 64;

    private PortSharing() {}

    /// The flags in words, such as `REUSE_ADDRESS|IPV6_ONLY` or `EXCLUSIVE`.
    public static String toString(int sharing) {
        StringBuilder text = new StringBuilder();
        append(text, sharing, REUSE_ADDRESS, "REUSE_ADDRESS");
        append(text, sharing, REUSE_PORT, "REUSE_PORT");
        append(text, sharing, IPV6_ONLY, "IPV6_ONLY");
        append(text, sharing, EXCLUSIVE_USE, "EXCLUSIVE_USE");
        append(text, sharing, REUSE_PORT_BALANCED, "REUSE_PORT_BALANCED");
        return text.isEmpty() ? "EXCLUSIVE" : text.toString();
    }

    private static void append(StringBuilder text, int sharing, int flag, String name) {
        if ((sharing & flag) != 0) {
            text.append(text.isEmpty() ? "" : "|").append(name);
        }
    }
}
