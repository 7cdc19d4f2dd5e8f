package dev.berth.ports;

/// The three ranges of port numbers of RFC 6335 section 6, with the words in common use for them.
public enum PortKind {
    /// Ports of the services that everybody knows: 0 to 1023.
    SYSTEM("well-known"),
    /// Ports registered for a service: 1024 to 49151.
    USER("registered"),
    /// Ports that are never assigned and that clients get for the length of their use: 49152 to 65535.
    DYNAMIC("ephemeral/dynamic");

    private final String text;

    PortKind(String text) {
        this.text = text;
    }

    /// The kind of a port number.
    ///
    /// @throws IllegalArgumentException if `port` is not within 0 to 65535
    public static PortKind of(int port) {
        PortRange.requirePort(port);
        return port <= PortRange.SYSTEM.last() ? SYSTEM : port <= PortRange.USER.last() ? USER : DYNAMIC;
    }

    /// The ports of this kind.
    public PortRange range() {
        return switch (this) {
            case SYSTEM -> PortRange.SYSTEM;
            case USER -> PortRange.USER;
            case DYNAMIC -> PortRange.DYNAMIC;
        };
    }

    /// The kind in words: `well-known`, `registered` or `ephemeral/dynamic`.
    public String text() {
        return text;
    }
}
