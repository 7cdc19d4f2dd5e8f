package dev.berth.gateway;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;

/// Where flows may go that leave a network through a [Gateway], and from where they may come in.
///
/// Of those that leave, in this order: what is no single host's address (unspecified, multicast, broadcast) and what
/// lies within the network itself is never outside, whatever rules say. The first rule that matches decides. Without
/// one, what is the machine's alone is denied: loopback, link-local addresses, and the addresses at which clouds tell
/// a machine its secrets. Everything else is allowed. Immutable.
public final class OutsidePolicy {
    /// What programs on the machine, but no others, can reach. The addresses behind the link-local ones are those of
    /// the metadata services of AWS, Google Cloud, Alibaba Cloud and Oracle Cloud that are not link-local.
    private static final List<IpAddress.Prefix> MACHINE = List.of(
            IpAddress.Prefix.parse("0.0.0.0/8"),
            IpAddress.Prefix.parse("127.0.0.0/8"),
            IpAddress.Prefix.parse("169.254.0.0/16"),
            IpAddress.Prefix.parse("::/96"),
            IpAddress.Prefix.parse("fe80::/10"),
            IpAddress.Prefix.parse("fd00:ec2::254/128"),
            IpAddress.Prefix.parse("fd20:ce::254/128"),
            IpAddress.Prefix.parse("100.100.100.200/32"),
            IpAddress.Prefix.parse("192.0.0.192/32"));

    private final List<OutsideRule> rules;
    private final List<IpAddress.Prefix> inside;

    private OutsidePolicy(List<OutsideRule> rules, List<IpAddress.Prefix> inside) {
        this.rules = List.copyOf(rules);
        this.inside = List.copyOf(inside);
    }

    /// No rules but those that are always there.
    public static OutsidePolicy standard() {
        return new OutsidePolicy(List.of(), List.of());
    }

    /// A policy with these rules, the first that matches decides.
    public static OutsidePolicy of(List<OutsideRule> rules) {
        return new OutsidePolicy(rules, List.of());
    }

    /// The same for a network with these prefixes.
    OutsidePolicy inside(List<IpAddress.Prefix> prefixes) {
        List<IpAddress.Prefix> all = new ArrayList<>(inside);
        all.addAll(prefixes);
        return new OutsidePolicy(rules, all);
    }

    /// Whether an address lies within the network.
    boolean isInside(long hi, long lo) {
        for (IpAddress.Prefix prefix : inside) {
            if (prefix.contains(hi, lo)) {
                return true;
            }
        }
        return false;
    }

    /// Whether a flow may go to `to`.
    public boolean allows(Endpoint to) {
        return to.port() != 0 && allows(to.address(), to.port());
    }

    /// Whether an echo request may go to `to`: rules about some ports only are not about it.
    public boolean allowsEcho(IpAddress to) {
        return allows(to, 0);
    }

    private boolean allows(IpAddress to, int port) {
        long hi = to.hi();
        long lo = to.lo();
        if (!IpAddress.isUnicast(hi, lo) || isInside(hi, lo)) {
            return false;
        }
        for (OutsideRule rule : rules) {
            if (!rule.inward() && rule.matches(to, port)) {
                return rule.allows();
            }
        }
        for (IpAddress.Prefix prefix : MACHINE) {
            if (prefix.contains(hi, lo)) {
                return false;
            }
        }
        return true;
    }

    /// Whether a flow may come in from `from`: connections to a published port, or datagrams that nobody asked for.
    /// The first rule for flows that come in decides; without one it may.
    ///
    /// @param port the port of this machine that it asks for, 1 to 65,535
    public boolean admits(IpAddress from, int port) {
        for (OutsideRule rule : rules) {
            if (rule.inward() && rule.matches(from, port)) {
                return rule.allows();
            }
        }
        return true;
    }

    /// The rules.
    public List<OutsideRule> rules() {
        return rules;
    }

    @Override
    public String toString() {
        return "OutsidePolicy" + rules;
    }
}
