package dev.berth.ethernet;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.berth.network.Guest;
import dev.berth.network.Network;
import dev.berth.wire.IpAddress;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Which addresses one guest has, and which it may have: those of DHCP, and of IPv6 those that it was the first to
/// use (RFC 6620). Holds the guest's leases. Read from any thread without a lock; thread-safe.
final class GuestAddresses implements DhcpServer.Guests {
    private static final long IDLE_NANOS = 600_000_000_000L;

    private final SegmentPlan plan;
    private final EthernetSegment segment;
    private final @Nullable LeaseTable leases;
    private final int limit;
    private final Neighbours neighbours = new Neighbours();
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable Guest guest;

    GuestAddresses(EthernetSegment segment, @Nullable LeaseTable leases, int limit) {
        this.segment = segment;
        this.leases = leases;
        this.limit = limit;
        plan = segment.plan();
    }

    /// Whose they are, once it has joined the network.
    void belongTo(Guest owner) {
        guest = owner;
    }

    @Nullable
    Guest guest() {
        return guest;
    }

    List<IpAddress> all() {
        Guest present = guest;
        return present == null ? List.of() : present.addresses();
    }

    /// The link-layer address of one of them; 0 if it is none.
    long linkLayerOf(long hi, long lo) {
        Neighbours.Entry entry = neighbours.find(hi, lo);
        return entry == null ? 0 : entry.linkLayer;
    }

    /// Whether somebody else than this guest has an address, so that the segment answers for it.
    boolean isElsewhere(long hi, long lo, long linkLayer, long now) {
        if (plan.isOurs(hi, lo)) {
            return true;
        }
        if (plan.prefixOf(hi, lo) == null || neighbours.find(hi, lo) != null) {
            return false;
        }
        Network network = segment.network();
        return network.isTaken(new IpAddress(hi, lo))
                || IpAddress.isIpv4(hi, lo) && leases != null && leases.isKeptFromOther(linkLayer, (int) lo, this, now);
    }

    /// Whether the guest may send from an address: it has it, or it gets it now.
    ///
    /// @return null, or why not
    @Nullable
    FrameDrop admit(long hi, long lo, long linkLayer, long now) {
        Neighbours.Entry known = neighbours.find(hi, lo);
        if (known != null) {
            if (known.linkLayer != linkLayer) {
                return FrameDrop.SPOOFED;
            }
            known.usedAt = now;
            return null;
        }
        if (!plan.isForGuests(hi, lo)) {
            return FrameDrop.SPOOFED;
        }
        boolean leased = false;
        if (IpAddress.isIpv4(hi, lo)) {
            leased = leases != null && leases.isLeased(linkLayer, (int) lo, this, now);
            boolean kept = leases != null && leases.isKeptFromOther(linkLayer, (int) lo, this, now);
            if (!leased && (!plan.firstCome() || kept)) {
                return FrameDrop.SPOOFED;
            }
        }
        return learn(new IpAddress(hi, lo), linkLayer, leased, now);
    }

    private @Nullable FrameDrop learn(IpAddress address, long linkLayer, boolean leased, long now) {
        lock.lock();
        try {
            Neighbours.Entry known = neighbours.find(address.hi(), address.lo());
            if (known != null && known.linkLayer == linkLayer && known.leased == leased) {
                return null;
            }
            if (known != null) {
                forget(known);
            }
            if (neighbours.size() >= limit) {
                Neighbours.Entry stalest = neighbours.stalest();
                // A lease comes before addresses that the guest made itself, so that these cannot use all room up.
                if (stalest == null || !leased && now - stalest.usedAt < IDLE_NANOS) {
                    return FrameDrop.TOO_MANY_ADDRESSES;
                }
                forget(stalest);
            }
            Guest present = guest;
            IpAddress.Prefix prefix = plan.prefixOf(address.hi(), address.lo());
            if (present == null || prefix == null || !present.claim(new IpAddress.Prefix(address, prefix.length()))) {
                return FrameDrop.SPOOFED;
            }
            neighbours.add(new Neighbours.Entry(address, linkLayer, leased, now));
            return null;
        } finally {
            lock.unlock();
        }
    }

    @GuardedBy("lock")
    private void forget(Neighbours.Entry entry) {
        neighbours.remove(entry);
        Guest present = guest;
        if (present != null) {
            present.giveUp(entry.address);
        }
    }

    /// Takes those away whose leases have ended.
    void expire(long now) {
        lock.lock();
        try {
            for (Neighbours.Entry entry : neighbours.all()) {
                if (entry.leased && leases != null && !leases.isLeased(entry.linkLayer, (int) entry.lo, this, now)) {
                    forget(entry);
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /// The guest is gone; its leases stay for whoever comes back.
    void close() {
        if (leases != null) {
            leases.release(this, System.nanoTime());
        }
    }

    @Override
    public boolean bind(int address, long linkLayer, long now) {
        return learn(IpAddress.ofIpv4(address), linkLayer, true, now) == null;
    }

    @Override
    public void unbind(int address) {
        lock.lock();
        try {
            Neighbours.Entry entry = neighbours.find(0, IpAddress.mapped(address));
            if (entry != null) {
                forget(entry);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean has(int address, long linkLayer) {
        Neighbours.Entry entry = neighbours.find(0, IpAddress.mapped(address));
        return entry != null && entry.linkLayer == linkLayer;
    }

    @Override
    public void named(String own) {
        Guest present = guest;
        if (present != null && (own.equals("localhost") || !present.alias(own))) {
            segment.nameTaken(present.name(), own);
        }
    }
}
