package dev.berth.ports;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// A [PortTable] seen page by page, so that nobody has to hold its lock for long, however many entries it has.
///
/// Each method looks at a bounded part of the table from a cursor on and returns the cursor to go on with,
/// [#END] after the last part. A cursor is a place in the table's order and not a thing: it costs nothing, never
/// becomes invalid, and the table may change, grow and shrink between pages. The promise: **an entry that is in
/// the table during the whole walk is seen exactly once**; one that came or went meanwhile is seen or not; a tuple
/// that was given up and claimed again may be seen twice. A flow that changes its representation (half-open,
/// established, TIME-WAIT) counts as the same.
///
/// Only what the filter wants is shown to the visitor, which must not change the table; what it does not want
/// allocates nothing. Guarded by whatever guards the table, for the length of one call.
///
/// @param <L> the type of the table's listeners
public final class PortPages<L> {
    /// The cursor after the last page; the first page begins at 0.
    public static final long END = SlotTable.END;

    /// A page of this many slots takes some ten microseconds.
    public static final int DEFAULT_SLOTS = 1_024;

    private static final int SERIAL_BITS = 46;
    private static final long SERIAL_MASK = (1L << SERIAL_BITS) - 1;
    /// Numbers without a binding are passed over faster than bindings are shown.
    private static final int NUMBERS_PER_SLOT = 8;

    private final PortTable<L> table;
    private final FlowTable flows;
    private final Bindings<L> bindings;
    private final ClientPorts clients;

    PortPages(PortTable<L> table, FlowTable flows, Bindings<L> bindings, ClientPorts clients) {
        this.table = table;
        this.flows = flows;
        this.bindings = bindings;
        this.clients = clients;
    }

    /// Shows the flows that `filter` wants among the next `slots` slots, in no order.
    ///
    /// @param cursor 0, or what the call before returned
    /// @param slots the size of the page, at least 1
    /// @return the next cursor, or [#END]
    /// @throws IllegalArgumentException if the cursor or the size is none
    public long flows(long cursor, int slots, PortFilter filter, Consumer<? super Flow> visitor) {
        requireCursor(cursor, 1L << Integer.SIZE);
        requireSlots(slots);
        return flows.walk(cursor, slots, flow -> {
            if (filter.matches(flow)) {
                visitor.accept(flow);
            }
        });
    }

    /// Shows bindings that `filter` wants, by port, those of one port newest first. A port with many bindings takes
    /// several pages; each begins with a walk past those that were seen, a few nanoseconds for each.
    ///
    /// @param cursor 0, or what the call before returned
    /// @param slots the most bindings to look at, at least 1
    /// @return the next cursor, or [#END]
    /// @throws IllegalArgumentException if the cursor or the size is none
    public long bindings(long cursor, int slots, PortFilter filter, Consumer<? super PortBinding<L>> visitor) {
        requireCursor(cursor, (long) PortRange.PORTS << SERIAL_BITS);
        requireSlots(slots);
        return table.looking(() -> bindingsNow(cursor, slots, filter, visitor));
    }

    private long bindingsNow(long cursor, int slots, PortFilter filter, Consumer<? super PortBinding<L>> visitor) {
        // A cursor is a port and the number of the last binding seen there; 0 stands for none yet.
        int port = Math.max((int) (cursor >>> SERIAL_BITS), filter.localPorts().first());
        long seen = (cursor >>> SERIAL_BITS) == port ? cursor & SERIAL_MASK : 0;
        long numbers = (long) slots * NUMBERS_PER_SLOT;
        int left = slots;
        for (; port <= filter.localPorts().last(); port++) {
            if (--numbers < 0) {
                return (long) port << SERIAL_BITS | seen;
            }
            for (PortBinding<L> b = bindings.newest(port); b != null; b = b.next) {
                if (seen != 0 && b.serial >= seen) {
                    continue;
                }
                if (--left < 0) {
                    return (long) port << SERIAL_BITS | seen;
                }
                seen = b.serial;
                if (filter.matches(b)) {
                    visitor.accept(b);
                }
            }
            seen = 0;
        }
        return END;
    }

    /// Shows how full the ports are towards the destinations that `filter` wants by its addresses and its remote
    /// ports, among the next `slots` slots, in no order. Only flows without a binding count: those of ordinary
    /// clients.
    ///
    /// @param cursor 0, or what the call before returned
    /// @param slots the size of the page, at least 1
    /// @return the next cursor, or [#END]
    /// @throws IllegalArgumentException if the cursor or the size is none
    public long destinations(long cursor, int slots, PortFilter filter, Consumer<? super PortUsage.Towards> visitor) {
        requireCursor(cursor, 1L << Integer.SIZE);
        requireSlots(slots);
        return table.looking(() -> clients.walk(cursor, slots, d -> {
            if (filter.matchesDestination(d.localHi, d.localLo, d.remoteHi, d.remoteLo, d.remotePort)) {
                visitor.accept(towards(d));
            }
        }));
    }

    /// Everything but the flows, in one piece.
    PortUsage snapshot() {
        return table.looking(this::snapshotNow);
    }

    private PortUsage snapshotNow() {
        List<PortUsage.Binding> bound = new ArrayList<>(bindings.size());
        for (PortBinding<L> b : bindings.list()) {
            String owner = PortOwner.labelOf(b.owner());
            bound.add(new PortUsage.Binding(b.endpoint(), b.sharing(), b.stateName(), b.flowCount(), owner, b.since()));
        }
        List<PortUsage.Towards> towards = new ArrayList<>();
        for (long cursor = 0; cursor != END; ) {
            cursor = destinations(cursor, DEFAULT_SLOTS, PortFilter.ALL, towards::add);
        }
        towards.sort((a, b) -> Integer.compare(b.inUse(), a.inUse()));
        return new PortUsage(
                table.transport(),
                table.policy().ephemeral(),
                table.flowCount(),
                table.timeWaitCount(),
                counters(),
                bound,
                towards);
    }

    private PortUsage.Towards towards(Destination d) {
        Endpoint remote = new Endpoint(new IpAddress(d.remoteHi, d.remoteLo), d.remotePort);
        int free = table.freePorts(d.localHi, d.localLo, d.remoteHi, d.remoteLo, d.remotePort);
        return new PortUsage.Towards(new IpAddress(d.localHi, d.localLo), remote, d.used.size(), d.timeWait, free);
    }

    /// The counts of entries, their high-water marks, and the refusals. Allocates.
    public PortCounters counters() {
        return table.looking(
                () -> table.statistics().copy(table.flowCount(), table.timeWaitCount(), table.bindingCount()));
    }

    private static void requireCursor(long cursor, long bound) {
        if (cursor < 0 || cursor >= bound) {
            throw new IllegalArgumentException("Not a cursor of this walk: " + cursor);
        }
    }

    private static void requireSlots(int slots) {
        if (slots < 1) {
            throw new IllegalArgumentException("A page has at least 1 slot, not " + slots);
        }
    }
}
