package dev.berth.host;

/// How threads attend a shard of a host while they look for something of it: who has a single packet for it leaves
/// that in its inbox, and one of these takes it in. So what the host is made of stays in the caches of the processor
/// that will use what has come, and that of the sender in the other's.
///
/// Whoever attends leaves a mark in the slot of the inbox that is filled next. Who puts a packet there by exchange
/// finds the mark, and need not do more; otherwise he runs the host himself. Who goes takes the mark away by
/// compare-and-set, and finds the packet if there is one. A thread attends only while it looks at each turn, and not
/// while it has offered its processor to others. Several may attend at once: the mark is that of the first, and the
/// others set it again when that one has gone. Thread-safe; nothing is allocated.
public final class Attendance {
    private final StackMonitor monitor;

    Attendance(StackMonitor monitor) {
        this.monitor = monitor;
    }

    /// The calling thread attends from now on: it calls [#serve] again and again, until [#end]. Not under the host's
    /// lock, nor from what the host calls.
    public void begin() {
        monitor.attend();
    }

    /// Does what was left to whoever attends.
    ///
    /// @return true if there was something
    public boolean serve() {
        if (!monitor.isCalled()) {
            return false;
        }
        monitor.tryRun();
        return true;
    }

    /// The calling thread does not attend any more, and will not look at the host for a while or at all.
    ///
    /// @param found it has found what it looked for: otherwise it sees to it that what it has itself left to those
    ///     who attend another host is taken there, which it may wait for
    public void end(boolean found) {
        monitor.unattend();
        if (!found) {
            takeBack();
        }
    }

    /// For a thread that is about to park without having looked: what it has left to those who attend another host is
    /// not to wait for them.
    public void takeBack() {
        monitor.takeBack();
    }
}
