package dev.berth.agent.jdk;

/// What becomes of an INET socket of the kernel that the JDK still opens.
public enum Strictness {
    /// It is opened.
    OFF,
    /// It is opened, and the stack of whoever does it goes to standard error.
    LOG,
    /// It is not opened: whoever tries gets a `SocketException`, and the stack goes to standard error as well.
    THROW
}
