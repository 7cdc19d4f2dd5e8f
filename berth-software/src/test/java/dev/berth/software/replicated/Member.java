package dev.berth.software.replicated;

import java.nio.file.Path;
import java.util.List;

/// A member of a replicated log, in whatever class loader it runs.
public interface Member extends AutoCloseable {
    /// What a member is to be.
    ///
    /// @param names the hosts of all members
    /// @param own its own
    /// @param directory where it keeps its log
    /// @param recovers whether there is a log already
    /// @param changed called when entries or leaders have changed
    record Role(List<String> names, String own, Path directory, boolean recovers, Runnable changed) {}

    /// Starts it.
    void start(Role role) throws Exception;

    /// Whether it leads, and may take entries.
    boolean isLeader();

    /// The committed entries as far as this member knows them, in order.
    List<String> entries();
}
