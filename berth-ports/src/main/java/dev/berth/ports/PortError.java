package dev.berth.ports;

/// Why a port could not be had.
public enum PortError {
    /// Another binding or flow holds the address and port (`EADDRINUSE`).
    ADDRESS_IN_USE("Address already in use"),
    /// No local port is left towards the destination of a connect, or another flow of the bound port has the same
    /// destination (`EADDRNOTAVAIL`).
    ADDRESS_NOT_AVAILABLE("Cannot assign requested address"),
    /// No port of the ephemeral range is left for a bind with port 0 (`EADDRINUSE`, as Linux says it).
    EXHAUSTED("Address already in use"),
    /// The policy does not permit the port (`EACCES`).
    PERMISSION_DENIED("Permission denied");

    private final String message;

    PortError(String message) {
        this.message = message;
    }

    /// The message the sockets of the JDK give for this error.
    public String message() {
        return message;
    }
}
