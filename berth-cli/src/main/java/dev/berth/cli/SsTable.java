package dev.berth.cli;

import dev.berth.ports.PortAge;
import dev.berth.ports.ServiceRegistry;
import dev.berth.ports.Transport;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The columns of `berth ss`. Rows are collected, sorted and printed 4,096 at a time, so that a million sockets take
/// no more memory than those; the columns are as wide as the first of them need.
final class SsTable {
    /// What is printed of a socket beside the columns.
    ///
    /// @param numeric ports are numbers, not names of services
    /// @param extended age and octets
    /// @param timers the timer that runs
    /// @param info TCP's algorithms, on a line of their own
    record Style(boolean numeric, boolean extended, boolean timers, boolean info) {}

    private static final int MOST_ROWS = 4_096;
    private static final long MILLI = 1_000_000L;

    private record Row(
            String[] columns, String tail, @Nullable String below, double rank, long localPort) {}

    private static final Map<String, String> STATES = Map.of(
            "ESTABLISHED", "ESTAB",
            "CONNECTED", "ESTAB",
            "SYN-RECEIVED", "SYN-RECV",
            "UNCONNECTED", "UNCONN");

    private final PrintWriter out;
    private final Style style;
    private final String[] titles;
    private final boolean[] right;
    private final List<Row> rows = new ArrayList<>();
    private int @Nullable [] widths;

    private SsTable(PrintWriter out, Style style, String[] titles, boolean... right) {
        this.out = out;
        this.style = style;
        this.titles = titles;
        this.right = right;
    }

    /// A table of sockets.
    static SsTable sockets(PrintWriter out, Style style) {
        String[] titles = {
            "Netid", "State", "Recv-Q", "Send-Q", "Local Address:Port", "Peer Address:Port", "Process", "Owner"
        };
        return new SsTable(out, style, titles, false, false, true, true, true, true, false, false);
    }

    /// A table of the fill towards destinations.
    static SsTable fill(PrintWriter out, Style style) {
        String[] titles = {
            "Netid", "Local Address", "Peer Address:Port", "In use", "TIME-WAIT", "Free", "Full", "Process"
        };
        return new SsTable(out, style, titles, false, true, true, true, true, true, true, false);
    }

    /// Adds a socket as a control socket tells of it.
    ///
    /// @param process where it is, for people
    void addSocket(Map<String, @Nullable Object> socket, String process) {
        String state = text(socket, "state");
        boolean listens = socket.get("remote") == null;
        String[] columns = {
            text(socket, "transport"),
            STATES.getOrDefault(state, state),
            text(socket, "receiveQueue"),
            text(socket, "sendQueue"),
            endpoint(socket, "local"),
            listens ? "*:*" : endpoint(socket, "remote"),
            process,
            text(socket, "owner")
        };
        String below = style.info && socket.get("mss") != null ? info(socket) : null;
        add(new Row(columns, tail(socket), below, listens ? 0 : 1, number(socket, "localPort")));
    }

    /// Adds the fill towards a destination.
    void addFill(Map<String, @Nullable Object> fill, String process) {
        String percent = text(fill, "percent");
        String[] columns = {
            text(fill, "transport"),
            address(text(fill, "local")),
            endpoint(fill, "remote"),
            text(fill, "inUse"),
            text(fill, "timeWait"),
            text(fill, "free"),
            percent + "%",
            process
        };
        add(new Row(columns, "", null, -Double.parseDouble(percent), number(fill, "remotePort")));
    }

    private void add(Row row) {
        rows.add(row);
        if (rows.size() == MOST_ROWS) {
            print();
        }
    }

    /// Prints what was not printed yet, and the titles if there was nothing.
    void finish() {
        if (widths == null || !rows.isEmpty()) {
            print();
        }
        out.flush();
    }

    private void print() {
        rows.sort(Comparator.comparing((Row row) -> row.columns[0])
                .thenComparingDouble(Row::rank)
                .thenComparingLong(Row::localPort)
                .thenComparing(row -> row.columns[4])
                .thenComparing(row -> row.columns[5]));
        if (widths == null) {
            widths = new int[titles.length];
            widen(titles);
            rows.forEach(row -> widen(row.columns));
            line(titles, "");
        }
        for (Row row : rows) {
            line(row.columns, row.tail);
            if (row.below != null) {
                out.println("\t " + row.below);
            }
        }
        rows.clear();
    }

    private void widen(String[] columns) {
        int[] all = widths();
        for (int i = 0; i < columns.length; i++) {
            all[i] = Math.max(all[i], columns[i].length());
        }
    }

    private int[] widths() {
        return widths == null ? new int[titles.length] : widths;
    }

    private void line(String[] columns, String tail) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < columns.length; i++) {
            int space = Math.max(0, widths()[i] - columns[i].length());
            line.append(i == 0 ? "" : "  ");
            if (right[i]) {
                line.repeat(' ', space).append(columns[i]);
            } else {
                line.append(columns[i]).repeat(' ', space);
            }
        }
        if (!tail.isEmpty()) {
            line.append("  ").append(tail);
        }
        out.println(line.toString().stripTrailing());
    }

    private static String text(Map<String, @Nullable Object> members, String name) {
        Object value = members.get(name);
        return value == null ? "" : String.valueOf(value);
    }

    private static long number(Map<String, @Nullable Object> members, String name) {
        return members.get(name) instanceof Long number ? number : 0;
    }

    private String endpoint(Map<String, @Nullable Object> members, String name) {
        int port = (int) number(members, name + "Port");
        String service = null;
        if (!style.numeric && port > 0 && port <= 0xffff) {
            service = ServiceRegistry.iana().nameOf(Transport.parse(text(members, "transport")), port);
        }
        return address(text(members, name)) + ":" + (service == null ? Integer.toString(port) : service);
    }

    /// The wildcard of both families is `*`, IPv6 stands in brackets.
    private static String address(String address) {
        return address.equals("::") ? "*" : address.indexOf(':') >= 0 ? "[" + address + "]" : address;
    }

    private String tail(Map<String, @Nullable Object> socket) {
        List<String> parts = new ArrayList<>();
        String timer = text(socket, "timer");
        if (style.timers && !timer.isEmpty()) {
            parts.add("timer:(" + timer + "," + compact(number(socket, "timerMillis")) + "," + number(socket, "retries")
                    + ")");
        }
        if (style.extended) {
            if (socket.get("ageMillis") != null) {
                parts.add("age:" + compact(number(socket, "ageMillis")));
            }
            if (socket.get("octetsIn") != null) {
                parts.add("in:" + number(socket, "octetsIn") + " out:" + number(socket, "octetsOut"));
            } else if (socket.get("datagramsIn") != null) {
                parts.add("datagrams:" + number(socket, "datagramsIn") + " refused:"
                        + number(socket, "datagramsRefused"));
            } else if (number(socket, "synEntries") > 0) {
                parts.add("syn:" + number(socket, "synEntries"));
            }
            if (number(socket, "flows") > 0) {
                parts.add("flows:" + number(socket, "flows"));
            }
        }
        return String.join(" ", parts);
    }

    private static String compact(long millis) {
        return PortAge.text(millis * MILLI).replace(" ", "");
    }

    private static String info(Map<String, @Nullable Object> socket) {
        long mss = Math.max(1, number(socket, "mss"));
        StringBuilder text = new StringBuilder();
        text.append(Boolean.TRUE.equals(socket.get("timestamps")) ? "ts " : "")
                .append(Boolean.TRUE.equals(socket.get("sack")) ? "sack " : "")
                .append(Boolean.TRUE.equals(socket.get("ecn")) ? "ecn " : "")
                .append(text(socket, "congestion"))
                .append(" wscale:")
                .append(number(socket, "sendScale"))
                .append(',')
                .append(number(socket, "receiveScale"))
                .append(" rto:")
                .append(number(socket, "rtoMillis"))
                .append(" rtt:")
                .append(millis(number(socket, "srttMicros")))
                .append('/')
                .append(millis(number(socket, "rttvarMicros")))
                .append(" mss:")
                .append(mss)
                .append(" cwnd:")
                .append(Math.max(1, number(socket, "cwnd") / mss));
        long ssthresh = number(socket, "ssthresh");
        if (ssthresh != Integer.MAX_VALUE) {
            text.append(" ssthresh:").append(ssthresh / mss);
        }
        text.append(" bytes_sent:").append(number(socket, "octetsSent"));
        appendPositive(text, " bytes_retrans:", number(socket, "octetsRetransmitted"));
        text.append(" bytes_acked:")
                .append(number(socket, "octetsOut"))
                .append(" bytes_received:")
                .append(number(socket, "octetsIn"))
                .append(" unacked:")
                .append((number(socket, "inFlight") + mss - 1) / mss)
                .append(" retrans:")
                .append(number(socket, "retries"))
                .append('/')
                .append(number(socket, "retransmissions"))
                .append(" snd_wnd:")
                .append(number(socket, "sendWindow"))
                .append(" rcv_wnd:")
                .append(number(socket, "receiveWindow"));
        appendPositive(text, " lost:", (number(socket, "octetsLost") + mss - 1) / mss);
        appendPositive(text, " dsack_dups:", number(socket, "duplicateReports"));
        appendPositive(text, " undone:", number(socket, "undone"));
        appendRate(text, " pacing_rate ", number(socket, "pacingRate"));
        appendRate(text, " delivery_rate ", number(socket, "deliveryRate"));
        appendPositive(text, " bytes_delivered:", number(socket, "delivered"));
        if (Boolean.TRUE.equals(socket.get("reorderingSeen"))) {
            text.append(" reordering:").append(millis(number(socket, "reorderingMicros")));
        }
        if (number(socket, "minRttMicros") > 0) {
            text.append(" minrtt:").append(millis(number(socket, "minRttMicros")));
        }
        return text.append(Boolean.TRUE.equals(socket.get("recovering")) ? " recovering" : "")
                .toString();
    }

    private static void appendPositive(StringBuilder text, String name, long value) {
        if (value > 0) {
            text.append(name).append(value);
        }
    }

    private static void appendRate(StringBuilder text, String name, long octetsPerSecond) {
        if (octetsPerSecond > 0) {
            text.append(name).append(8 * octetsPerSecond).append("bps");
        }
    }

    private static String millis(long micros) {
        return String.format(Locale.ROOT, "%.3f", micros / 1_000.0);
    }
}
