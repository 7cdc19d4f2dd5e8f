package dev.berth.ports;

import java.util.List;

/// Which ports may be chosen for whomever: those of the policy's range that are leased, not reserved and not bound.
///
/// A mask is one set for all destinations. It changes in at most 1,024 steps, whatever the number of flows; each
/// choice then looks at the set of its destination and at the mask.
final class PortMask {
    private static final int WORDS = PortRange.PORTS / 64;

    private final PortPolicy policy;
    private final PortSet bound = new PortSet();
    /// Reserved ports, and those of the range that are not leased.
    private final PortSet excluded = new PortSet();
    /// The excluded and the bound ones (RFC 6056 section 2.2 and 3.1).
    private final PortSet blocked = new PortSet();

    private int first;
    private int last;
    private PortLease lease;

    PortMask(PortPolicy policy) {
        this.policy = policy;
        this.lease = PortLease.EVERYTHING;
        if (policy.reserved().isEmpty()) {
            // The ordinary case, in which nothing is excluded: hosts are made by the thousand.
            first = policy.ephemeral().first();
            last = policy.ephemeral().last();
        } else {
            lease(lease);
        }
    }

    /// The ports of the range that are never chosen, and perhaps others.
    PortSet blocked() {
        return blocked;
    }

    PortLease lease() {
        return lease;
    }

    /// The lowest port that may be chosen; may be blocked by a binding.
    int first() {
        return first;
    }

    /// The highest port that may be chosen.
    int last() {
        return last;
    }

    /// How many ports may be chosen where nobody holds any: those of the range that are leased and not reserved.
    int size() {
        return last + 1 - first - (excluded.rank(last + 1) - excluded.rank(first));
    }

    boolean allows(int port) {
        return port >= first && port <= last && !blocked.contains(port);
    }

    /// Restricts the choice to the ports of a lease.
    ///
    /// @throws IllegalArgumentException if it leaves no port; the mask is unchanged
    void lease(PortLease with) {
        long[] excludes = PortLease.words(policy.reserved());
        long[] leased = with.words();
        long[] range = PortLease.words(List.of(policy.ephemeral()));
        int lowest = PortRange.PORTS;
        int highest = 0;
        for (int i = 0; i < WORDS; i++) {
            excludes[i] |= range[i] & ~leased[i];
            long left = range[i] & ~excludes[i];
            if (left != 0) {
                lowest = Math.min(lowest, i * 64 + Long.numberOfTrailingZeros(left));
                highest = i * 64 + 63 - Long.numberOfLeadingZeros(left);
            }
        }
        if (lowest > highest) {
            throw new IllegalArgumentException("The lease of " + with + " leaves no port of " + policy.ephemeral()
                    + " that is not reserved; at least one must be leased");
        }
        lease = with;
        first = lowest;
        last = highest;
        excluded.assign(excludes);
        bound.orInto(excludes, 0, WORDS);
        blocked.assign(excludes);
    }

    /// Takes a port that was bound out of every choice.
    void block(int port) {
        bound.add(port);
        blocked.add(port);
    }

    /// Gives a port that is not bound any more back.
    void unblock(int port) {
        bound.remove(port);
        if (!excluded.contains(port)) {
            blocked.remove(port);
        }
    }

    boolean isPristine() {
        return bound.isEmpty() && blocked.size() == excluded.size();
    }
}
