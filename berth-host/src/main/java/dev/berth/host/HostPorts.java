package dev.berth.host;

import dev.berth.ports.PortCounters;
import dev.berth.ports.PortFilter;
import dev.berth.ports.PortLease;
import dev.berth.ports.PortPages;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUsage;
import dev.berth.ports.Transport;
import dev.berth.stack.SocketPages;
import dev.berth.stack.endpoint.SocketEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;

/// The sockets and ports of a [Host], for people and tools, whatever their number.
///
/// Everything is seen in pages: the host's lock is held for a page of some thousand slots of the table at most, tens
/// of microseconds, and traffic goes on in between. **A socket that is there during the whole walk is seen exactly
/// once**; one that came or went meanwhile is seen or not. The numbers of different pages are those of different
/// moments.
///
/// Thread-safe. Only what the filter wants allocates.
public final class HostPorts {
    /// The cursor after the last page; the first page begins at 0.
    public static final long END = SocketPages.END;

    /// Flows by state, and the counts of the table.
    ///
    /// @param transport TCP or UDP
    /// @param ephemeral the range that ports are chosen from
    /// @param states how many flows are in each state, by the name of the state
    /// @param counters how many entries there are and were at most, and the refusals
    public record Summary(
            Transport transport, PortRange ephemeral, Map<String, Integer> states, PortCounters counters) {}

    /// A part of a walk.
    ///
    /// @param entries what was found, possibly nothing
    /// @param next the cursor of the next page, or [#END]
    public record Page<T>(List<T> entries, long next) {}

    /// In a cursor: which shard's flows it is in.
    private static final int SHARD_SHIFT = 40;

    private static final long SHARD_MASK = 0xffL << SHARD_SHIFT;

    private final StackMonitor monitor; // the first shard, where all bindings are seen
    private final StackMonitor[] shards;

    HostPorts(StackMonitor[] shards) {
        this.shards = shards;
        monitor = shards[0];
    }

    /// The shard in whose flows a cursor is.
    private int shardOf(long cursor) {
        int shard = cursor < SocketPages.FLOWS ? 0 : (int) ((cursor & SHARD_MASK) >>> SHARD_SHIFT);
        if (shard >= shards.length) {
            throw new IllegalArgumentException("Not a cursor: " + cursor);
        }
        return shard;
    }

    /// The cursor of all shards for one that a shard gave.
    private long next(int shard, long next, boolean flows) {
        if (next != END) {
            return next < SocketPages.FLOWS ? next : next | (long) shard << SHARD_SHIFT;
        }
        return flows && shard + 1 < shards.length ? SocketPages.FLOWS | (long) (shard + 1) << SHARD_SHIFT : END;
    }

    /// The range that ports are chosen from.
    public PortRange ephemeral() {
        return monitor.stack().config().ports().ephemeral();
    }

    /// The policy of both transports, as the host was built with.
    public PortPolicy policy() {
        return monitor.stack().config().ports();
    }

    /// Restricts the choice of ports to blocks that were leased to this host, from now on. Flows and bindings on other
    /// ports live on, and a port named by number may be any. It takes at most 1,024 steps under the host's lock,
    /// whatever the number of flows.
    ///
    /// @param lease blocks of ports; those outside of the policy's range do not count. [PortLease#EVERYTHING] lifts
    ///     the restriction
    /// @throws IllegalArgumentException if no port would be left to choose, or the transport is neither TCP nor UDP;
    ///     nothing has changed then
    public void lease(Transport transport, PortLease lease) {
        monitor.enter();
        try {
            table(transport).lease(lease);
        } finally {
            monitor.exit();
        }
    }

    /// The lease of a transport; [PortLease#EVERYTHING] at first.
    ///
    /// @throws IllegalArgumentException if the transport is neither TCP nor UDP
    public PortLease lease(Transport transport) {
        monitor.enter();
        try {
            return table(transport).lease();
        } finally {
            monitor.exit();
        }
    }

    /// Draws new secret keys for the choice of ports, of both transports (RFC 6056 section 3.4); without effect on
    /// flows, and on selections that have no key.
    public void rekeySelection() {
        monitor.enter();
        try {
            table(Transport.TCP).rekeySelection();
            table(Transport.UDP).rekeySelection();
        } finally {
            monitor.exit();
        }
    }

    private PortTable<?> table(Transport transport) {
        return switch (transport) {
            case TCP -> monitor.stack().tcp().ports();
            case UDP -> monitor.stack().udp().ports();
            default -> throw new IllegalArgumentException("A host has ports of TCP and UDP, not of " + transport);
        };
    }

    /// A page of sockets: listeners and bound ports, then flows.
    ///
    /// @param cursor 0 for the first page, then what the page before gave as next
    /// @param details whether entries have details
    /// @throws IllegalArgumentException if the transport is neither TCP nor UDP, or the cursor is none
    public Page<SocketEntry> sockets(Transport transport, long cursor, PortFilter filter, boolean details) {
        List<SocketEntry> entries = new ArrayList<>();
        int shard = shardOf(cursor);
        long own = cursor < SocketPages.FLOWS ? cursor : cursor & ~SHARD_MASK;
        StackMonitor at = shards[shard];
        long now = at.enter();
        try {
            long next = at.stack()
                    .sockets()
                    .page(transport, own, PortPages.DEFAULT_SLOTS, filter, details, now, entries::add);
            return new Page<>(entries, next(shard, next, filter.flows()));
        } finally {
            at.exit();
        }
    }

    /// Shows all sockets that `filter` wants to `visitor`, page by page; it is called outside of the lock.
    public void eachSocket(
            Transport transport, PortFilter filter, boolean details, Consumer<? super SocketEntry> visitor) {
        for (long cursor = 0; cursor != END; ) {
            Page<SocketEntry> page = sockets(transport, cursor, filter, details);
            page.entries().forEach(visitor);
            cursor = page.next();
        }
    }

    /// A page of destinations and how full their ports are; of the filter the addresses, the family and the remote
    /// ports count.
    ///
    /// @param cursor 0 for the first page, then what the page before gave as next
    /// @throws IllegalArgumentException if the transport is neither TCP nor UDP, or the cursor is none
    public Page<PortUsage.Towards> destinations(Transport transport, long cursor, PortFilter filter) {
        List<PortUsage.Towards> entries = new ArrayList<>();
        monitor.enter();
        try {
            PortPages<?> pages = monitor.stack().sockets().of(transport);
            return new Page<>(entries, pages.destinations(cursor, PortPages.DEFAULT_SLOTS, filter, entries::add));
        } finally {
            monitor.exit();
        }
    }

    /// Flows by state, high-water marks and refusals. Takes the lock page by page, so that the counts of states need
    /// not add up to the number of flows while connections come and go.
    ///
    /// @throws IllegalArgumentException if the transport is neither TCP nor UDP
    public Summary summary(Transport transport) {
        Map<String, int[]> counts = new HashMap<>();
        PortCounters counters = null;
        for (StackMonitor shard : shards) {
            long cursor = 0;
            do {
                shard.enter();
                try {
                    SocketPages pages = shard.stack().sockets();
                    cursor = pages.count(transport, cursor, PortPages.DEFAULT_SLOTS, counts);
                    counters = shard == monitor ? pages.of(transport).counters() : counters;
                } finally {
                    shard.exit();
                }
            } while (cursor != END);
        }
        Map<String, Integer> states = new TreeMap<>();
        counts.forEach((state, count) -> states.put(state, count[0]));
        return new Summary(transport, ephemeral(), states, Objects.requireNonNull(counters));
    }
}
