package dev.berth.software.replicated;

import java.util.List;

/// A client of a replicated log that appends one entry after the other.
public interface Writer extends AutoCloseable {
    /// Starts a thread that appends `entry-1`, `entry-2`, ...
    ///
    /// @param names the hosts of the members
    /// @param changed called when an entry was acknowledged
    void start(List<String> names, Runnable changed) throws Exception;

    /// The entries that the log has acknowledged, in order.
    List<String> acknowledged();

    /// How many entries have failed for good; the log may have them nevertheless.
    int failed();

    /// Ends the thread, after the entry that it is at.
    @Override
    void close() throws Exception;
}
