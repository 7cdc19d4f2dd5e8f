package dev.berth.host;

import dev.berth.ports.PortStatistics;
import dev.berth.ports.PortWarning;
import dev.berth.stack.NetStack;
import org.jspecify.annotations.Nullable;

/// Tells people when a host runs short of ports: in the log `dev.berth.host` at the level WARNING, for all
/// destinations together at most 8 times a minute. What goes beyond is counted and told with the next one.
final class PortShortage {
    private static final int MOST = 8;
    private static final long MINUTE = 60_000_000_000L;

    private final String host;
    private final NetStack stack;
    private final PortStatistics tcp;
    private final PortStatistics udp;

    // Under the host's lock
    private long minuteBegan = Long.MIN_VALUE;
    private int told;
    private long untold;

    PortShortage(String host, NetStack stack) {
        this.host = host;
        this.stack = stack;
        tcp = stack.tcp().ports().statistics();
        udp = stack.udp().ports().statistics();
    }

    /// What there is to tell now, to be logged outside of the lock; null for nothing. Under the host's lock.
    @Nullable
    String poll(long now) {
        // At every exit of the host's critical section.
        return tcp.hasWarning() || udp.hasWarning() ? next(now) : null;
    }

    private @Nullable String next(long now) {
        if (minuteBegan == Long.MIN_VALUE || now - minuteBegan >= MINUTE) {
            minuteBegan = now;
            told = 0;
        }
        StringBuilder text = new StringBuilder();
        PortWarning warning;
        while ((warning = stack.sockets().pollWarning()) != null) {
            if (told == MOST) {
                untold++;
                continue;
            }
            told++;
            text.append(text.isEmpty() ? "" : "\n")
                    .append("Host ")
                    .append(host)
                    .append(" runs short of ports. ")
                    .append(warning);
            if (untold > 0) {
                text.append(" (").append(untold).append(" such warnings were left out before.)");
                untold = 0;
            }
        }
        return text.isEmpty() ? null : text.toString();
    }

    static void log(String text) {
        // Asked for only now: the first logger of a JVM takes a tenth of a second, and most hosts never warn.
        System.getLogger("dev.berth.host").log(System.Logger.Level.WARNING, text);
    }
}
