package dev.berth.ports;

import java.util.List;
import java.util.Locale;
import java.util.Objects;

/// What a [PortTable] may hand out, and to whom. Immutable.
///
/// @param ephemeral the range from which ports are chosen (port 0 of a bind, no port of a connect)
/// @param reserved ports that are never chosen, but can be bound explicitly (RFC 6056 section 3.2)
/// @param firstUnprivileged the lowest port that may be bound; 0 for no restriction, 1024 as the kernel does
///     for users
/// @param selection how a port is chosen
/// @param bindRules who may be bound to one port together
public record PortPolicy(
        PortRange ephemeral,
        List<PortRange> reserved,
        int firstUnprivileged,
        EphemeralSelection selection,
        BindRules bindRules) {
    /// @throws IllegalArgumentException if the ephemeral range holds port 0 or is reserved entirely
    public PortPolicy {
        Objects.requireNonNull(selection);
        Objects.requireNonNull(bindRules);
        reserved = List.copyOf(reserved);
        if (ephemeral.first() == 0) {
            throw new IllegalArgumentException("Port 0 is reserved and cannot be ephemeral: " + ephemeral);
        }
        if (firstUnprivileged < 0 || firstUnprivileged > PortRange.PORTS) {
            throw new IllegalArgumentException("The first unprivileged port is 0 to 65536, not " + firstUnprivileged);
        }
        PortSet never = new PortSet();
        never.assign(PortLease.words(reserved));
        if (never.countIn(ephemeral) == ephemeral.size()) {
            throw new IllegalArgumentException("The reserved ports " + reserved + " leave no ephemeral port of "
                    + ephemeral + "; at least one must stay free");
        }
    }

    /// The default: the dynamic range of RFC 6335, 49152 to 65535, nothing reserved, every port may be bound.
    public static PortPolicy dynamic() {
        return new PortPolicy(PortRange.DYNAMIC, List.of(), 0, EphemeralSelection.UNIFORM, BindRules.LINUX);
    }

    /// The range of Linux as it comes: 32768 to 60999 (`net.ipv4.ip_local_port_range`, ip(7)).
    public static PortPolicy linux() {
        return dynamic().withEphemeral(new PortRange(32_768, 60_999));
    }

    /// The bind rules of FreeBSD, and its range as it comes: 10000 to 65535 (`net.inet.ip.portrange.first` and
    /// `last`, ip(4)). What a
    /// program gets there that asks for a high port (`IP_PORTRANGE_HIGH`, from `net.inet.ip.portrange.hifirst` on) is
    /// [#dynamic].
    public static PortPolicy freebsd() {
        return dynamic()
                .withEphemeral(new PortRange(10_000, PortRange.MAX_PORT))
                .withBindRules(BindRules.FREEBSD);
    }

    /// The bind rules of Windows, and its range since Vista: 49152 to 65535 (`netsh int ipv4 show dynamicport tcp`),
    /// that of RFC 6335.
    public static PortPolicy windows() {
        return dynamic().withBindRules(BindRules.WINDOWS);
    }

    /// The policy of a platform by its name: `dynamic`, `linux`, `freebsd` or `windows`.
    ///
    /// @throws IllegalArgumentException if there is no such policy, with the names of those that there are
    public static PortPolicy of(String name) {
        return switch (name.strip().toLowerCase(Locale.ROOT)) {
            case "dynamic" -> dynamic();
            case "linux" -> linux();
            case "freebsd" -> freebsd();
            case "windows" -> windows();
            default ->
                throw new IllegalArgumentException(
                        "'" + name + "' is not a policy of ports; there are dynamic, linux, freebsd and windows");
        };
    }

    /// This policy with another ephemeral range.
    public PortPolicy withEphemeral(PortRange range) {
        return new PortPolicy(range, reserved, firstUnprivileged, selection, bindRules);
    }

    /// This policy with other reserved ports.
    public PortPolicy withReserved(PortRange... ranges) {
        return new PortPolicy(ephemeral, List.of(ranges), firstUnprivileged, selection, bindRules);
    }

    /// This policy with another way to choose a port.
    public PortPolicy withSelection(EphemeralSelection way) {
        return new PortPolicy(ephemeral, reserved, firstUnprivileged, way, bindRules);
    }

    /// This policy with another lowest port that may be bound.
    public PortPolicy withFirstUnprivileged(int port) {
        return new PortPolicy(ephemeral, reserved, port, selection, bindRules);
    }

    /// This policy with the bind rules of a platform.
    public PortPolicy withBindRules(BindRules rules) {
        return new PortPolicy(ephemeral, reserved, firstUnprivileged, selection, rules);
    }
}
