package dev.berth.stack.tcp;

/// Why a connection ended other than by FIN, or could not be made.
public enum TcpError {
    /// The remote end answered the SYN with RST (or ICMP port or protocol unreachable).
    REFUSED,
    /// The remote end sent RST.
    RESET,
    /// Nothing was acknowledged for too long.
    TIMED_OUT,
    /// The network said that the host cannot be reached, or that it may not be: while the connection was opened, or
    /// later, and nothing else came before the time was over.
    UNREACHABLE,
    /// A router said that no route leads to the network of the destination, as [#UNREACHABLE].
    NO_ROUTE,
    /// The local user aborted or closed it.
    ABORTED
}
