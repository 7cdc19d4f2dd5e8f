package dev.berth.agent.run;

import dev.berth.agent.jdk.Strictness;
import dev.berth.gateway.GatewayLimits;
import dev.berth.gateway.OutsideRule;
import dev.berth.host.Host;
import dev.berth.ports.EphemeralSelection;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/// An option that says what a program's host is to be: `--publish 8080:80` of `berth run`, and `publish=8080:80` of the
/// agent.
public enum HostOption {
    /// A port of this machine that leads to one of the host.
    PUBLISH(
            Kind.REPEATED,
            "[ADDRESS:]HOSTPORT:PORT[/udp]",
            "Lets HOSTPORT of this machine lead to PORT of the host. May be repeated."
                    + " Without ADDRESS only this machine itself can connect (127.0.0.1);"
                    + " 0.0.0.0 is for everybody who can reach it. HOSTPORT 0 takes a free one."
                    + " A port may be the name of a service: 8080:http. Ranges of one size are possible:"
                    + " 8000-8010:8000-8010; /udp publishes a port of UDP: 5353:53/udp."),

    /// An address of the host.
    ADDRESS(
            Kind.REPEATED,
            "ADDRESS[/LENGTH]",
            "An address of the host. May be repeated. Default: 10.0.0.1/24 and fd00::1/64."),

    /// The host's name.
    NAME(Kind.VALUE, "NAME", "The host's name. Default: app."),

    /// A network that several programs share.
    NETWORK(
            Kind.VALUE,
            "NAME",
            "Joins a network that 'berth network create NAME' has made: its members find each other"
                    + " by name. --name and --address are wishes to it; without --name, a name that is taken"
                    + " gets a number."),

    /// A TUN device.
    TUN(Kind.VALUE, "NAME", "Attaches the host to a TUN device (Linux; root, or a device that belongs to the user)."),

    /// Whether connections reach the outside through the machine's own sockets.
    OUTSIDE(
            Kind.VALUE,
            "on|off",
            "Whether the outside is reached through the machine's sockets (docs/GATEWAY.md)."
                    + " Default: on, but off for a program on a TUN device."),

    /// Outside ends that may be reached.
    ALLOW(
            Kind.REPEATED,
            "[in:|out:]ADDRESS[/LENGTH][:PORT[-PORT]]",
            "Lets flows go to these addresses outside (out:, the default), or come from them (in:). May be repeated; of"
                    + " all --allow and --deny the first that matches decides. Without a rule everything is"
                    + " allowed but what is the machine's alone: loopback, link-local and metadata addresses."),

    /// Outside ends that may not be reached.
    DENY(
            Kind.REPEATED,
            "[in:|out:]ADDRESS[/LENGTH][:PORT[-PORT]]",
            "Lets no flows go to these addresses outside, or with in: come from them. May be repeated."),

    /// A bound of the gateway to the outside.
    LIMIT(
            Kind.REPEATED,
            "NAME=NUMBER",
            "A bound of the way outside; may be repeated. TCP connections: connections (16384),"
                    + " per-destination (12288), per-guest (16384); those being opened: opening (4096),"
                    + " opening-per-destination (256), opening-per-guest (2048). Sockets for UDP: udp (4096);"
                    + " for echo requests: echo (256). Seconds: connect-seconds (130), idle-seconds (7440),"
                    + " udp-seconds (120), query-seconds (10), echo-seconds (60)."),

    /// A file to record packets to.
    CAPTURE(Kind.VALUE, "FILE.pcapng", "Records all packets of the host, those to itself included."),

    /// The platform whose ports and bind rules the host has.
    PORT_POLICY(
            Kind.VALUE,
            "NAME",
            "The ephemeral ports and the bind rules of a platform:"
                    + " dynamic (49152-65535, rules of Linux; the default),"
                    + " linux (32768-60999), freebsd (10000-65535) or windows (49152-65535)."),

    /// Ports for clients.
    EPHEMERAL(Kind.VALUE, "FROM-TO", "The ports that clients get, instead of those of the policy."),

    /// Ports that no client gets.
    RESERVED(Kind.REPEATED, "PORTS", "Ports and ranges with commas that no client gets; a server may still name them."),

    /// How a client's port is chosen.
    SELECTION(
            Kind.VALUE,
            "NAME[:NUMBER]",
            "How a client's port is chosen: uniform (the default), or by RFC 6056"
                    + " simple-randomization, random-tries[:TRIES], simple-hash,"
                    + " double-hash[:COUNTERS] or random-increments[:LARGEST]."),

    /// The lowest port that the program may bind.
    UNPRIVILEGED_FROM(Kind.VALUE, "PORT", "The lowest port that the program may bind. Default: 0, all."),

    /// Into how many parts the host is divided.
    SHARDS(
            Kind.VALUE,
            "NUMBER",
            "Divides the host, so that as many threads can be at work in it at a time on different TCP connections."
                    + " Default: 1, or what the property berth.shards says."),

    /// Whether ports and flows are printed.
    PORTS(Kind.FLAG, "", "Prints ports and flows to standard error when they change, and at the end."),

    /// Where `berth ss` can ask.
    CONTROL(
            Kind.VALUE,
            "PATH|off",
            "Where 'berth ss' can ask for sockets: a UNIX-domain socket for this user alone."
                    + " Default: $XDG_RUNTIME_DIR/berth/PID.sock or /tmp/berth-UID/PID.sock."),

    /// What becomes of sockets of the kernel.
    STRICT(
            Kind.FLAG_OR_VALUE,
            "log",
            "Lets the program open no INET socket of the kernel, by whatever way: it gets an"
                    + " exception, and standard error its stack. With =log it gets the socket nevertheless."),

    /// Whether the JDK is left as it is.
    SPI(
            Kind.FLAG,
            "",
            "Rewrites no method of the JDK, but uses what it offers to everybody, which covers"
                    + " less (docs/AGENT.md).");

    /// What an option looks like.
    public enum Kind {
        /// It stands alone.
        FLAG,
        /// It stands alone or has a value.
        FLAG_OR_VALUE,
        /// It has a value.
        VALUE,
        /// It has a value, and may be given more than once.
        REPEATED
    }

    private final Kind kind;
    private final String label;
    private final String description;

    HostOption(Kind kind, String label, String description) {
        this.kind = kind;
        this.label = label;
        this.description = description;
    }

    /// The option of a name, such as `port-policy`.
    public static Optional<HostOption> of(String key) {
        for (HostOption option : values()) {
            if (option.key().equals(key)) {
                return Optional.of(option);
            }
        }
        return Optional.empty();
    }

    /// Its name, such as `port-policy`.
    public String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// What it looks like.
    public Kind kind() {
        return kind;
    }

    /// What its value is called, such as `FROM-TO`.
    public String label() {
        return label;
    }

    /// What it means, in sentences.
    public String description() {
        return description;
    }

    /// Reads a value; the empty text is that of a flag.
    ///
    /// @return for [HostPlan.Builder#put]
    /// @throws IllegalArgumentException if it is not understood, with a sentence that says why
    public Object read(String text) {
        return switch (this) {
            case PUBLISH -> Publication.parseAll(text);
            case ADDRESS -> HostAddress.parse(text);
            case NAME -> hostName(text);
            case NETWORK -> NetworkFiles.checked(text);
            case TUN, CONTROL -> text(text);
            case OUTSIDE -> onOrOff(text);
            case ALLOW -> OutsideRule.allow(text);
            case DENY -> OutsideRule.deny(text);
            case LIMIT -> limit(text);
            case CAPTURE -> file(text);
            case PORT_POLICY -> PortPolicy.of(text);
            case EPHEMERAL, RESERVED -> PortRange.parse(text);
            case SELECTION -> EphemeralSelection.parse(text);
            case UNPRIVILEGED_FROM -> port(text);
            case SHARDS -> shards(text);
            case PORTS, SPI -> flag(text);
            case STRICT -> strictness(text);
        };
    }

    private static Object hostName(String text) {
        if (text.equalsIgnoreCase("localhost") || !text.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")) {
            throw new IllegalArgumentException("'" + text + "' is not a name for a host");
        }
        return text;
    }

    private static Object limit(String text) {
        GatewayLimits.DEFAULT.with(text);
        return text;
    }

    private static String text(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("The value is empty");
        }
        return text;
    }

    private static Object file(String text) {
        try {
            return Path.of(text(text));
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("'" + text + "' is not the name of a file", e);
        }
    }

    private static Object port(String text) {
        PortRange range = PortRange.parse(text);
        if (range.size() > 1) {
            throw new IllegalArgumentException("One port is meant, not the range " + range);
        }
        return range.first();
    }

    private static Object shards(String text) {
        int number = text.matches("[0-9]{1,4}") ? Integer.parseInt(text) : 0;
        if (number < 1 || number > Host.Builder.MAX_SHARDS) {
            throw new IllegalArgumentException(
                    "A host has 1 to " + Host.Builder.MAX_SHARDS + " shards, not '" + text + "'");
        }
        return number;
    }

    private static Object flag(String text) {
        if (!text.isEmpty() && !text.equals("true")) {
            throw new IllegalArgumentException("It has no value, so not '" + text + "'");
        }
        return true;
    }

    private static Object onOrOff(String text) {
        return switch (text) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new IllegalArgumentException("It is 'on' or 'off', not '" + text + "'");
        };
    }

    private static Object strictness(String text) {
        return switch (text) {
            case "", "true" -> Strictness.THROW;
            case "log" -> Strictness.LOG;
            default -> throw new IllegalArgumentException("'" + text + "' is not 'log', which is all it may be");
        };
    }
}
