package dev.berth.host;

import dev.berth.stack.NetStack;
import dev.berth.stack.ip.DropObserver;
import dev.berth.wire.DropReason;
import dev.berth.wire.Packet;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// The lock of a host and its exit protocol: run to completion, with flat combining.
///
/// A program's thread takes the lock and runs its own call. A link or the timer thread leaves its packet and takes
/// the lock only if it is free; otherwise the owner sees the packet on its way out. Inside, nothing blocks, logs,
/// transmits, unparks or runs user code; all of that is collected and done after the lock was released. The re-check
/// at the end makes it safe not to wait for the lock: whoever leaves something behind either finds the lock free or
/// is seen.
final class StackMonitor {
    private final SectionLock lock = new SectionLock();
    private final NetStack stack;
    private final @Nullable HostClock clock; // null: the system's
    private HostClock.@Nullable Alarm alarm; // of that clock
    private volatile LinkPort[] ports = new LinkPort[0];
    private volatile boolean timerDue;
    private volatile @Nullable Link fetching;
    private long now; // guarded by the lock
    private final Conversation conversation = new Conversation(this);
    private final Wakeups wakeups = new Wakeups();
    private final PortShortage shortage;
    private final RetransmissionReports retransmitted;
    private volatile @Nullable DropObserver dropObserver;
    private @Nullable Siblings siblings; // null on a host of one shard

    /// What the threads that wait in its sockets have learned.
    final Spinning spinning = new Spinning();

    /// Those of them that look, and do meanwhile what is left to them.
    final Attendance attendance = new Attendance(this);

    /// Whether a thread is in and out of the section all the time.
    private final Bustle bustle = new Bustle();

    /// Reads and writes of arrays, for use under the lock.
    final ArrayBytes arrayBytes = new ArrayBytes();

    /// @param clock the host's time; null for the system's
    StackMonitor(String name, NetStack stack, @Nullable HostClock clock) {
        this.stack = stack;
        retransmitted = new RetransmissionReports(name, stack);
        shortage = new PortShortage(name, stack);
        this.clock = clock;
    }

    /// Makes each of these the shard of a host. Before anything else.
    static void siblings(StackMonitor[] all) {
        for (StackMonitor each : all) {
            each.siblings = new Siblings(all);
        }
    }

    /// The shards of the host; null if there is one.
    @Nullable
    Siblings siblings() {
        return siblings;
    }

    NetStack stack() {
        return stack;
    }

    LinkPort[] ports() {
        return ports;
    }

    void ports(LinkPort[] all) {
        ports = all;
        for (LinkPort port : all) {
            if (fetching == null && port.link().canFetch()) {
                fetching = port.link();
            }
        }
    }

    /// The link whose packets a waiting thread may fetch itself, the first of them; null if there is none.
    @Nullable
    Link fetching() {
        return fetching;
    }

    /// Lets the host be woken at its deadlines from now on.
    void startTimers() {
        if (clock == null) {
            HostTimers.SHARED.register();
        } else {
            alarm = clock.alarm(this::timerExpired);
        }
    }

    void stopTimers() {
        HostClock.Alarm own = alarm;
        if (own != null) {
            own.cancel();
        } else if (clock == null) {
            HostTimers.SHARED.deregister(this);
        }
    }

    /// The host's clock; null for the system's.
    @Nullable
    HostClock clock() {
        return clock;
    }

    /// The present time of the host's clock.
    long nanoTime() {
        return clock == null ? SystemClock.nanoTime() : clock.nanoTime();
    }

    /// The present time for whoever has just taken the lock, which is given back if the clock refuses its thread.
    private long timeInside() {
        if (clock == null) {
            return SystemClock.nanoTime();
        }
        boolean told = false;
        try {
            long time = clock.nanoTime();
            told = true;
            return time;
        } finally {
            if (!told) {
                lock.unlock();
            }
        }
    }

    /// The deadline of a wait that begins now; 0 for none, as for what lies beyond all time.
    long deadline(long timeoutNanos) {
        long now = nanoTime();
        return timeoutNanos <= 0 || timeoutNanos > Long.MAX_VALUE - now ? 0 : Math.max(1, now + timeoutNanos);
    }

    /// Enters the critical section; [#exit] must follow in a `finally`.
    ///
    /// @return the time, read once, under the lock: it never runs backwards in the stack
    long enter() {
        lock.lock();
        now = timeInside();
        bustle.entered(now);
        return now;
    }

    /// Enters the critical section for a call that takes something out of the stack or looks at it, and needs no time
    /// for that; [#exitQuietly] must follow in a `finally`. The clock is read only if there turns out to be more to
    /// do: to read it takes as long as the lock.
    void enterQuietly() {
        lock.lock();
    }

    /// Leaves the critical section of [#enterQuietly].
    void exitQuietly() {
        if (timerDue || !wakeups.isEmpty() || stack.hasWork() || hasInput()) {
            now = timeInside();
            bustle.entered(now);
            exit();
            return;
        }
        lock.unlock();
        if (timerDue || hasInput()) {
            tryRun();
        }
    }

    /// Lets `observer` be told of packets that the stack or the edge of a link drops; null takes it away.
    void observeDrops(@Nullable DropObserver observer) {
        enter();
        try {
            stack.drops().observer(observer);
            dropObserver = observer;
        } finally {
            exit();
        }
    }

    /// For links: a packet is dropped that the stack does not have. Not under the lock.
    void tellDropped(DropReason reason, Packet packet) {
        DropObserver observer = dropObserver;
        if (observer != null) {
            observer.dropped(reason, packet);
        }
    }

    /// True if somebody is at work in the stack, so that what is left behind now has to wait.
    boolean isBusy() {
        return lock.isLocked();
    }

    /// For links: runs the stack if nobody does; otherwise whoever does will see the packet.
    void tryRun() {
        if (tryEnter()) {
            now = timeInside();
            exit();
        }
    }

    /// For links: lets the stack take a packet from another host of the JVM, if nobody is at work, nothing waits
    /// before it, and it is one of many, which needs no time.
    ///
    /// @return true if the caller has entered the critical section, and has to leave it with [#exitAgain]; false if
    ///     nothing was done
    boolean receiveAgain(LinkPort port, Packet packet) {
        if (clock != null || !lock.tryLockAfresh()) {
            return false;
        }
        boolean taken = false;
        try {
            // Behind a slot that somebody has claimed and not yet filled, there may be one that was sent before.
            taken = port.isDrained() && stack.receiveAgain(port.nic(), packet);
        } finally {
            if (!taken) {
                exitQuietly();
            }
        }
        return taken;
    }

    /// Leaves the critical section of [#receiveAgain]: looks for input, which was not there a moment ago, at the end.
    void exitAgain() {
        if (!wakeups.isEmpty() || stack.hasWork()) {
            now = timeInside();
            exit();
            return;
        }
        lock.unlock();
        if (isCalled()) {
            tryRun();
        }
    }

    /// As the other `tryRun`, for packets that another host sent at `sentAt` of the system's clock, a moment ago.
    void tryRun(long sentAt) {
        if (tryEnter()) {
            now = sentAt == 0 || clock != null ? timeInside() : Math.max(now, sentAt);
            exit();
        }
    }

    private boolean tryEnter() {
        if (lock.tryLock()) {
            return true;
        }
        // What was left behind has to be visible before the lock is looked at: either it is free now, or its owner,
        // who looks again after he has released it, sees it.
        VarHandle.fullFence();
        return lock.tryLock();
    }

    /// When what leaves the stack now was sent, for [#tryRun(long)]; 0 if its clock is not the system's.
    long sentAt() {
        return clock == null ? now : 0;
    }

    /// The timer thread says that a deadline has come.
    void timerExpired() {
        timerDue = true;
        tryRun();
    }

    /// Processes what has arrived, lets the stack send, and leaves the critical section.
    void exit() {
        exit(true);
    }

    /// @param talks it may be in conversation with another host
    private void exit(boolean talks) {
        while (!leave(talks) && tryEnter()) {
            now = timeInside();
        }
    }

    /// As [#tryRun], for the partner of a conversation that has ended: it begins none itself, as two hosts that are
    /// called from all sides would call each other deeper and deeper then.
    void tryRunAlone() {
        if (tryEnter()) {
            now = timeInside();
            exit(false);
        }
    }

    /// @return false if something was left behind since, so that the section should be entered again
    private boolean leave(boolean talks) {
        Wakeup woken = null;
        boolean settled;
        long deadline;
        String warning;
        long given;
        StackMonitor other;
        LinkPort alone;
        long leaving;
        boolean otherSettled = true;
        long otherDeadline = Long.MAX_VALUE;
        String otherWarning = null;
        long otherGiven = 0;
        try {
            takeIn();
            settled = stack.settle(now);
            boolean talked = !talks || conversation.hold();
            settled &= talked;
            given = giveOut();
            woken = wakeups.collect(stack, null);
            settled &= !stack.hasWork(); // a reader that was served may have opened the window
            deadline = stack.nextDeadline();
            warning = shortage.poll(now);
            alone = conversation.takeUnattended();
            leaving = now;
            other = conversation.partner();
            if (other != null) {
                otherGiven = other.giveOut();
                woken = other.wakeups.collect(other.stack, woken);
                otherSettled = talked && !other.stack.hasWork();
                otherDeadline = other.stack.nextDeadline();
                otherWarning = other.shortage.poll(other.now);
            }
        } finally {
            unlock();
        }
        try {
            if (alone != null) {
                alone.monitor().runUnlessBusy(leaving);
            }
            transmit();
            if (other != null) {
                other.transmit();
            }
            runSiblings(given);
            if (other != null) {
                other.runSiblings(otherGiven);
            }
        } finally {
            try {
                Wakeup.wakeAll(woken); // whatever a link has thrown: nobody would wake these a second time
            } finally {
                // Also where an observer has failed, which must not cost a timer.
                arm(deadline, warning);
                if (other != null) {
                    other.arm(otherDeadline, otherWarning);
                    if (!otherSettled || other.isCalled()) {
                        other.tryRunAlone();
                    }
                }
            }
        }
        return settled && !isCalled();
    }

    /// Gives the stack what has arrived and what is due.
    void takeIn() {
        if (timerDue) {
            timerDue = false;
        }
        Siblings others = siblings;
        if (others != null) {
            others.takeHanded(stack, now);
        }
        for (LinkPort port : ports) {
            if (port.hasInput()) {
                port.drainInto(stack, now);
            }
        }
        if (stack.nextDeadline() <= now) {
            stack.advance(now);
        }
    }

    /// Puts what the stack has to send where it is sent from when the lock is released.
    ///
    /// @return which shards are to be run then, one bit each
    private long giveOut() {
        Siblings others = siblings;
        long given = others == null ? 0 : others.hand(stack);
        for (LinkPort port : ports) {
            port.collectOutput();
        }
        if (retransmitted.isDue()) {
            retransmitted.tell(this);
        }
        return given;
    }

    /// Gives the lock back, and that of the partner.
    private void unlock() {
        conversation.end();
        lock.unlock();
    }

    /// Not under the lock.
    private void transmit() {
        for (LinkPort port : ports) {
            port.transmit();
        }
    }

    /// Not under the lock.
    private void runSiblings(long given) {
        Siblings others = siblings;
        if (others != null) {
            others.run(given);
        }
    }

    /// Not under the lock.
    private void arm(long deadline, @Nullable String warning) {
        HostClock.Alarm own = alarm;
        if (own != null) {
            own.set(deadline);
        } else if (clock == null) {
            HostTimers.SHARED.arm(this, deadline);
        }
        if (warning != null) {
            PortShortage.log(warning);
        }
    }

    /// True if something was left behind for whoever has the lock.
    boolean isCalled() {
        return timerDue || hasInput();
    }

    // For those who attend

    /// The calling thread has to wait: takes what was left to it while it was busy, as it may park without a look.
    void waits() {
        if (bustle.rests() && isCalled()) {
            tryRun();
        }
    }

    /// Says of all inboxes that the calling thread looks at them again and again, unless somebody is at work in the
    /// host, who may be taking something out.
    void attend() {
        if (lock.tryLockAfresh()) {
            try {
                for (LinkPort port : ports) {
                    port.attend();
                }
            } finally {
                exitAgain();
            }
        }
    }

    // For a conversation

    /// True if the owner of the lock is in and out of the section all the time.
    boolean isBusyAllTheTime() {
        return bustle.isOn();
    }

    /// True if another thread than the caller is in and out of the section all the time, so that it takes what is
    /// left in an inbox in a moment, as far as one can tell at `at`. Read without the lock.
    boolean isBusyWithAnother(long at) {
        return clock == null && bustle.isOfAnother(at);
    }

    /// Runs this for a packet that was left in an inbox at `at`, unless a thread that is in and out of the section
    /// all the time will take it: then somebody looks a little later whether it has. Not under the lock.
    private void runUnlessBusy(long at) {
        VarHandle.fullFence(); // between the packet, which is in the inbox, and what others do who look there
        if (bustle.isOfAnother(at)) {
            HostTimers.SHARED.watch(this, at);
        } else {
            tryRunAlone();
        }
    }

    /// The timer thread looks whether somebody has come for what was left.
    void lookAtInbox() {
        watched = false; // then it looks: who leaves something now is seen, or sees this
        if (hasInput()) {
            tryRun();
        }
    }

    /// Takes the lock for the owner of another host's, if it is free. The caller holds no third one.
    boolean tryJoin() {
        return clock == null && lock.tryLockAfresh();
    }

    /// Gives the lock of [#tryJoin] back.
    void part() {
        lock.unlock();
    }

    /// True if threads queue for the lock.
    boolean isQueuedFor() {
        return lock.hasQueuedThreads();
    }

    /// The time that was read last. Under the lock.
    long present() {
        return now;
    }

    /// The later present of this host and another one, which both have from now on. Under both locks.
    long meet(StackMonitor other) {
        long present = Math.max(now, other.now);
        now = present;
        other.now = present;
        return present;
    }

    /// Lets the stack count what its links' inboxes have refused. Under the lock.
    void countRefused() {
        for (LinkPort port : ports) {
            port.countRefused(stack);
        }
    }

    private boolean hasInput() {
        Siblings others = siblings;
        if (others != null && others.hasInput()) {
            return true;
        }
        for (LinkPort port : ports) {
            if (port.hasInput()) {
                return true;
            }
        }
        return false;
    }

    /// Wakes everybody who waits on `socket` when the critical section ends: its socket was closed. Under the lock.
    void wakeAll(SocketSignals socket) {
        signal(socket, SocketSignals.CLOSED);
    }

    /// Wakes those who wait on `socket` for this readiness when the critical section ends. Under the lock.
    void signal(SocketSignals socket, int readiness) {
        wakeups.signal(socket, readiness);
    }

    /// Lets `wakeup` be done when the critical section ends. Under the lock.
    void afterwards(@Nullable Wakeup wakeup) {
        wakeups.add(wakeup);
    }

    // State of HostTimers

    /// The timer thread will look at the inbox.
    volatile boolean watched;

    /// The deadline that the timer thread knows, guarded by it.
    volatile long armedFor = Long.MAX_VALUE;
}
