package dev.berth.junit;

import dev.berth.ports.Transport;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/// What was said on a network, or the part of it that [#from], [#to], [#onPort] and [#over] have left. Immutable.
public final class TrafficAssert {
    private static final int MAX_LISTED = 20;

    private final TrafficLog traffic;
    private final Predicate<Talk> wanted;
    private final String which;

    TrafficAssert(TrafficLog traffic) {
        this(traffic, talk -> true, "");
    }

    private TrafficAssert(TrafficLog traffic, Predicate<Talk> wanted, String which) {
        this.traffic = traffic;
        this.wanted = wanted;
        this.which = which;
    }

    private TrafficAssert only(Predicate<Talk> more, String words) {
        return new TrafficAssert(traffic, wanted.and(more), which + words);
    }

    /// Only what a host began: connections that it opened, datagrams between ports where it sent the first.
    public TrafficAssert from(String host) {
        return only(talk -> talk.client().equals(host), " from " + host);
    }

    /// Only what was begun towards a host.
    public TrafficAssert to(String host) {
        return only(talk -> talk.server().equals(host), " to " + host);
    }

    /// Only what was begun towards a port.
    public TrafficAssert onPort(int port) {
        return only(talk -> talk.serverEnd().port() == port, " on port " + port);
    }

    /// Only TCP, or only UDP.
    public TrafficAssert over(Transport transport) {
        return only(talk -> talk.transport() == transport, " over " + transport);
    }

    private List<Talk> talks() {
        return traffic.talks().stream().filter(wanted).toList();
    }

    private List<Talk> connections() {
        return talks().stream()
                .filter(talk -> talk.transport() == Transport.TCP && talk.established())
                .toList();
    }

    /// So many connections of TCP were accepted, whether they still exist or not.
    public TrafficAssert hasConnections(int count) {
        int there = connections().size();
        return check(there == count, number(count, "connection"), there == 1 ? "1" : String.valueOf(there));
    }

    /// At least so many connections of TCP were accepted.
    public TrafficAssert hasConnectionsAtLeast(int count) {
        int there = connections().size();
        return check(there >= count, "at least " + number(count, "connection"), String.valueOf(there));
    }

    /// At most so many connections of TCP were accepted.
    public TrafficAssert hasConnectionsAtMost(int count) {
        int there = connections().size();
        return check(there <= count, "at most " + number(count, "connection"), String.valueOf(there));
    }

    /// So many connections of TCP were tried and not accepted: refused, or not answered.
    public TrafficAssert hasFailedConnections(int count) {
        long there = talks().stream().filter(talk -> !talk.established()).count();
        return check(there == count, number(count, "failed connection"), String.valueOf(there));
    }

    /// No segment of TCP was sent again.
    public TrafficAssert hasNoRetransmissions() {
        return hasRetransmissionsAtMost(0);
    }

    /// At most so many segments of TCP were sent again.
    public TrafficAssert hasRetransmissionsAtMost(long count) {
        long there = sum(Talk::retransmissions);
        String expected = count == 0 ? "no retransmissions" : "at most " + number(count, "retransmission");
        return check(there <= count, expected, String.valueOf(there));
    }

    /// At least so many segments of TCP were sent again.
    public TrafficAssert hasRetransmissionsAtLeast(long count) {
        long there = sum(Talk::retransmissions);
        return check(there >= count, "at least " + number(count, "retransmission"), String.valueOf(there));
    }

    /// No connection was reset.
    public TrafficAssert hasNoResets() {
        long there = talks().stream().filter(Talk::reset).count();
        return check(there == 0, "no connection to be reset", String.valueOf(there));
    }

    /// Clients have sent exactly so many octets of data; what was sent again counts once.
    public TrafficAssert hasSentOctets(long octets) {
        long there = sum(talk -> talk.toServer().octets());
        return check(there == octets, number(octets, "octet") + " sent by clients", String.valueOf(there));
    }

    /// Clients have sent at least so many octets of data.
    public TrafficAssert hasSentOctetsAtLeast(long octets) {
        long there = sum(talk -> talk.toServer().octets());
        String expected = "at least " + number(octets, "octet") + " sent by clients";
        return check(there >= octets, expected, String.valueOf(there));
    }

    /// Servers have sent exactly so many octets of data; what was sent again counts once.
    public TrafficAssert hasReceivedOctets(long octets) {
        long there = sum(talk -> talk.toClient().octets());
        return check(there == octets, number(octets, "octet") + " sent by servers", String.valueOf(there));
    }

    /// Servers have sent at least so many octets of data.
    public TrafficAssert hasReceivedOctetsAtLeast(long octets) {
        long there = sum(talk -> talk.toClient().octets());
        String expected = "at least " + number(octets, "octet") + " sent by servers";
        return check(there >= octets, expected, String.valueOf(there));
    }

    /// Something was said.
    public TrafficAssert happened() {
        return check(!talks().isEmpty(), "some traffic", "none");
    }

    /// Nothing was said at all.
    public TrafficAssert didNotHappen() {
        int there = talks().size();
        return check(there == 0, "no traffic", there == 1 ? "1 talk" : there + " talks");
    }

    /// Talks were begun towards exactly these hosts, in any order and number.
    public TrafficAssert reachedOnly(String... hosts) {
        Set<String> expected = new TreeSet<>(List.of(hosts));
        Set<String> there = new TreeSet<>();
        talks().forEach(talk -> there.add(talk.server()));
        return check(there.equals(expected), "traffic to " + expected + " and nobody else", "traffic to " + there);
    }

    private long sum(ToLongFunction<Talk> of) {
        return talks().stream().mapToLong(of).sum();
    }

    private static String number(long count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }

    private TrafficAssert check(boolean holds, String expected, String actual) {
        if (holds) {
            return this;
        }
        StringBuilder message = new StringBuilder("Expected ")
                .append(expected)
                .append(which)
                .append(", but there ")
                .append(actual.matches("(?!1\\b)\\d.*") ? "were " : "was ")
                .append(actual)
                .append('.');
        list(message, "Seen" + which, talks());
        if (!which.isEmpty()) {
            List<Talk> others = new ArrayList<>(traffic.talks());
            others.removeIf(wanted);
            list(message, "Other traffic", others);
        }
        throw new AssertionError(message.toString());
    }

    private static void list(StringBuilder message, String title, List<Talk> talks) {
        message.append('\n').append(title).append(':');
        if (talks.isEmpty()) {
            message.append(" nothing");
        }
        for (Talk talk : talks.subList(0, Math.min(MAX_LISTED, talks.size()))) {
            message.append("\n  ").append(talk);
        }
        if (talks.size() > MAX_LISTED) {
            message.append("\n  and ").append(talks.size() - MAX_LISTED).append(" more");
        }
    }
}
