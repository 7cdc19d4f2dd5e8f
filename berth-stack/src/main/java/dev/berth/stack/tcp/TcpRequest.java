package dev.berth.stack.tcp;

import dev.berth.wire.Endpoint;
import org.jspecify.annotations.Nullable;

/// A SYN that is not answered before the user has decided, as [TcpRequests#require] asks for. It owns its slot in the
/// port table from its arrival on, so that the same SYN again is not another request. Belongs to the host's critical
/// section.
public final class TcpRequest {
    private final Endpoint local;
    private final Endpoint remote;
    private @Nullable SynEntry entry;

    TcpRequest(SynEntry entry) {
        this.entry = entry;
        local = entry.local();
        remote = entry.remote();
    }

    /// The address and port that the SYN is for.
    public Endpoint local() {
        return local;
    }

    /// Where it came from.
    public Endpoint remote() {
        return remote;
    }

    /// True while it waits for a decision; false when there was one, the time was over, or the other end has given
    /// up.
    public boolean isPending() {
        return entry != null;
    }

    @Nullable
    SynEntry entry() {
        return entry;
    }

    /// The other end has begun anew.
    void renew(SynEntry with) {
        entry = with;
    }

    /// It is pending no longer.
    void end() {
        SynEntry ended = entry;
        entry = null;
        if (ended != null) {
            ended.listener.requests--;
            ended.listener.newRequests.remove(this);
        }
    }
}
