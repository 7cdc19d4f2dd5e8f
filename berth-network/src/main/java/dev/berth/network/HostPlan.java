package dev.berth.network;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.stack.StackConfig;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/// How a host of a network is to be: where it is attached, its addresses, its link. What is not said is chosen.
///
/// ```java
/// network.host("db", plan -> plan.in("back").address("10.2.0.5").alias("db.example").link(dsl));
/// ```
public final class HostPlan {
    private final String name;
    private final List<String> subnets = new ArrayList<>();
    private final List<String> addresses = new ArrayList<>();
    private final List<String> aliases = new ArrayList<>();
    private LinkProfile up = LinkProfile.PERFECT;
    private LinkProfile down = LinkProfile.PERFECT;
    private StackConfig config = StackConfig.DEFAULT;
    private UnaryOperator<Link> around = link -> link;
    private UnaryOperator<Host.Builder> finish = builder -> builder;

    HostPlan(String name) {
        this.name = name;
    }

    /// A plan for each host that says nothing else.
    HostPlan defaults(LinkProfile profile, StackConfig settings) {
        up = profile;
        down = profile;
        config = settings;
        return this;
    }

    /// Attaches the host to these subnets; without it, to that of its addresses, or to the only one there is.
    public HostPlan in(String... names) {
        subnets.addAll(List.of(names));
        return this;
    }

    /// Gives the host an address, such as `10.0.0.5`, `10.0.0.5/24` or `fd00::5`; without any, it gets a free one of
    /// each prefix of its subnets.
    public HostPlan address(String... texts) {
        addresses.addAll(List.of(texts));
        return this;
    }

    HostPlan address(IpAddress.Prefix prefix) {
        addresses.add(prefix.toString());
        return this;
    }

    /// Further names of the host.
    public HostPlan alias(String... names) {
        aliases.addAll(List.of(names));
        return this;
    }

    /// What the host's link does, in both directions.
    public HostPlan link(LinkProfile profile) {
        return link(profile, profile);
    }

    /// What the host's link does.
    ///
    /// @param sending to packets that the host sends
    /// @param receiving to packets for the host
    public HostPlan link(LinkProfile sending, LinkProfile receiving) {
        up = Objects.requireNonNull(sending);
        down = Objects.requireNonNull(receiving);
        return this;
    }

    /// Other settings of the host's stack.
    public HostPlan config(StackConfig settings) {
        config = Objects.requireNonNull(settings);
        return this;
    }

    /// Puts something around each link of the host, such as a capture.
    public HostPlan around(UnaryOperator<Link> decorator) {
        UnaryOperator<Link> inner = around;
        around = link -> decorator.apply(inner.apply(link));
        return this;
    }

    /// Adds to what builds the host, after its links and addresses: a loopback link, a policy of ports.
    public HostPlan build(UnaryOperator<Host.Builder> more) {
        UnaryOperator<Host.Builder> first = finish;
        finish = builder -> more.apply(first.apply(builder));
        return this;
    }

    String name() {
        return name;
    }

    List<String> subnets() {
        return subnets;
    }

    List<String> addresses() {
        return addresses;
    }

    List<String> aliases() {
        return aliases;
    }

    LinkProfile up() {
        return up;
    }

    LinkProfile down() {
        return down;
    }

    StackConfig config() {
        return config;
    }

    UnaryOperator<Link> around() {
        return around;
    }

    UnaryOperator<Host.Builder> finish() {
        return finish;
    }
}
