package dev.berth.agent.run;

import dev.berth.agent.jdk.Strictness;
import dev.berth.gateway.GatewayLimits;
import dev.berth.gateway.OutsideRule;
import dev.berth.gateway.shared.Membership;
import dev.berth.ports.EphemeralSelection;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.wire.IpAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a program's host is to be, as options say it ([HostOption]).
///
/// @param name the host's name
/// @param named whether somebody has asked for that name
/// @param addresses its addresses, one at least; for a member of a network, those it wishes for, if any
/// @param ports which ports it hands out
/// @param publications its published ports
/// @param network the network that it joins, or null
/// @param tun the name of a TUN device, or null
/// @param outside whether it reaches the outside through the machine's sockets
/// @param rules what of the outside it may reach, the first that matches decides
/// @param limits how much of the outside it may have
/// @param capture the file to record packets to, or null
/// @param shards into how many parts the host is divided; 0 for as many as hosts have by default
/// @param watched whether ports and flows are printed when they change
/// @param control where `berth ss` can ask: a path, `off`, or null for the user's own directory
/// @param rewriting whether methods of the JDK may be rewritten
/// @param strictness what becomes of sockets of the kernel that the JDK still opens
public record HostPlan(
        String name,
        boolean named,
        List<IpAddress.Prefix> addresses,
        PortPolicy ports,
        List<Publication> publications,
        @Nullable String network,
        @Nullable String tun,
        boolean outside,
        List<OutsideRule> rules,
        GatewayLimits limits,
        @Nullable Path capture,
        int shards,
        boolean watched,
        @Nullable String control,
        boolean rewriting,
        Strictness strictness) {

    /// A plan that nothing was said about.
    public static Builder builder() {
        return new Builder();
    }

    /// The options of the agent: `key=value,key=value`; a flag is a key alone. A comma within a value is written `\,`.
    ///
    /// @throws IllegalArgumentException if they make no sense, with a sentence that says why
    public static HostPlan parse(@Nullable String options) {
        Builder builder = builder();
        for (String each : split(options == null ? "" : options)) {
            int equals = each.indexOf('=');
            String key = equals < 0 ? each : each.substring(0, equals);
            HostOption option = HostOption.of(key).orElse(null);
            if (option == null) {
                throw new IllegalArgumentException("There is no option '" + key + "'; there are " + keys());
            }
            if (equals < 0 && (option.kind() == HostOption.Kind.VALUE || option.kind() == HostOption.Kind.REPEATED)) {
                throw new IllegalArgumentException("Option '" + key + "' needs a value: " + key + "=" + option.label());
            }
            try {
                builder.put(option, option.read(each.substring(equals < 0 ? each.length() : equals + 1)));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("Invalid value for option '" + key + "': " + e.getMessage(), e);
            }
        }
        return builder.build();
    }

    private static String keys() {
        List<String> keys = new ArrayList<>();
        for (HostOption option : HostOption.values()) {
            keys.add(option.key());
        }
        return String.join(", ", keys);
    }

    private static List<String> split(String options) {
        List<String> parts = new ArrayList<>();
        int from = 0;
        for (int at = 0; at <= options.length(); at++) {
            boolean end = at == options.length();
            if (end || options.charAt(at) == ',' && (at == 0 || options.charAt(at - 1) != '\\')) {
                String part = options.substring(from, at);
                if (!part.isBlank()) {
                    parts.add(part.strip().replace("\\,", ","));
                }
                from = at + 1;
            }
        }
        return parts;
    }

    /// Collects options. Not safe for several threads.
    public static final class Builder {
        private @Nullable String name;
        private final List<IpAddress.Prefix> addresses = new ArrayList<>();
        private final List<Publication> publications = new ArrayList<>();
        private @Nullable String network;
        private @Nullable String tun;
        private @Nullable Boolean outside;
        private final List<OutsideRule> rules = new ArrayList<>();
        private @Nullable GatewayLimits limits;
        private @Nullable Path capture;
        private PortPolicy policy = PortPolicy.dynamic();
        private @Nullable PortRange ephemeral;
        private final List<PortRange> reserved = new ArrayList<>();
        private @Nullable EphemeralSelection selection;
        private int unprivilegedFrom;
        private int shards;
        private boolean watched;
        private @Nullable String control;
        private boolean rewriting = true;
        private Strictness strictness = Strictness.OFF;

        private Builder() {}

        /// Sets an option, or adds to it.
        ///
        /// @param value as [HostOption#read] returns it
        public Builder put(HostOption option, Object value) {
            switch (option) {
                case PUBLISH -> publish(value);
                case ADDRESS -> addresses.add((IpAddress.Prefix) value);
                case NAME -> name = (String) value;
                case NETWORK -> network = (String) value;
                case TUN -> tun = (String) value;
                case OUTSIDE -> outside = (Boolean) value;
                case ALLOW, DENY -> rules.add((OutsideRule) value);
                case LIMIT -> limits = (limits == null ? GatewayLimits.DEFAULT : limits).with((String) value);
                case CAPTURE -> capture = (Path) value;
                case PORT_POLICY -> policy = (PortPolicy) value;
                case EPHEMERAL -> ephemeral = (PortRange) value;
                case RESERVED -> reserved.add((PortRange) value);
                case SELECTION -> selection = (EphemeralSelection) value;
                case UNPRIVILEGED_FROM -> unprivilegedFrom = (Integer) value;
                case SHARDS -> shards = (Integer) value;
                case PORTS -> watched = (Boolean) value;
                case CONTROL -> control = (String) value;
                case STRICT -> strictness = (Strictness) value;
                case SPI -> rewriting = !(Boolean) value;
            }
            return this;
        }

        /// All of a range; some parsers of command lines hand them in one by one.
        private void publish(Object value) {
            if (value instanceof List<?> range) {
                range.forEach(this::publish);
            } else {
                publications.add((Publication) value);
            }
        }

        /// The plan.
        ///
        /// @throws IllegalArgumentException if the options do not go together, with a sentence that says why
        public HostPlan build() {
            Set<IpAddress> seen = new HashSet<>();
            for (IpAddress.Prefix prefix : addresses) {
                if (!seen.add(prefix.address())) {
                    throw new IllegalArgumentException("Address " + prefix.address() + " is given twice");
                }
            }
            for (int i = 1; i < publications.size(); i++) {
                Publication publication = publications.get(i);
                if (publications.subList(0, i).stream().anyMatch(publication::meets)) {
                    throw new IllegalArgumentException("Port " + publication.end() + " is published twice");
                }
            }
            if (tun != null && Boolean.TRUE.equals(outside)) {
                throw new IllegalArgumentException("The outside is either behind the TUN device or behind the machine's"
                        + " sockets: outside=on does not go with it");
            }
            if (network != null) {
                checkNetwork(network);
            }
            boolean carried = network == null && tun == null && !Boolean.FALSE.equals(outside);
            if (!carried && !rules.isEmpty()) {
                throw new IllegalArgumentException("There is no outside for the rule '" + rules.getFirst() + "'");
            }
            if (!carried && limits != null) {
                throw new IllegalArgumentException("There is no outside that a limit could be about");
            }
            PortPolicy ports = new PortPolicy(
                    ephemeral == null ? policy.ephemeral() : ephemeral,
                    reserved,
                    unprivilegedFrom,
                    selection == null ? policy.selection() : selection,
                    policy.bindRules());
            return new HostPlan(
                    name == null ? "app" : name,
                    name != null,
                    addresses.isEmpty() && network == null ? HostAddress.DEFAULT : List.copyOf(addresses),
                    ports,
                    List.copyOf(publications),
                    network,
                    tun,
                    carried,
                    List.copyOf(rules),
                    limits == null ? GatewayLimits.DEFAULT : limits,
                    capture,
                    shards,
                    watched,
                    control,
                    rewriting,
                    strictness);
        }

        private void checkNetwork(String name) {
            if (tun != null) {
                throw new IllegalArgumentException(
                        "A host is on network '" + name + "' or on TUN device " + tun + ", not on both");
            }
            if (outside != null || !rules.isEmpty() || limits != null) {
                throw new IllegalArgumentException("What network '" + name + "' reaches outside is said when it is"
                        + " made: 'outside', 'allow', 'deny' and 'limit' are options of 'berth network create'");
            }
        }
    }

    /// The same for a member of its network.
    HostPlan as(Membership member) {
        return new HostPlan(
                member.name(),
                named,
                member.addresses(),
                ports,
                publications,
                network,
                tun,
                member.outside(),
                rules,
                limits,
                capture,
                shards,
                watched,
                control,
                rewriting,
                strictness);
    }
}
