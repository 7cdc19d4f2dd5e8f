package dev.berth.sockets;

import dev.berth.host.Attendance;
import dev.berth.host.HostClock;
import org.jspecify.annotations.Nullable;

/// A channel that a [BerthSelector] can watch.
interface Selectable {
    /// Which of the operations `interest` are ready now, as `SelectionKey.OP_...` bits.
    int readyOps(int interest);

    /// The clock of the host that the channel lives on; that of the system for one without a host.
    default HostClock clock() {
        return HostClock.system();
    }

    /// By which a thread that looks for the channel's readiness attends its host; null for one without a host.
    default @Nullable Attendance attendance() {
        return null;
    }

    /// The keys of the channel.
    ChannelKeys selectionKeys();
}
