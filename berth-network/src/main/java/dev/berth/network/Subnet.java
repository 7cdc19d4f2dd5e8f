package dev.berth.network;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Hosts and routers that reach each other without a router in between. Guarded by the network, but for what never
/// changes and the attachments, which are read by whoever sends to all.
final class Subnet {
    final String name;
    final int index;
    final List<IpAddress.Prefix> prefixes;
    /// Any address may be used here: the one subnet of a network that was given none.
    final boolean open;

    private volatile Attachment[] attachments = {};
    private final List<Attachment> members = new ArrayList<>();
    private final long[] last; // the host part that was given out last, by prefix

    Subnet(String name, int index, List<IpAddress.Prefix> prefixes, boolean open) {
        this.name = name;
        this.index = index;
        this.prefixes = List.copyOf(prefixes);
        this.open = open;
        last = new long[prefixes.size()];
    }

    void add(Attachment member) {
        members.add(member);
        attachments = NONE;
    }

    void remove(Attachment member) {
        members.remove(member);
        attachments = NONE;
    }

    private static final Attachment[] NONE = {};

    /// Those who are attached, in the order in which they came.
    Attachment[] attachments(Object guard) {
        Attachment[] present = attachments;
        if (present.length == 0) {
            synchronized (guard) {
                present = members.toArray(NONE);
                attachments = present;
            }
        }
        return present;
    }

    /// The prefix that an address lies in, or null.
    IpAddress.@Nullable Prefix prefixOf(IpAddress address) {
        for (IpAddress.Prefix prefix : prefixes) {
            if (prefix.contains(address.hi(), address.lo())) {
                return prefix;
            }
        }
        return null;
    }

    boolean contains(long hi, long lo) {
        for (IpAddress.Prefix prefix : prefixes) {
            if (prefix.contains(hi, lo)) {
                return true;
            }
        }
        return false;
    }

    /// The next free address of prefix number `at`.
    ///
    /// @throws IllegalArgumentException if there is none
    IpAddress.Prefix next(int at, AddressMap taken) {
        IpAddress.Prefix prefix = prefixes.get(at);
        boolean v4 = prefix.address().isIpv4();
        int bits = Math.min(62, 128 - prefix.canonicalLength());
        // Not the network's own address and, for IPv4, not the one of broadcasts (RFC 1122 section 3.2.1.3); point to
        // point links have neither (RFC 3021, RFC 6164).
        long size = 1L << bits;
        long first = bits <= 1 ? 0 : 1;
        long end = v4 && bits > 1 ? size - 1 : size;
        for (long tries = first; tries < end; tries++) {
            long host = last[at] + 1 < first || last[at] + 1 >= end ? first : last[at] + 1;
            last[at] = host;
            IpAddress base = prefix.address();
            IpAddress candidate = new IpAddress(base.hi(), base.lo() | host);
            if (taken.get(candidate.hi(), candidate.lo()) == null) {
                return new IpAddress.Prefix(candidate, prefix.length());
            }
        }
        throw new IllegalArgumentException("No address is left in " + prefix + " of subnet " + name);
    }

    /// Parses the prefixes of a subnet.
    ///
    /// @throws IllegalArgumentException if one is none, has host bits, or is none for hosts
    static List<IpAddress.Prefix> parse(String name, String... texts) {
        List<IpAddress.Prefix> parsed = new ArrayList<>();
        for (String text : texts) {
            if (text.indexOf('/') < 0) {
                throw new IllegalArgumentException(
                        "Subnet " + name + " has no length of its prefix, such as " + text + "/24");
            }
            IpAddress.Prefix prefix = IpAddress.Prefix.parse(text);
            IpAddress address = prefix.address();
            if (!address.equals(network(prefix))) {
                throw new IllegalArgumentException(text + " of subnet " + name + " has bits behind its length: "
                        + new IpAddress.Prefix(network(prefix), prefix.length()) + " has none");
            }
            if (address.isMulticast() || address.isLoopback() || prefix.length() == 0) {
                throw new IllegalArgumentException(text + " of subnet " + name + " is no prefix for hosts");
            }
            parsed.add(prefix);
        }
        return parsed;
    }

    /// The prefix with all bits of the host cleared.
    static IpAddress network(IpAddress.Prefix prefix) {
        int bits = prefix.canonicalLength();
        IpAddress address = prefix.address();
        long hi = bits >= 64 ? address.hi() : bits == 0 ? 0 : address.hi() & -1L << 64 - bits;
        long lo = bits >= 128 ? address.lo() : bits <= 64 ? 0 : address.lo() & -1L << 128 - bits;
        return new IpAddress(hi, lo);
    }

    @Override
    public String toString() {
        return name + " " + prefixes;
    }
}
