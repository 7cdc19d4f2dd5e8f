package dev.berth.host;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// The threads that attend a shard of a host while they look for something of it: who has a single packet for it
/// leaves that in its inbox, and one of these takes it in. So what the host is made of stays in the caches of the
/// processor that will use what has come, and that of the sender in the other's.
///
/// Nothing is left behind: who leaves a packet looks afterwards whether anybody attends still, and who goes looks
/// afterwards whether anything was left, with a full fence between the two on either side. A thread attends only while
/// it looks at each turn, and not while others have its processor. Thread-safe; nothing is allocated.
public final class Attendance {
    private static final VarHandle PRESENT;

    static {
        try {
            PRESENT = MethodHandles.lookup().findVarHandle(Attendance.class, "present", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final StackMonitor monitor;

    @SuppressWarnings("unused") // through PRESENT
    private volatile int present;

    Attendance(StackMonitor monitor) {
        this.monitor = monitor;
    }

    /// The calling thread attends from now on: it calls [#serve] again and again, until [#end]. Not under the host's
    /// lock, nor from what the host calls.
    public void begin() {
        PRESENT.getAndAdd(this, 1);
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
    /// @param found it has found what it looked for: otherwise it sees to it that what it has itself left to those who
    ///     attend another host is taken there, which it may wait for
    public void end(boolean found) {
        PRESENT.getAndAdd(this, -1); // a full fence
        serve();
        if (!found) {
            takeBack();
        }
    }

    /// For a thread that is about to park without having looked: what it has left to those who attend another host is
    /// not to wait for them.
    public void takeBack() {
        monitor.takeBack();
    }

    /// True if somebody attends, and will look at the inbox before he goes.
    boolean isAttended() {
        return present > 0;
    }
}
