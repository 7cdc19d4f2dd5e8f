package dev.berth.stack.ip;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The destination addresses that a host listens to: its own, the broadcast addresses of its networks, and the
/// multicast groups it joined.
///
/// [#kind] answers in constant time and without allocation for every packet; changes are rare and build the table
/// anew. 127.0.0.0/8 and `::1` are always the host's own. Besides single addresses a host may own whole prefixes
/// ([#addLocalPrefix]), as a gateway does that stands in for other networks. Used in the host's critical section
/// only.
public final class Addresses {
    /// Neither the host's nor one it listens to.
    public static final int FOREIGN = 0;
    /// One of the host's own addresses.
    public static final int OWN = 1;
    /// The limited broadcast address or the directed broadcast address of one of the host's networks.
    public static final int BROADCAST = 2;
    /// A multicast group that the host is a member of.
    public static final int MULTICAST = 3;

    private static final IpAddress ALL_HOSTS = IpAddress.ofIpv4(0xe000_0001);
    private static final IpAddress ALL_NODES_INTERFACE = new IpAddress(0xff01_0000_0000_0000L, 1);
    private static final IpAddress ALL_NODES_LINK = new IpAddress(0xff02_0000_0000_0000L, 1);
    private static final IpAddress LIMITED_BROADCAST = IpAddress.ofIpv4(-1);

    private final List<NetInterface> interfaces = new ArrayList<>();
    private final List<Joined> groups = new ArrayList<>();
    private IpAddress.Prefix[] localPrefixes = {};
    private volatile int version; // others look at it outside the critical section

    private long[] keyHi = {};
    private long[] keyLo = {};
    private byte[] kinds = {};

    /// A host with nothing but its loopback addresses, the limited broadcast address and the all-hosts groups.
    public Addresses() {
        rebuild();
    }

    private void changed() {
        int next = version + 1;
        version = next;
    }

    /// Gives the host, on interface `nic`, the address of `prefix`.
    ///
    /// @throws IllegalArgumentException if it is not a unicast address, or the host has it already
    public void add(IpAddress.Prefix prefix, NetInterface nic) {
        IpAddress address = prefix.address();
        if (!IpAddress.isUnicast(address.hi(), address.lo()) || address.isLoopback()) {
            throw new IllegalArgumentException(address + " cannot be an address of a host");
        }
        if (isOwn(address.hi(), address.lo())) {
            throw new IllegalArgumentException(address + " is an address of this host already");
        }
        if (!interfaces.contains(nic)) {
            interfaces.add(nic);
        }
        nic.addAddress(prefix);
        rebuild();
    }

    /// Takes an address away again.
    ///
    /// @return false if the interface does not have it
    public boolean remove(IpAddress.Prefix prefix, NetInterface nic) {
        if (!nic.removeAddress(prefix)) {
            return false;
        }
        if (nic.prefixes().length == 0) {
            interfaces.remove(nic);
        }
        rebuild();
        return true;
    }

    /// Lets the host own every unicast address of `prefix`: it accepts packets to them and may send from them.
    /// Packets to them still follow the routes, so that some may belong to others.
    public void addLocalPrefix(IpAddress.Prefix prefix) {
        localPrefixes = Arrays.copyOf(localPrefixes, localPrefixes.length + 1);
        localPrefixes[localPrefixes.length - 1] = prefix;
        changed();
    }

    /// Takes back one [#addLocalPrefix].
    ///
    /// @return false if there was none
    public boolean removeLocalPrefix(IpAddress.Prefix prefix) {
        List<IpAddress.Prefix> left = new ArrayList<>(Arrays.asList(localPrefixes));
        boolean removed = left.remove(prefix);
        localPrefixes = left.toArray(new IpAddress.Prefix[0]);
        changed();
        return removed;
    }

    private record Joined(IpAddress group, @Nullable NetInterface nic) {}

    /// Joins a multicast group on every interface (RFC 1112 section 7.1); joins are counted. No membership report is
    /// sent.
    ///
    /// @throws IllegalArgumentException if `group` is not a multicast address
    public void join(IpAddress group) {
        join(group, null);
    }

    /// Joins a multicast group on one interface, or on every one for null; joins are counted. No membership report is
    /// sent.
    ///
    /// @throws IllegalArgumentException if `group` is not a multicast address
    public void join(IpAddress group, @Nullable NetInterface nic) {
        if (!group.isMulticast()) {
            throw new IllegalArgumentException(group + " is not a multicast address");
        }
        groups.add(new Joined(group, nic));
        rebuild();
    }

    /// Takes back one [#join] on every interface.
    ///
    /// @return false if the host was not a member
    public boolean leave(IpAddress group) {
        return leave(group, null);
    }

    /// Takes back one [#join] on the same interface.
    ///
    /// @return false if the host was not a member
    public boolean leave(IpAddress group, @Nullable NetInterface nic) {
        boolean left = groups.remove(new Joined(group, nic));
        rebuild();
        return left;
    }

    /// Whether the host is a member of a group on an interface. Takes time for each group that was joined.
    public boolean isMember(long hi, long lo, NetInterface nic) {
        if (specific(hi, lo) != MULTICAST) {
            return false;
        }
        boolean joined = false;
        for (int i = 0; i < groups.size(); i++) {
            Joined one = groups.get(i);
            if (one.group.lo() == lo && one.group.hi() == hi) {
                if (one.nic == null || one.nic == nic) {
                    return true;
                }
                joined = true;
            }
        }
        return !joined || isJoinedAlways(hi, lo);
    }

    private static boolean isJoinedAlways(long hi, long lo) {
        return isSame(ALL_HOSTS, hi, lo) || isSame(ALL_NODES_INTERFACE, hi, lo) || isSame(ALL_NODES_LINK, hi, lo);
    }

    private static boolean isSame(IpAddress address, long hi, long lo) {
        return address.lo() == lo && address.hi() == hi;
    }

    /// What the address is to this host: [#FOREIGN], [#OWN], [#BROADCAST] or [#MULTICAST].
    public int kind(long hi, long lo) {
        int kind = specific(hi, lo);
        return kind == FOREIGN && localPrefixes.length > 0 && inLocalPrefix(hi, lo) ? OWN : kind;
    }

    /// As [#kind], but the addresses of local prefixes are foreign: routes may lead to some of them.
    int specific(long hi, long lo) {
        int mask = kinds.length - 1;
        for (int i = hash(hi, lo) & mask; kinds[i] != FOREIGN; i = i + 1 & mask) {
            if (keyLo[i] == lo && keyHi[i] == hi) {
                return kinds[i];
            }
        }
        return IpAddress.isLoopback(hi, lo) ? OWN : FOREIGN;
    }

    private boolean inLocalPrefix(long hi, long lo) {
        if (!IpAddress.isUnicast(hi, lo)) {
            return false;
        }
        for (IpAddress.Prefix prefix : localPrefixes) {
            if (prefix.contains(hi, lo)) {
                return true;
            }
        }
        return false;
    }

    /// True for one of the host's own addresses.
    public boolean isOwn(long hi, long lo) {
        return kind(hi, lo) == OWN;
    }

    /// True for an address that the host owns as one of a prefix only ([#addLocalPrefix]).
    public boolean isOwnByPrefix(long hi, long lo) {
        return localPrefixes.length > 0 && specific(hi, lo) == FOREIGN && inLocalPrefix(hi, lo);
    }

    /// True for the limited broadcast address and the directed broadcast addresses of the host's networks.
    public boolean isBroadcast(long hi, long lo) {
        return kind(hi, lo) == BROADCAST;
    }

    /// True for a broadcast address or any multicast address, joined or not: nobody may connect to one, and no ICMP
    /// error and no RST may answer a packet to one.
    public boolean isBroadcastOrMulticast(long hi, long lo) {
        return IpAddress.isMulticast(hi, lo) || kind(hi, lo) == BROADCAST;
    }

    /// Changes whenever an answer of [#kind] may have changed.
    public int version() {
        return version;
    }

    /// The interface that has this address, or null.
    public @Nullable NetInterface interfaceOf(long hi, long lo) {
        for (int i = 0; i < interfaces.size(); i++) {
            for (IpAddress.Prefix prefix : interfaces.get(i).prefixes()) {
                if (prefix.address().lo() == lo && prefix.address().hi() == hi) {
                    return interfaces.get(i);
                }
            }
        }
        return null;
    }

    /// The interfaces that have addresses.
    List<NetInterface> interfaces() {
        return interfaces;
    }

    private void rebuild() {
        changed();
        int entries = 4 + groups.size();
        for (NetInterface nic : interfaces) {
            entries += 2 * nic.prefixes().length;
        }
        int size = Integer.highestOneBit(entries * 4 - 1) << 1; // at most a quarter full
        keyHi = new long[size];
        keyLo = new long[size];
        kinds = new byte[size];
        put(LIMITED_BROADCAST, BROADCAST);
        // RFC 1112 section 7.2: "every level 2 host must join the "all-hosts" group (address 224.0.0.1) on each
        // network interface at initialization time and must remain a member for as long as the host is active."
        put(ALL_HOSTS, MULTICAST);
        // RFC 4291 section 2.8: "A host is required to recognize [...] The All-Nodes multicast addresses".
        put(ALL_NODES_INTERFACE, MULTICAST);
        put(ALL_NODES_LINK, MULTICAST);
        for (Joined joined : groups) {
            put(joined.group, MULTICAST);
        }
        // Own addresses first: with overlapping prefixes, one network's broadcast address may be another's host.
        for (NetInterface nic : interfaces) {
            for (IpAddress.Prefix prefix : nic.prefixes()) {
                put(prefix.address(), OWN);
            }
        }
        for (NetInterface nic : interfaces) {
            for (IpAddress.Prefix prefix : nic.prefixes()) {
                putGroupsOf(prefix);
            }
        }
    }

    private void putGroupsOf(IpAddress.Prefix prefix) {
        IpAddress address = prefix.address();
        if (address.isIpv4()) {
            // RFC 1122 section 3.3.6: "A host MUST recognize any of these forms in the destination address of an
            // incoming datagram."
            // Deviation: the non-standard form with 0 instead of -1 is an ordinary address, as on today's systems.
            if (prefix.broadcast() != -1) {
                put(IpAddress.ofIpv4(prefix.broadcast()), BROADCAST);
            }
        } else {
            // RFC 4291 section 2.7.1, the solicited-node address: ff02::1:ff00:0/104 and the low 24 bits.
            put(new IpAddress(0xff02_0000_0000_0000L, 0x1_ff00_0000L | address.lo() & 0xff_ffff), MULTICAST);
        }
    }

    private void put(IpAddress address, int kind) {
        int mask = kinds.length - 1;
        int i = hash(address.hi(), address.lo()) & mask;
        while (kinds[i] != FOREIGN) {
            if (keyLo[i] == address.lo() && keyHi[i] == address.hi()) {
                return;
            }
            i = i + 1 & mask;
        }
        keyHi[i] = address.hi();
        keyLo[i] = address.lo();
        kinds[i] = (byte) kind;
    }

    private static int hash(long hi, long lo) {
        long mixed = (hi * 0x9e37_79b9_7f4a_7c15L ^ lo) * 0xd6e8_feb8_6659_fd93L;
        return (int) (mixed >>> 40);
    }
}
