package dev.berth.stack.endpoint;

/// What a socket is ready for, as bits of an `int`.
///
/// A connection that was reset or failed is ready for everything, as a selector of the JDK reports it; the end of the
/// stream is readable.
public final class Readiness {
    /// Nothing.
    public static final int NONE = 0;
    /// A read would return data, the end of the stream or an error at once.
    public static final int READABLE = 1;
    /// A write would take at least one octet or fail at once.
    public static final int WRITABLE = 2;
    /// A connect that was begun has succeeded or failed.
    public static final int CONNECTED = 4;
    /// An accept would return a connection at once.
    public static final int ACCEPTABLE = 8;
    /// Everything.
    public static final int ALL = READABLE | WRITABLE | CONNECTED | ACCEPTABLE;

    private Readiness() {}
}
