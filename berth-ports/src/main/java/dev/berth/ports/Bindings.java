package dev.berth.ports;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All bindings of a table, which exclude each other by the [BindRules] of its policy. Every operation
/// is a fixed number of hash look-ups; only naming the holder of a port in an error walks over the bindings of
/// that port.
final class Bindings<L> {
    /// In the place of flags: beside no other binding, whatever the rules.
    static final int ALONE = -1;

    private static final int LISTENING_WITH_PORT = inEveryMeeting(PortSharing.REUSE_PORT);
    private static final int LISTENING_WITHOUT_PORT = inEveryMeeting(0);

    private final Transport transport;
    private final BindRules rules;
    private final FlowHash flowHash;
    private final SlotTable<BoundPort<L>> ports = new SlotTable<>();
    /// The groups of single addresses.
    private final SlotTable<AddressGroup<L>> groups = new SlotTable<>();
    /// The one of them that was found last and is in the table: a server's clients all come to the same one.
    private @Nullable AddressGroup<L> last;
    private int size;
    private long serials;

    Bindings(Transport transport, BindRules rules, FlowHash flowHash) {
        this.transport = transport;
        this.rules = rules;
        this.flowHash = flowHash;
    }

    int size() {
        return size;
    }

    boolean isBound(int port) {
        return port(port) != null;
    }

    /// Adds a binding for which [#conflicts] said no.
    void add(PortBinding<L> binding) {
        int number = binding.port();
        BoundPort<L> port = port(number);
        if (port == null) {
            port = new BoundPort<>(number);
            ports.insert(port, portHash(number));
        }
        int reach = reach(binding.addressHi(), binding.addressLo(), binding.sharing());
        AddressGroup<L> group = group(port, binding.addressHi(), binding.addressLo(), reach);
        if (group == null) {
            group = addGroup(port, binding.addressHi(), binding.addressLo(), reach);
        }
        binding.group = group;
        binding.serial = ++serials;
        group.bindings++;
        group.count(classOf(binding), 1);
        port.link(binding);
        size++;
    }

    private AddressGroup<L> addGroup(BoundPort<L> port, long hi, long lo, int reach) {
        if (isSpecific(reach)) {
            int hash = flowHash.hash(hi, lo, port.port);
            AddressGroup<L> group = new AddressGroup<>(hi, lo, reach, port, hash);
            groups.insert(group, hash);
            port.specificGroups++;
            return group;
        }
        AddressGroup<L> group = new AddressGroup<>(hi, lo, reach, port, 0);
        port.setWildcard(reach, group);
        return group;
    }

    /// Removes a binding that does not listen.
    void remove(PortBinding<L> binding) {
        AddressGroup<L> group = groupOf(binding);
        BoundPort<L> port = group.port;
        group.count(classOf(binding), -1);
        port.unlink(binding);
        binding.group = null;
        size--;
        if (--group.bindings == 0) {
            if (isSpecific(group.reach)) {
                groups.remove(group, group.hash);
                if (last == group) {
                    last = null;
                }
                port.specificGroups--;
            } else {
                port.setWildcard(group.reach, null);
            }
        }
        if (port.first == null) {
            ports.remove(port, portHash(port.port));
        }
    }

    void listen(PortBinding<L> binding, L listener) {
        AddressGroup<L> group = groupOf(binding);
        group.count(classOf(binding), -1);
        binding.listener = listener;
        group.count(classOf(binding), 1);
        group.addListener(binding, balances(binding));
    }

    void unlisten(PortBinding<L> binding) {
        AddressGroup<L> group = groupOf(binding);
        group.count(classOf(binding), -1);
        binding.listener = null;
        group.count(classOf(binding), 1);
        group.removeListener(binding, balances(binding));
    }

    /// Marks a binding that does not listen as closed: it stays for its flows.
    void markClosed(PortBinding<L> binding) {
        AddressGroup<L> group = groupOf(binding);
        group.count(classOf(binding), -1);
        binding.closed = true;
        group.count(classOf(binding), 1);
    }

    private boolean balances(PortBinding<L> binding) {
        return (binding.sharing() & rules.balancingFlag()) != 0;
    }

    /// Whether a bind with these flags would meet a binding that excludes it.
    boolean conflicts(long hi, long lo, int port, int sharing) {
        return conflicts(hi, lo, port, sharing, excludingBind(hi, lo, sharing));
    }

    /// Whether a binding that begins to listen would meet a listener that excludes it.
    boolean listenConflicts(PortBinding<L> binding) {
        int classes = excludingListen(binding.sharing());
        return conflicts(binding.addressHi(), binding.addressLo(), binding.port(), binding.sharing(), classes);
    }

    /// @param excluding the classes that exclude, one octet for each way to meet ([BindRules#excluding])
    private boolean conflicts(long hi, long lo, int number, int sharing, int excluding) {
        BoundPort<L> port = port(number);
        if (port == null || excluding == 0) {
            return false;
        }
        int reach = reach(hi, lo, sharing);
        if (isSpecific(reach)) {
            AddressGroup<L> group = group(port, hi, lo, reach);
            int any = reach == BoundPort.V4 ? BoundPort.V4_ANY : BoundPort.V6_ANY;
            int inWildcard = classes(excluding, BindRules.IN_WILDCARD);
            return group != null && group.count(classes(excluding, BindRules.SAME)) > 0
                    || port.count(any, inWildcard) > 0
                    || port.count(BoundPort.DUAL_ANY, inWildcard) > 0;
        }
        for (int other = BoundPort.V4; other <= BoundPort.DUAL_ANY; other++) {
            if (overlap(reach, other) && port.count(other, classes(excluding, meeting(reach, other))) > 0) {
                return true;
            }
        }
        return false;
    }

    private static int classes(int excluding, int meeting) {
        return excluding >>> 8 * meeting & 0xff;
    }

    /// How a newcomer meets an earlier binding, whose reach it overlaps.
    private static int meeting(int newcomer, int earlier) {
        if (isSpecific(newcomer)) {
            return isSpecific(earlier) ? BindRules.SAME : BindRules.IN_WILDCARD;
        }
        if (isSpecific(earlier)) {
            return BindRules.OVER_ADDRESS;
        }
        return (newcomer == BoundPort.V4_ANY) == (earlier == BoundPort.V4_ANY)
                ? BindRules.SAME
                : BindRules.OTHER_FAMILY;
    }

    /// A binding that stands in the way of a bind, or of listening, for the error message; null if none does.
    @Nullable
    PortBinding<L> holder(long hi, long lo, int number, int sharing, boolean listen) {
        BoundPort<L> port = port(number);
        int excluding = listen ? excludingListen(sharing) : excludingBind(hi, lo, sharing);
        int reach = reach(hi, lo, sharing);
        for (PortBinding<L> b = port == null ? null : port.first; b != null; b = b.next) {
            int other = groupOf(b).reach;
            boolean meets = isSpecific(reach) && isSpecific(other)
                    ? hi == b.addressHi() && lo == b.addressLo()
                    : overlap(reach, other);
            if (meets && (classes(excluding, meeting(reach, other)) & 1 << classOf(b)) != 0) {
                return b;
            }
        }
        return null;
    }

    /// The most specific listener for a packet; null if there is none.
    @Nullable
    L listener(long lHi, long lLo, int lPort, long rHi, long rLo, int rPort) {
        BoundPort<L> port = port(lPort);
        if (port == null) {
            return null;
        }
        boolean v4 = IpAddress.isIpv4(lHi, lLo);
        AddressGroup<L> group =
                port.specificGroups == 0 ? null : group(port, lHi, lLo, v4 ? BoundPort.V4 : BoundPort.V6);
        if (group == null || group.listenerCount() == 0) {
            group = v4 ? port.v4Any : port.v6Any;
            if (group == null || group.listenerCount() == 0) {
                group = port.dualAny;
            }
        }
        if (group == null) {
            return null;
        }
        return group.listener(group.balances() ? flowHash.hash(lHi, lLo, lPort, rHi, rLo, rPort) : 0);
    }

    /// The first binding of a port that covers an address, the newest first.
    @Nullable
    PortBinding<L> firstCovering(long hi, long lo, int number) {
        BoundPort<L> port = port(number);
        return port == null ? null : covering(port.first, hi, lo);
    }

    /// The first binding from `binding` on that covers an address.
    static <L> @Nullable PortBinding<L> covering(@Nullable PortBinding<L> binding, long hi, long lo) {
        PortBinding<L> b = binding;
        while (b != null && !covers(b, hi, lo)) {
            b = b.next;
        }
        return b;
    }

    private static boolean covers(PortBinding<?> binding, long hi, long lo) {
        if (binding.addressHi() == hi && binding.addressLo() == lo) {
            return true;
        }
        return switch (groupOf(binding).reach) {
            case BoundPort.V4_ANY -> IpAddress.isIpv4(hi, lo);
            case BoundPort.V6_ANY -> !IpAddress.isIpv4(hi, lo);
            case BoundPort.DUAL_ANY -> true;
            default -> false;
        };
    }

    /// All bindings, by port, those of one port newest first.
    List<PortBinding<L>> list() {
        List<BoundPort<L>> sorted = new ArrayList<>(ports.size());
        for (int slot = 0; slot < ports.capacity(); slot++) {
            if (ports.hashAt(slot) != 0) {
                sorted.add(ports.at(slot));
            }
        }
        sorted.sort((a, b) -> Integer.compare(a.port, b.port));
        List<PortBinding<L>> list = new ArrayList<>(size);
        for (BoundPort<L> port : sorted) {
            for (PortBinding<L> b = port.first; b != null; b = b.next) {
                list.add(b);
            }
        }
        return list;
    }

    /// The newest binding of a port, from which [PortBinding#next] leads to older ones; null if there is none.
    @Nullable
    PortBinding<L> newest(int number) {
        BoundPort<L> port = port(number);
        return port == null ? null : port.first;
    }

    private @Nullable BoundPort<L> port(int number) {
        int hash = portHash(number);
        for (int slot = ports.home(hash); ports.hashAt(slot) != 0; slot = ports.next(slot)) {
            if (ports.hashAt(slot) == hash) {
                return ports.at(slot); // the hash of a port is a bijection
            }
        }
        return null;
    }

    /// Not 0 for any port but 0, and different for different ports.
    private static int portHash(int port) {
        int h = port * 0x9e3779b1;
        return h ^ h >>> 15;
    }

    private @Nullable AddressGroup<L> group(BoundPort<L> port, long hi, long lo, int reach) {
        if (!isSpecific(reach)) {
            return port.wildcard(reach);
        }
        AddressGroup<L> recent = last;
        if (recent != null && recent.port == port && recent.lo == lo && recent.hi == hi) {
            return recent;
        }
        int hash = flowHash.hash(hi, lo, port.port);
        for (int slot = groups.home(hash); groups.hashAt(slot) != 0; slot = groups.next(slot)) {
            if (groups.hashAt(slot) == hash) {
                AddressGroup<L> group = groups.at(slot);
                if (group.port == port && group.lo == lo && group.hi == hi) {
                    last = group;
                    return group;
                }
            }
        }
        return null;
    }

    private static <L> AddressGroup<L> groupOf(PortBinding<L> binding) {
        AddressGroup<L> group = binding.group;
        if (group == null) {
            throw new IllegalStateException("The binding was given up: " + binding);
        }
        return group;
    }

    private int classOf(PortBinding<?> binding) {
        int state = binding.listener != null ? PortSharing.LISTENS : binding.closed ? PortSharing.CLOSED : 0;
        return rules.classOf(transport, binding.sharing() | state);
    }

    private int excludingBind(long hi, long lo, int sharing) {
        return sharing == ALONE ? -1 : rules.excluding(transport, sharing, IpAddress.isMulticast(hi, lo));
    }

    /// The classes of bindings beside which one with these flags cannot begin to listen. For UDP, where
    /// listening is receiving, the rules of the bind are enough.
    private int excludingListen(int sharing) {
        if (transport == Transport.UDP || !rules.comparesListeners()) {
            return 0;
        }
        return LISTENING_WITHOUT_PORT | ((sharing & PortSharing.REUSE_PORT) != 0 ? 0 : LISTENING_WITH_PORT);
    }

    /// The classes of listeners with these flags, and possibly REUSE_ADDRESS, in every octet.
    private static int inEveryMeeting(int sharing) {
        int flags = sharing | PortSharing.LISTENS;
        return (1 << BindRules.LINUX.classOf(Transport.TCP, flags)
                        | 1 << BindRules.LINUX.classOf(Transport.TCP, flags | PortSharing.REUSE_ADDRESS))
                * 0x0101_0101;
    }

    private static int reach(long hi, long lo, int sharing) {
        boolean any = IpAddress.isUnspecified(hi, lo);
        if (IpAddress.isIpv4(hi, lo)) {
            return any ? BoundPort.V4_ANY : BoundPort.V4;
        }
        return !any ? BoundPort.V6 : (sharing & PortSharing.IPV6_ONLY) != 0 ? BoundPort.V6_ANY : BoundPort.DUAL_ANY;
    }

    private static boolean isSpecific(int reach) {
        return reach == BoundPort.V4 || reach == BoundPort.V6;
    }

    /// Whether two reaches, at least one of them a wildcard, cover a common address.
    private static boolean overlap(int a, int b) {
        return a == BoundPort.DUAL_ANY || b == BoundPort.DUAL_ANY || a <= BoundPort.V4_ANY == b <= BoundPort.V4_ANY;
    }
}
