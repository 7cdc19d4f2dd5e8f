package dev.berth.stack.tcp;

/// Why a connection ended other than by FIN, or could not be made.
public enum TcpError {
    /// The remote end answered the SYN with RST (or ICMP port unreachable).
    REFUSED,
    /// The remote end sent RST.
    RESET,
    /// Nothing was acknowledged for too long.
    TIMED_OUT,
    /// The network said that the destination cannot be reached, and nothing else came before the time was over.
    UNREACHABLE,
    /// There is no route to the destination.
    NO_ROUTE,
    /// The local user aborted or closed it.
    ABORTED
}
