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
    /// The remote end has urgent data before which something is unread, of a connection alone.
    public static final int URGENT = 16;
    /// Everything; a connection that has failed is ready for it, but not for [#URGENT].
    public static final int ALL = READABLE | WRITABLE | CONNECTED | ACCEPTABLE;

    private Readiness() {}
}
