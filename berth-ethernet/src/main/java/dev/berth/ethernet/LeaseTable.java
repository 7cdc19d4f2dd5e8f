package dev.berth.ethernet;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The IPv4 addresses that a segment has leased or offered, or leased once: who comes back gets the same. Bounded.
///
/// When no address that nobody had is left, or no room for a record, the one gives way that ended longest ago; then
/// the lease whose guest has been gone longest, although its time is not over, as a guest that is not attached uses
/// nothing; last, an address that such a guest has declined. Sans I/O: the time is a parameter, in nanoseconds.
/// Thread-safe.
final class LeaseTable {
    private static final long OFFER_NANOS = 60_000_000_000L;
    private static final long DECLINED_NANOS = 600_000_000_000L;

    private static final int IN_USE = 0;
    private static final int OVER = 1;
    private static final int GONE = 2;
    private static final int GONE_DECLINED = 3;

    private enum State {
        OFFERED,
        BOUND,
        DECLINED,
        ENDED
    }

    /// One record. Its fields are guarded by the table.
    private static final class Lease {
        final long hardware;
        final int address;
        State state = State.OFFERED;
        Object holder;
        long until;
        long goneAt; // when the holder has gone

        Lease(long hardware, int address, Object holder) {
            this.hardware = hardware;
            this.address = address;
            this.holder = holder;
        }

        boolean isActive(long now) {
            return state != State.ENDED && until - now > 0;
        }

        /// When it gave way rather than others that would too; [#IN_USE] if it does not.
        int rank(Object nobody, long now) {
            return !isActive(now) ? OVER : holder != nobody ? IN_USE : state == State.DECLINED ? GONE_DECLINED : GONE;
        }

        /// Since when it could give way.
        long since(long now) {
            return isActive(now) ? goneAt : until;
        }
    }

    private final IpAddress.Prefix subnet;
    private final int limit;
    private final int perHolder;
    private final int preferred;
    private final Predicate<IpAddress> unusable;
    private final List<Lease> leases = new ArrayList<>();

    /// @param subnet the prefix that addresses come from
    /// @param limit records at most
    /// @param perHolder addresses at most that one port is offered, has, or has declined, at a time: or one guest with
    ///     many hardware addresses would leave none for the others
    /// @param preferred the address that the first client gets, or 0
    /// @param unusable true for an address that must not be leased, or that somebody has
    LeaseTable(IpAddress.Prefix subnet, int limit, int perHolder, int preferred, Predicate<IpAddress> unusable) {
        this.subnet = subnet;
        this.limit = limit;
        this.perHolder = perHolder;
        this.preferred = preferred;
        this.unusable = unusable;
    }

    /// The address to offer, or 0 if none is left. The same client gets the same, then what it asks for, then one
    /// that follows from its hardware address.
    ///
    /// @param holder the port that asks
    synchronized int offer(long hardware, int requested, Object holder, long now) {
        Lease known = of(hardware, holder, now);
        if (known != null && known.state == State.BOUND && known.isActive(now)) {
            return known.address;
        }
        if (!mayHold(holder, known, now)) {
            return 0;
        }
        if (known != null && isFree(known.address, known, now)) {
            known.state = State.OFFERED;
            known.holder = holder;
            known.until = now + OFFER_NANOS;
            return known.address;
        }
        if (known != null) {
            leases.remove(known);
        }
        int address = requested != 0 && isFree(requested, null, now) ? requested : choose(hardware, now);
        if (address == 0) {
            return 0;
        }
        leases.removeIf(other -> other.address == address); // a record that has ended, or gives way
        if (!makeRoom(now)) {
            return 0;
        }
        Lease fresh = new Lease(hardware, address, holder);
        fresh.until = now + OFFER_NANOS;
        leases.add(fresh);
        return address;
    }

    /// Leases an address that was offered or leased to the same client before.
    ///
    /// @param anew a client that asks for more time: without a record it gets the address if it is free
    /// @return false if it may not have it
    synchronized boolean bind(long hardware, int address, Object holder, boolean anew, long now, long nanos) {
        Lease known = of(hardware, holder, now);
        if (known == null && anew && isFree(address, null, now) && mayHold(holder, null, now) && makeRoom(now)) {
            leases.removeIf(other -> other.address == address);
            known = new Lease(hardware, address, holder);
            leases.add(known);
        }
        if (known == null || known.address != address || known.state == State.DECLINED) {
            return false;
        }
        boolean held = known.state == State.BOUND && known.holder == holder && known.isActive(now);
        if (!held && (!isFree(address, known, now) || !mayHold(holder, known, now))) {
            return false;
        }
        known.state = State.BOUND;
        known.holder = holder;
        known.until = now + nanos;
        return true;
    }

    /// Whether there is a record of a client, whatever its address.
    synchronized boolean knows(long hardware, Object holder, long now) {
        return of(hardware, holder, now) != null;
    }

    /// Whether an address is leased to this client at this time: it may come back without asking.
    synchronized boolean isLeased(long hardware, int address, Object holder, long now) {
        Lease known = of(hardware, holder, now);
        return known != null && known.address == address && known.state == State.BOUND && known.isActive(now);
    }

    /// Whether an address is kept for another client than this.
    synchronized boolean isKeptFromOther(long hardware, int address, Object holder, long now) {
        for (Lease lease : leases) {
            if (lease.address == address && lease.isActive(now)) {
                return lease.state == State.DECLINED || lease.hardware != hardware || lease.holder != holder;
            }
        }
        return false;
    }

    /// The client does not take what it was offered, or gives it back. The record stays, so that it may get it again.
    synchronized void end(long hardware, int address, Object holder, long now) {
        Lease known = of(hardware, holder, now);
        if (known != null && (address == 0 || known.address == address) && known.state != State.DECLINED) {
            known.state = State.ENDED;
            known.until = now;
        }
    }

    /// The client has found the address in use: nobody gets it for ten minutes.
    ///
    /// @return false if it was not the client's
    synchronized boolean decline(long hardware, int address, Object holder, long now) {
        Lease known = of(hardware, holder, now);
        if (known == null || known.address != address) {
            return false;
        }
        known.state = State.DECLINED;
        known.until = now + DECLINED_NANOS;
        return true;
    }

    /// The port is gone: whoever has the same hardware address behind another gets the leases of it.
    synchronized void release(Object holder, long now) {
        for (Lease lease : leases) {
            if (lease.holder == holder) {
                lease.holder = this;
                lease.goneAt = now;
            }
        }
    }

    synchronized int size() {
        return leases.size();
    }

    /// The record of a client: its own behind this port before one behind a port that is gone. Two clients with the
    /// same hardware address behind two ports, such as virtual machines that were given none, are two clients.
    private @Nullable Lease of(long hardware, Object holder, long now) {
        Lease found = null;
        for (Lease lease : leases) {
            if (lease.hardware == hardware && lease.state != State.DECLINED) {
                if (lease.holder == holder) {
                    return lease;
                }
                if (lease.holder == this || !lease.isActive(now)) {
                    found = lease;
                }
            }
        }
        return found;
    }

    private boolean isFree(int address, @Nullable Lease except, long now) {
        for (Lease lease : leases) {
            if (lease != except && lease.address == address && lease.isActive(now)) {
                return false;
            }
        }
        return subnet.contains(0, IpAddress.mapped(address)) && !unusable.test(IpAddress.ofIpv4(address));
    }

    /// The first address that nobody had, from one that follows from the hardware address on; if there is none, the
    /// one that gives way. RFC 2131 section 2.2: "In some environments it will be necessary to reassign network
    /// addresses due to exhaustion of available addresses. [...] The server should use whatever information is
    /// available in the configuration information repository to choose an address to reuse."
    private int choose(long hardware, long now) {
        if (preferred != 0
                && leases.stream().noneMatch(lease -> lease.address == preferred)
                && isFree(preferred, null, now)) {
            return preferred;
        }
        int bits = 32 - subnet.length();
        int size = bits >= 16 ? 1 << 16 : 1 << bits;
        int network = subnet.address().ipv4() & (bits == 32 ? 0 : -1 << bits);
        int first = (int) (hardware * 0x9e37_79b9_7f4a_7c15L >>> 40) & size - 1;
        for (int i = 0; i < size; i++) {
            int address = network | first + i & size - 1;
            if (leases.stream().noneMatch(lease -> lease.address == address) && isFree(address, null, now)) {
                return address;
            }
        }
        Lease reused = givingWay(now, true);
        return reused == null ? 0 : reused.address;
    }

    /// The record that gives way before all others; null if none does.
    ///
    /// @param usable only one whose address can be leased
    private @Nullable Lease givingWay(long now, boolean usable) {
        Lease found = null;
        for (Lease lease : leases) {
            int rank = lease.rank(this, now);
            if (rank == IN_USE || usable && unusable.test(IpAddress.ofIpv4(lease.address))) {
                continue;
            }
            int best = found == null ? Integer.MAX_VALUE : found.rank(this, now);
            if (rank < best || rank == best && found != null && lease.since(now) - found.since(now) < 0) {
                found = lease;
            }
        }
        return found;
    }

    private boolean mayHold(Object holder, @Nullable Lease except, long now) {
        int held = 0;
        for (Lease lease : leases) {
            if (lease != except && lease.holder == holder && lease.isActive(now)) {
                held++;
            }
        }
        return held < perHolder;
    }

    private boolean makeRoom(long now) {
        if (leases.size() < limit) {
            return true;
        }
        Lease oldest = givingWay(now, false);
        return oldest != null && leases.remove(oldest);
    }
}
