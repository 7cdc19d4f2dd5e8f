package dev.berth.network;

import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/// Some of the packets of a network, and what can be done to them. Made by [Network#between], [Network#fromTo],
/// [Network#of], [Network#traffic]; narrowed by [#tcp], [#udp] and [#port]. Immutable.
///
/// ```java
/// Fault slow = network.between("web", "db").port(5432).latency(Duration.ofMillis(200));
/// Fault lost = network.traffic().loss(0.02);
/// slow.close();
/// ```
///
/// Each method below adds a [Fault] that lasts until it is closed. Faults are asked where a packet leaves its host,
/// in the order in which they were added; see [Rule]. Those that only make packets slower, lose or change some of
/// them work together; the first that decides on a packet for good wins.
public final class Traffic {
    private enum Shape {
        ALL,
        ONE_WAY,
        BOTH_WAYS,
        /// From or to one of the first group.
        TOUCHING,
        /// Between one of the first group and one that is not in it.
        ACROSS
    }

    private final Network network;
    private final Shape shape;
    private final Node[] first;
    private final Node[] second;
    private final int protocol;
    private final int port;

    private Traffic(Network network, Shape shape, List<Node> first, List<Node> second, int protocol, int port) {
        this.network = network;
        this.shape = shape;
        this.first = first.toArray(new Node[0]);
        this.second = second.toArray(new Node[0]);
        this.protocol = protocol;
        this.port = port;
    }

    static Traffic all(Network network) {
        return new Traffic(network, Shape.ALL, List.of(), List.of(), 0, 0);
    }

    static Traffic oneWay(Network network, Node from, Node to) {
        return new Traffic(network, Shape.ONE_WAY, List.of(from), List.of(to), 0, 0);
    }

    static Traffic bothWays(Network network, List<Node> first, List<Node> second) {
        return new Traffic(network, Shape.BOTH_WAYS, first, second, 0, 0);
    }

    static Traffic touching(Network network, Node node) {
        return new Traffic(network, Shape.TOUCHING, List.of(node), List.of(), 0, 0);
    }

    static Traffic across(Network network, List<Node> group) {
        return new Traffic(network, Shape.ACROSS, group, List.of(), 0, 0);
    }

    /// TCP only. Of a datagram in fragments that is the first one, as it is for [#udp] and [#port]: the others do not
    /// say what they are part of.
    public Traffic tcp() {
        return new Traffic(network, shape, List.of(first), List.of(second), IpProtocol.TCP, port);
    }

    /// UDP only.
    public Traffic udp() {
        return new Traffic(network, shape, List.of(first), List.of(second), IpProtocol.UDP, port);
    }

    /// Only packets of TCP or UDP from or to this port.
    ///
    /// @throws IllegalArgumentException unless the port is 1 to 65535
    public Traffic port(int number) {
        if (number < 1 || number > 65_535) {
            throw new IllegalArgumentException("A port is 1 to 65535, not " + number);
        }
        return new Traffic(network, shape, List.of(first), List.of(second), protocol, number);
    }

    /// The same with the other direction.
    private Traffic bothWays() {
        return shape == Shape.ONE_WAY
                ? new Traffic(network, Shape.BOTH_WAYS, List.of(first), List.of(second), protocol, port)
                : this;
    }

    boolean matches(Passage passage) {
        return matches(passage.packet, passage.from, passage.to);
    }

    /// Whether a packet from one node to another is meant: always the same, whenever it is asked.
    boolean matches(Packet packet, Node from, Node to) {
        boolean hosts = switch (shape) {
            case ALL -> true;
            case ONE_WAY -> in(first, from) && in(second, to);
            case BOTH_WAYS -> in(first, from) && in(second, to) || in(second, from) && in(first, to);
            case TOUCHING -> in(first, from) || in(first, to);
            case ACROSS -> in(first, from) != in(first, to);
        };
        return hosts
                && (protocol == 0 || packet.protocol == protocol)
                && (port == 0 || Passage.sourcePort(packet) == port || Passage.destinationPort(packet) == port);
    }

    private static boolean in(Node[] group, Node node) {
        for (Node member : group) {
            if (member == node) {
                return true;
            }
        }
        return false;
    }

    // Packets

    /// Asks a rule of one's own.
    ///
    /// @param rule if it throws or gives null, the fault ends and the log says so; [Fault#failure] has the exception
    public Fault rule(Rule rule) {
        return add("rule", Objects.requireNonNull(rule));
    }

    /// Loses everything: a partition.
    public Fault cut() {
        return add("cut", _ -> Verdict.DROP);
    }

    /// Puts a link of this profile into the way, one for each two hosts and direction. Its queue never pushes back,
    /// as it lies behind the sender's own link: with [LinkProfile#dropTail] it drops, otherwise it holds what comes.
    public Fault impaired(LinkProfile profile) {
        if (profile.isTransparent()) {
            throw new IllegalArgumentException("That profile changes nothing");
        }
        return impaired("impaired " + profile, profile);
    }

    private Fault impaired(String text, LinkProfile profile) {
        return add(text, new PipeRule(network, profile));
    }

    /// Loses packets at random.
    ///
    /// @param rate 0 to 1; 0.02 is 2 %
    public Fault loss(double rate) {
        return loss(LossModel.random(rate));
    }

    /// Loses packets, by [LossModel#bursts] for example.
    public Fault loss(LossModel model) {
        return impaired("loss " + model, LinkProfile.PERFECT.loss(model));
    }

    /// Lets some packets arrive twice.
    public Fault duplicate(double rate) {
        return impaired("duplicate " + rate, LinkProfile.PERFECT.duplicate(rate));
    }

    /// Makes one bit of some packets wrong.
    public Fault corrupt(double rate) {
        return impaired("corrupt " + rate, LinkProfile.PERFECT.corrupt(rate));
    }

    /// Delays some packets, so that those behind overtake them.
    public Fault reorder(double rate, Duration by) {
        return impaired("reorder " + rate + " by " + by, LinkProfile.PERFECT.reorder(rate, by));
    }

    /// A link that goes down and comes back, again and again; it is up at first.
    ///
    /// @throws IllegalArgumentException if a time is 0, negative or more than a day
    public Fault flap(Duration up, Duration down) {
        long upNanos = LinkProfile.nanos("time up", up);
        long downNanos = LinkProfile.nanos("time down", down);
        if (upNanos == 0 || downNanos == 0) {
            throw new IllegalArgumentException("A link that flaps is up for a while and down for a while");
        }
        long start = network.clock().now();
        return add(
                "flap, " + up + " up and " + down + " down",
                passage -> (passage.now() - start) % (upNanos + downNanos) < upNanos ? Verdict.PASS : Verdict.DROP);
    }

    // Streams, by the names that users of Toxiproxy know

    /// Delays everything by this time, each way. Nothing is reordered.
    public Fault latency(Duration latency) {
        return latency(latency, Duration.ZERO);
    }

    /// Delays everything, each way, by a time that varies by `jitter` up or down. Nothing is reordered.
    ///
    /// @throws IllegalArgumentException if the jitter is more than the latency
    public Fault latency(Duration latency, Duration jitter) {
        return impaired(
                "latency " + latency + (jitter.isZero() ? "" : " +- " + jitter),
                LinkProfile.PERFECT.latency(latency).jitter(jitter));
    }

    /// Lets so many bits per second through, each way; what is more waits.
    ///
    /// @throws IllegalArgumentException if it is less than 1000: [#cut] lets nothing through
    public Fault bandwidth(long bitsPerSecond) {
        if (bitsPerSecond == 0) {
            throw new IllegalArgumentException(
                    "A bandwidth is 1000 bits per second or more, not 0: cut() lets nothing through");
        }
        return impaired("bandwidth " + bitsPerSecond, LinkProfile.PERFECT.bandwidth(bitsPerSecond));
    }

    /// Keeps connections from closing: the FIN of either side arrives so much later.
    public Fault slowClose(Duration delay) {
        return add("slow_close " + delay, StreamRules.slowClose(LinkProfile.nanos("delay of FIN", delay)));
    }

    /// Lets no data of TCP through, and closes connections by RST after this time; never if it is zero: then they go
    /// on when the fault is closed.
    public Fault timeout(Duration time) {
        long nanos = LinkProfile.nanos("timeout", time);
        return bothWays().add("timeout " + time, new StreamRules.Ending(network, this, nanos, true));
    }

    /// Resets TCP connections, this time after their handshake or the first packet that is seen of them.
    public Fault resetPeer(Duration delay) {
        long nanos = LinkProfile.nanos("delay of RST", delay);
        return bothWays().add("reset_peer " + delay, new StreamRules.Ending(network, this, nanos, false));
    }

    /// Ends TCP connections when so many octets of data have gone one way: the receiver gets those octets and the end
    /// of the stream, then both ends are reset.
    ///
    /// @throws IllegalArgumentException if `octets` is negative
    public Fault limitData(long octets) {
        if (octets < 0 || octets > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("A limit is 0 to 2^31 - 1 octets, not " + octets);
        }
        return bothWays().add("limit_data " + octets, new StreamRules.Limit(this, (int) octets));
    }

    private Fault add(String what, Rule rule) {
        Fault fault = new Fault(network, what + " on " + this);
        network.rules().add(fault, this, rule);
        return fault;
    }

    @Override
    public String toString() {
        String hosts = switch (shape) {
            case ALL -> "all traffic";
            case ONE_WAY -> "traffic from " + first[0] + " to " + second[0];
            case BOTH_WAYS -> "traffic between " + names(first) + " and " + names(second);
            case TOUCHING -> "traffic of " + first[0];
            case ACROSS -> "traffic between " + names(first) + " and all others";
        };
        String kind = protocol == IpProtocol.TCP ? ", TCP" : protocol == IpProtocol.UDP ? ", UDP" : "";
        return hosts + kind + (port == 0 ? "" : ", port " + port);
    }

    private static String names(Node[] nodes) {
        return nodes.length == 1 ? nodes[0].name() : Arrays.toString(nodes);
    }
}
