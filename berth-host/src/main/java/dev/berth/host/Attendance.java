package dev.berth.host;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

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
    private static final VarHandle LEFT_AT;

    static {
        try {
            LEFT_AT = MethodHandles.lookup().findVarHandle(Attendance.class, "leftAt", LinkPort.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final StackMonitor monitor;

    /// Where the host's threads have left something: written under the lock, and taken away without it.
    private volatile @Nullable LinkPort leftAt;

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
        for (LinkPort port : monitor.ports()) {
            port.unattend();
        }
        serve();
        if (!found) {
            takeBack();
        }
    }

    /// The calling thread has to wait for something that the host tells: who has a packet for the host does not rely
    /// on its coming again soon. Not under the host's lock.
    public void waits() {
        monitor.waits();
    }

    /// For a thread that is about to park without having looked: what it has left to those who attend another host is
    /// not to wait for them.
    public void takeBack() {
        LinkPort far = leftAt;
        if (far != null) {
            LEFT_AT.compareAndSet(this, far, null); // what another thread has left meanwhile is its own to take back
            if (far.hasInput()) {
                far.monitor().tryRun(); // an attendant there may have lost its processor
            }
        }
    }

    /// True if something may be left at `far`: only one inbox is remembered, for [#takeBack]. Under the host's lock.
    boolean mayLeaveAt(LinkPort far) {
        LinkPort before = leftAt;
        return before == null || before == far || !before.hasInput();
    }

    /// A packet was left at `far`, the inbox of another host. Under the host's lock.
    void hasLeft(LinkPort far) {
        LEFT_AT.setRelease(this, far); // after the packet: who finds this finds that
    }
}
