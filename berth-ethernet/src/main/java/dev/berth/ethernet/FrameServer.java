package dev.berth.ethernet;

import java.nio.file.Path;

/// A UNIX socket at which guests come and go.
public interface FrameServer extends AutoCloseable {
    /// Where the socket is.
    Path path();

    /// Ends it and the ports of its guests, and removes the socket's file. Idempotent.
    @Override
    void close();
}
