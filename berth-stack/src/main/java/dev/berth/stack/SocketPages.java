package dev.berth.stack;

import dev.berth.ports.Flow;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortFilter;
import dev.berth.ports.PortPages;
import dev.berth.ports.PortWarning;
import dev.berth.ports.Transport;
import dev.berth.stack.endpoint.SocketEntry;
import dev.berth.stack.tcp.TcpEntries;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.udp.UdpEndpoint;
import dev.berth.stack.udp.UdpEntries;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The sockets of a [NetStack] page by page: first listeners and bound ports, then connections and what is left of
/// them. The promise of [PortPages] holds for the whole.
///
/// A cursor is a number that the caller may keep, send away and use whenever it likes. Used in the stack's critical
/// section, for the length of one call.
public final class SocketPages {
    /// The cursor after the last page; the first page begins at 0.
    public static final long END = PortPages.END;

    /// The first of the cursors that are among the flows; the others are among the bindings.
    public static final long FLOWS = 1L << 62;

    private final NetStack stack;

    SocketPages(NetStack stack) {
        this.stack = stack;
    }

    /// The table of a transport, page by page.
    ///
    /// @throws IllegalArgumentException if `transport` is neither TCP nor UDP
    public PortPages<?> of(Transport transport) {
        return switch (transport) {
            case TCP -> stack.tcp().ports().pages();
            case UDP -> stack.udp().ports().pages();
            default -> throw new IllegalArgumentException("Sockets are of TCP or UDP, not " + transport);
        };
    }

    /// Shows the sockets that `filter` wants among the next `slots` slots of the table. Ports that are bound and have
    /// flows but no listener are not shown: the flows are.
    ///
    /// @param cursor 0, or what the call before returned
    /// @param slots the size of the page, at least 1
    /// @param details whether entries have details
    /// @return the next cursor, or [#END]
    /// @throws IllegalArgumentException if the cursor, the size or the transport is none
    public long page(
            Transport transport,
            long cursor,
            int slots,
            PortFilter filter,
            boolean details,
            long now,
            Consumer<? super SocketEntry> visitor) {
        PortPages<?> table = of(transport);
        if (cursor < 0) {
            throw new IllegalArgumentException("Not a cursor: " + cursor);
        }
        if (cursor < FLOWS && filter.bindings()) {
            long next = bindings(transport, cursor, slots, filter, details, now, visitor);
            return next != PortPages.END ? next : filter.flows() ? FLOWS : END;
        }
        if (!filter.flows()) {
            return END;
        }
        Consumer<Flow> flows = transport == Transport.TCP
                ? flow -> visitor.accept(TcpEntries.of(flow, details, now))
                : flow -> visitor.accept(UdpEntries.of(flow, details, now));
        long next = table.flows(cursor & FLOWS - 1, slots, filter, flows);
        return next == PortPages.END ? END : FLOWS | next;
    }

    private long bindings(
            Transport transport,
            long cursor,
            int slots,
            PortFilter filter,
            boolean details,
            long now,
            Consumer<? super SocketEntry> visitor) {
        if (transport == Transport.TCP) {
            PortPages<TcpListener> pages = stack.tcp().ports().pages();
            return pages.bindings(cursor, slots, filter, binding -> {
                if (isShown(binding)) {
                    visitor.accept(TcpEntries.of(binding, details, now));
                }
            });
        }
        PortPages<UdpEndpoint> pages = stack.udp().ports().pages();
        return pages.bindings(cursor, slots, filter, binding -> {
            if (isShown(binding)) {
                visitor.accept(UdpEntries.of(binding, details, now));
            }
        });
    }

    private static boolean isShown(PortBinding<?> binding) {
        return binding.listener() != null || !binding.isClosed() && binding.flowCount() == 0;
    }

    /// Counts the flows among the next `slots` slots by state.
    ///
    /// @param counts where to count, by the name of the state; each value is an array of one number
    /// @return the next cursor, or [#END]
    public long count(Transport transport, long cursor, int slots, Map<String, int[]> counts) {
        return of(transport)
                .flows(
                        cursor,
                        slots,
                        PortFilter.ALL,
                        flow -> counts.computeIfAbsent(flow.stateName(), _ -> new int[1])[0]++);
    }

    /// Whether [#pollWarning] has something; costs next to nothing.
    public boolean hasWarning() {
        return stack.tcp().ports().statistics().hasWarning()
                || stack.udp().ports().statistics().hasWarning();
    }

    /// The next warning that ports run short, of TCP or of UDP; null if there is none.
    public @Nullable PortWarning pollWarning() {
        PortWarning warning = stack.tcp().ports().pollWarning();
        return warning != null ? warning : stack.udp().ports().pollWarning();
    }
}
