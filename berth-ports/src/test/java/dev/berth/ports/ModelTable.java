package dev.berth.ports;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The port table as one would write it without caring for cost: lists, and the rules word by word. Addresses
/// are bits of a mask, so that "overlaps" is "and".
final class ModelTable {
    static final class Bind {
        final IpAddress address;
        final int port;
        final int sharing;

        @Nullable
        String listener;

        boolean closed;
        /// What the table under test gave for it.
        @Nullable
        PortBinding<String> real;

        Bind(IpAddress address, int port, int sharing) {
            this.address = address;
            this.port = port;
            this.sharing = sharing;
        }
    }

    static final class Entry {
        Flow flow;
        final @Nullable Bind bind;
        /// Which entry it is, counted from the first.
        final long number;

        Entry(Flow flow, @Nullable Bind bind, long number) {
            this.flow = flow;
            this.bind = bind;
            this.number = number;
        }
    }

    final Transport transport;
    final PortPolicy policy;
    final List<IpAddress> locals;
    final List<Bind> binds = new ArrayList<>();
    /// The listening ones in the order in which they began.
    final List<Bind> listening = new ArrayList<>();
    /// In the order in which they came; those in TIME-WAIT move to the end when they enter it.
    final List<Entry> flows = new ArrayList<>();
    private long entries;
    PortLease lease = PortLease.EVERYTHING;

    ModelTable(Transport transport, PortPolicy policy, List<IpAddress> locals) {
        this.transport = transport;
        this.policy = policy;
        this.locals = locals;
    }

    int reach(IpAddress address, int sharing) {
        int mask = 0;
        for (int i = 0; i < locals.size(); i++) {
            boolean v4 = locals.get(i).isIpv4();
            boolean covered = locals.get(i).equals(address)
                    || address.equals(IpAddress.ANY_IPV4) && v4
                    || address.equals(IpAddress.ANY_IPV6) && ((sharing & PortSharing.IPV6_ONLY) == 0 || !v4);
            mask |= covered ? 1 << i : 0;
        }
        return mask;
    }

    boolean meet(Bind a, Bind b) {
        return a.port == b.port && (reach(a.address, a.sharing) & reach(b.address, b.sharing)) != 0;
    }

    private static boolean both(Bind a, Bind b, int flag) {
        return (a.sharing & b.sharing & flag) != 0;
    }

    boolean mayBindBeside(Bind wanted, Bind earlier) {
        return switch (policy.bindRules()) {
            case LINUX -> mayBindBesideOnLinux(wanted, earlier);
            case FREEBSD -> mayBindBesideOnFreeBsd(wanted, earlier);
            case WINDOWS -> mayBindBesideOnWindows(wanted, earlier);
        };
    }

    private boolean mayBindBesideOnFreeBsd(Bind wanted, Bind earlier) {
        boolean any = sharesOnFreeBsd(wanted);
        if (isDualBesideIpv4Wildcard(wanted, earlier)) {
            return true;
        }
        if (!wanted.address.equals(earlier.address)) {
            return any;
        }
        if (earlier.closed && transport == Transport.TCP) {
            return any;
        }
        boolean group = transport == Transport.UDP && wanted.address.isMulticast();
        return both(wanted, earlier, PortSharing.REUSE_PORT)
                || both(wanted, earlier, PortSharing.REUSE_PORT_BALANCED)
                || group && any && sharesOnFreeBsd(earlier);
    }

    static boolean sharesOnFreeBsd(Bind bind) {
        return (bind.sharing & ~PortSharing.IPV6_ONLY) != 0;
    }

    private boolean mayBindBesideOnWindows(Bind wanted, Bind earlier) {
        boolean wantedExclusive = (wanted.sharing & PortSharing.EXCLUSIVE_USE) != 0;
        boolean earlierExclusive = (earlier.sharing & PortSharing.EXCLUSIVE_USE) != 0;
        if (wanted.address.equals(earlier.address) || isDualBesideIpv4Wildcard(wanted, earlier)) {
            boolean left = transport == Transport.TCP && earlier.closed && !wantedExclusive && !earlierExclusive;
            return left || both(wanted, earlier, PortSharing.REUSE_ADDRESS);
        }
        return wanted.address.isUnspecified() ? !wantedExclusive : !earlierExclusive;
    }

    private static boolean isDualBesideIpv4Wildcard(Bind a, Bind b) {
        return a.address.isUnspecified() && b.address.isUnspecified() && !a.address.equals(b.address);
    }

    private boolean mayBindBesideOnLinux(Bind wanted, Bind earlier) {
        return both(wanted, earlier, PortSharing.REUSE_PORT)
                || both(wanted, earlier, PortSharing.REUSE_ADDRESS)
                        && (transport == Transport.UDP || earlier.listener == null);
    }

    boolean canBind(Bind wanted) {
        for (Bind earlier : binds) {
            if (meet(wanted, earlier) && !mayBindBeside(wanted, earlier)) {
                return false;
            }
        }
        boolean ignoresClients = policy.bindRules() == BindRules.FREEBSD && sharesOnFreeBsd(wanted);
        for (Entry entry : flows) {
            if (entry.bind == null
                    && !ignoresClients
                    && entry.flow.localPort() == wanted.port
                    && (reach(wanted.address, wanted.sharing)
                                    & reach(entry.flow.local().address(), 0))
                            != 0) {
                return false;
            }
        }
        return true;
    }

    boolean canListen(Bind wanted) {
        for (Bind other : binds) {
            if (other != wanted
                    && policy.bindRules() == BindRules.LINUX
                    && transport == Transport.TCP
                    && other.listener != null
                    && meet(wanted, other)
                    && !both(wanted, other, PortSharing.REUSE_PORT)) {
                return false;
            }
        }
        return true;
    }

    boolean isReserved(int port) {
        return policy.reserved().stream().anyMatch(range -> range.contains(port));
    }

    boolean isBound(int port) {
        return binds.stream().anyMatch(b -> b.port == port);
    }

    boolean isAllowed(int port) {
        return policy.ephemeral().contains(port) && isLeased(port) && !isReserved(port) && !isBound(port);
    }

    boolean isLeased(int port) {
        return lease.blocks().stream().anyMatch(block -> block.contains(port));
    }

    Set<Integer> freeForBind(PortRange within) {
        Set<Integer> free = new TreeSet<>();
        for (int port = policy.ephemeral().first(); port <= policy.ephemeral().last(); port++) {
            int p = port;
            if (within.contains(p) && isAllowed(p) && flows.stream().noneMatch(e -> e.flow.localPort() == p)) {
                free.add(p);
            }
        }
        return free;
    }

    Set<Integer> freeTowards(Flow wanted, PortRange within) {
        Set<Integer> free = new TreeSet<>();
        for (int port = policy.ephemeral().first(); port <= policy.ephemeral().last(); port++) {
            boolean self = wanted.local().address().equals(wanted.remote().address()) && port == wanted.remotePort();
            if (within.contains(port) && isAllowed(port) && !self) {
                free.add(port);
            }
        }
        for (Entry entry : flows) {
            if (sameDestination(entry.flow, wanted)) {
                free.remove(entry.flow.localPort());
            }
        }
        return free;
    }

    static boolean sameDestination(Flow a, Flow b) {
        return a.local().address().equals(b.local().address()) && a.remote().equals(b.remote());
    }

    @Nullable
    Entry displaceable(Flow wanted, PortRange within, long now) {
        for (Entry entry : flows) {
            if (entry.bind == null && entry.flow instanceof TimeWaitFlow waiting && sameDestination(waiting, wanted)) {
                boolean self = wanted.local().address().equals(wanted.remote().address())
                        && waiting.localPort() == wanted.remotePort();
                boolean allowed = within.contains(waiting.localPort()) && isAllowed(waiting.localPort()) && !self;
                return allowed && waiting.mayBeReused(now) ? entry : null;
            }
        }
        return null;
    }

    void add(Flow flow, @Nullable Bind bind) {
        flows.add(new Entry(flow, bind, entries++));
    }

    /// Whether a flow of `bind` may have the same ends as others: they are UDP's, and agreed two by two to share.
    boolean mayShare(@Nullable Bind bind, IpAddress local, int localPort, IpAddress remote, int remotePort) {
        List<Entry> others = owners(local, localPort, remote, remotePort);
        return transport == Transport.UDP
                && policy.bindRules() == BindRules.LINUX
                && bind != null
                && !others.isEmpty()
                && others.stream().allMatch(e -> e.bind != null && e.bind != bind && shareAnything(e.bind, bind));
    }

    private static boolean shareAnything(Bind a, Bind b) {
        return both(a, b, PortSharing.REUSE_ADDRESS) || both(a, b, PortSharing.REUSE_PORT);
    }

    /// The flow that gets the packets: the one that connected last.
    @Nullable
    Entry find(IpAddress local, int localPort, IpAddress remote, int remotePort) {
        List<Entry> owners = owners(local, localPort, remote, remotePort);
        for (Entry one : owners) {
            for (Entry other : owners) {
                if (one != other && (one.bind == null || other.bind == null || !shareAnything(one.bind, other.bind))) {
                    throw new AssertionError("two flows own " + one.flow);
                }
            }
        }
        return owners.stream().max(Comparator.comparingLong(e -> e.number)).orElse(null);
    }

    private List<Entry> owners(IpAddress local, int localPort, IpAddress remote, int remotePort) {
        List<Entry> found = new ArrayList<>();
        for (Entry entry : flows) {
            if (entry.flow.local().address().equals(local)
                    && entry.flow.localPort() == localPort
                    && entry.flow.remote().address().equals(remote)
                    && entry.flow.remotePort() == remotePort) {
                found.add(entry);
            }
        }
        return found;
    }

    /// The listeners that may get a packet: one, or all of a group that shares the port.
    List<String> listeners(IpAddress local, int port) {
        for (int specificity = 0; specificity < 3; specificity++) {
            List<Bind> found = new ArrayList<>();
            for (Bind b : listening) {
                if (b.port == port && specificity(b, local) == specificity) {
                    found.add(b);
                }
            }
            if (!found.isEmpty()) {
                int balancing = policy.bindRules().balancingFlag();
                boolean all = found.stream().allMatch(b -> (b.sharing & balancing) != 0);
                return (all ? found : List.of(found.getLast()))
                        .stream().map(b -> String.valueOf(b.listener)).toList();
            }
        }
        return List.of();
    }

    private int specificity(Bind b, IpAddress local) {
        if (b.address.equals(local)) {
            return 0;
        }
        if ((reach(b.address, b.sharing) & reach(local, 0)) == 0) {
            return -1;
        }
        return b.address.equals(IpAddress.ANY_IPV6) && (b.sharing & PortSharing.IPV6_ONLY) == 0 ? 2 : 1;
    }

    long flowsOf(Bind bind) {
        return flows.stream().filter(e -> e.bind == bind).count();
    }

    void forgetClosed() {
        binds.removeIf(b -> b.closed && flowsOf(b) == 0);
    }
}
