package dev.berth.network;

import dev.berth.host.HostClock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// The time of a network that was built with [NetworkBuilder#virtualTime]: it stands still but for the calls here, and
/// jumps from one event to the next. Hosts, links, faults and timers all live by it.
///
/// Everything happens on one thread at a time, in an order that the network's seed and the program decide alone. There
/// are three ways to be that thread:
///
/// - *drive*: [#advance], [#runUntil] and [#runUntilIdle] let events happen on the calling thread. A socket call that
///   has to wait does the same until it need not wait any more, so a test can be written with plain blocking calls as
///   long as nobody else blocks too;
/// - *be called*: observers of sockets, [Script]s and actions of [#after] run on the driving thread, one after another.
///   They must not wait;
/// - *take turns*: threads that [#start] starts run one at a time. One runs until it waits in a socket or in [#sleep];
///   then the next one that can go on does. Time moves only when all of them wait.
///
/// What no clock can do for threads: one that waits for something else than a socket of this network or [#sleep] (a
/// lock, a queue, `Thread.sleep`) holds everybody up, and after ten seconds of real time whoever drives gets an
/// exception with its stack. Threads that were not started here must not use the network while another drives it; they
/// get an exception too.
public final class VirtualTime {
    /// Where the clock starts: far from 0, which means "none" to some.
    static final long START = 1_000_000_000_000L;

    private static final long STALL_SECONDS = 10;

    private final String network;
    private final PriorityQueue<Event> queue = new PriorityQueue<>();
    private final ArrayDeque<Turn> runnable = new ArrayDeque<>();
    private final Map<Thread, Turn> turns = new LinkedHashMap<>();
    private final Semaphore driverTurn = new Semaphore(0);
    private final Internal internal = new Internal();
    private volatile Thread holder = Thread.currentThread();
    private volatile boolean running;
    private boolean happening;
    private @Nullable Thread unparked;
    private long now = START;
    private long order;
    private long events;
    private boolean closed;

    VirtualTime(String network) {
        this.network = network;
    }

    HostClock hostClock() {
        return internal;
    }

    NetworkTime internal() {
        return internal;
    }

    /// Nanoseconds of the clock; it starts at 1,000 seconds.
    public long now() {
        return now;
    }

    /// The time since the network was built.
    public Duration elapsed() {
        return Duration.ofNanos(now - START);
    }

    /// Events that have happened so far.
    public long events() {
        return events;
    }

    /// True if nothing more will happen unless the program does something: no packet is on its way, no timer runs, no
    /// thread can go on.
    public boolean isIdle() {
        return runnable.isEmpty() && next() == null;
    }

    /// Lets time pass, with everything that happens in it.
    ///
    /// @throws IllegalArgumentException if `time` is negative
    /// @throws IllegalStateException if called from within an event, or a thread holds everybody up
    /// @throws AssertionError if a thread of [#start] has failed; its exception is the cause
    public void advance(Duration time) {
        run(() -> false, limit(time));
    }

    /// Lets time pass until a condition holds, which is looked at after each event.
    ///
    /// @return whether it holds; false if it does not after `limit`, or nothing more will happen
    /// @throws IllegalStateException as [#advance]
    public boolean runUntil(BooleanSupplier condition, Duration limit) {
        return run(condition, limit(limit)) || condition.getAsBoolean();
    }

    /// Lets time pass until nothing more will happen.
    ///
    /// @return whether that is so; false if something is still to happen after `limit`
    /// @throws IllegalStateException as [#advance]
    public boolean runUntilIdle(Duration limit) {
        return run(this::isIdle, limit(limit)) || isIdle();
    }

    /// Lets an action happen after so much time from now, on the driving thread.
    public void after(Duration time, Runnable action) {
        schedule(limit(time), Event.of(action));
    }

    private long limit(Duration time) {
        if (time.isNegative()) {
            throw new IllegalArgumentException("Time does not go back by " + time);
        }
        long nanos = time.compareTo(Duration.ofDays(100_000)) > 0 ? Long.MAX_VALUE : time.toNanos();
        return nanos > Long.MAX_VALUE - now ? Long.MAX_VALUE : now + nanos;
    }

    private boolean run(BooleanSupplier condition, long limit) {
        Thread self = Thread.currentThread();
        if (running || turns.containsKey(self)) {
            throw new IllegalStateException("Time of network " + network
                    + " is driven already: neither an event nor a thread that takes turns can drive it");
        }
        holder = self;
        running = true;
        try {
            while (!condition.getAsBoolean()) {
                if (!step(limit)) {
                    now = limit == Long.MAX_VALUE ? now : limit;
                    return condition.getAsBoolean();
                }
            }
            return true;
        } finally {
            running = false;
        }
    }

    private @Nullable Event next() {
        Event first;
        while ((first = queue.peek()) != null && first.isStale()) {
            queue.poll();
        }
        return first;
    }

    /// Lets one thing happen, not after `limit`.
    ///
    /// @return false if there is none
    private boolean step(long limit) {
        Turn turn = runnable.poll();
        if (turn != null) {
            resume(turn);
            return true;
        }
        Event event = next();
        if (event == null || event.at > limit) {
            return false;
        }
        queue.poll();
        now = Math.max(now, event.at);
        events++;
        happening = true;
        try {
            event.happen();
        } finally {
            happening = false;
        }
        return true;
    }

    private void schedule(long time, Event event) {
        if (closed) {
            return;
        }
        event.at = Math.max(time, now);
        event.order = order++;
        queue.add(event);
    }

    // Threads that take turns

    /// What a thread of [#start] does.
    @FunctionalInterface
    public interface Task {
        /// Runs; an exception fails whoever drives the time.
        void run() throws Exception;
    }

    /// A thread that takes turns with all others of the network.
    public final class Turn {
        private final Thread thread;
        private final Semaphore go = new Semaphore(0);
        private boolean parked;
        private boolean permit;
        private long parks;
        private volatile boolean done;
        private @Nullable Throwable failure;

        private Turn(String name, Task task) {
            thread = Thread.ofVirtual().name(name).unstarted(() -> {
                go.acquireUninterruptibly();
                try {
                    task.run();
                } catch (Throwable e) { // handed to whoever drives
                    failure = e;
                } finally {
                    done = true;
                    driverTurn.release();
                }
            });
        }

        /// True when its task has ended.
        public boolean isDone() {
            return done;
        }

        private void park(long deadline) {
            if (permit || closed) {
                permit = false;
                return;
            }
            parked = true;
            long own = ++parks;
            if (deadline != 0) {
                schedule(deadline, new Event() {
                    @Override
                    void happen() {
                        wake();
                    }

                    @Override
                    boolean isStale() {
                        return !parked || parks != own;
                    }
                });
            }
            driverTurn.release();
            go.acquireUninterruptibly();
        }

        private void wake() {
            if (parked) {
                parked = false;
                runnable.add(this);
            } else {
                permit = true;
            }
        }

        @Override
        public String toString() {
            return thread.getName() + (done ? " (done)" : "");
        }
    }

    /// Starts a virtual thread that takes turns with the others of the network. It begins when the time is driven.
    public Turn start(String name, Task task) {
        Turn turn = new Turn(name, task);
        turns.put(turn.thread, turn);
        turn.thread.start();
        runnable.add(turn);
        return turn;
    }

    /// Waits for so much time: a thread of [#start] lets the others run, another thread drives the time.
    public void sleep(Duration time) {
        long until = limit(time);
        while (now < until && !closed) {
            internal.park(this, until);
        }
    }

    private void resume(Turn turn) {
        Thread driver = holder;
        holder = turn.thread;
        turn.go.release();
        boolean back = false;
        try {
            back = driverTurn.tryAcquire(STALL_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            holder = driver;
        }
        if (!back) {
            boolean interrupted = Thread.currentThread().isInterrupted();
            IllegalStateException stall = new IllegalStateException("Thread " + turn.thread.getName()
                    + " takes turns on network " + network
                    + (interrupted
                            ? " and had its turn when the driving thread was interrupted"
                            : " and does not end its turn: it waits, or computes, where time cannot see it"));
            stall.setStackTrace(turn.thread.getStackTrace());
            throw stall;
        }
        if (turn.done) {
            turns.remove(turn.thread);
            if (turn.failure != null) {
                throw new AssertionError("Thread " + turn.thread.getName() + " has failed", turn.failure);
            }
        }
    }

    /// Lets the threads that can go on do so, ends the others' waits, and throws away what was to happen.
    void close() {
        closed = true;
        queue.clear();
        for (Turn turn : List.copyOf(turns.values())) {
            turn.wake();
        }
        List<Throwable> failures = new ArrayList<>();
        holder = Thread.currentThread();
        Turn turn;
        while ((turn = runnable.poll()) != null) {
            try {
                resume(turn);
            } catch (AssertionError | IllegalStateException e) {
                failures.add(e); // it ends because its sockets have; nobody is there any more to be told
            }
        }
        for (Turn stuck : turns.values()) {
            stuck.thread.interrupt(); // it waits for something else than this network
        }
        if (!failures.isEmpty()) {
            System.getLogger("dev.berth.network")
                    .log(System.Logger.Level.DEBUG, "Ended with network " + network + ": " + failures);
        }
    }

    private final class Internal implements NetworkTime, HostClock {
        @Override
        public long now() {
            return now;
        }

        @Override
        public long nanoTime() {
            Thread self = Thread.currentThread();
            if (self != holder) {
                claim(self);
            }
            return now;
        }

        private void claim(Thread self) {
            if (running) {
                throw new IllegalStateException("Thread " + self.getName() + " uses network " + network
                        + ", which lives by virtual time, while thread " + holder.getName()
                        + " drives it: start it with VirtualTime.start");
            }
            holder = self;
        }

        @Override
        public void at(long time, Event event) {
            schedule(time, event);
        }

        @Override
        public boolean isVirtual() {
            return true;
        }

        @Override
        public HostClock hostClock() {
            return this;
        }

        @Override
        public Alarm alarm(Runnable due) {
            return new HostAlarm(due);
        }

        @Override
        public void park(Object blocker, long deadline) {
            Turn turn = turns.get(Thread.currentThread());
            if (turn != null) {
                turn.park(deadline);
            } else {
                drive(deadline);
            }
        }

        private void drive(long deadline) {
            if (happening || running) {
                throw new IllegalStateException(
                        "What happens on network " + network + " must not wait: nobody else would let time pass");
            }
            Thread self = Thread.currentThread();
            running = true;
            holder = self;
            try {
                while (unparked != self) {
                    if (deadline != 0 && now >= deadline) {
                        return;
                    }
                    if (!step(deadline == 0 ? Long.MAX_VALUE : deadline)) {
                        if (deadline == 0) {
                            throw new IllegalStateException("Nothing more will happen on network " + network
                                    + ": this wait would never end"
                                    + (turns.isEmpty() ? "" : ", nor those of " + turns.values()));
                        }
                        now = deadline;
                    }
                }
                unparked = null;
            } finally {
                running = false;
            }
        }

        @Override
        public void unpark(@Nullable Thread thread) {
            Turn turn = turns.get(thread);
            if (turn != null) {
                turn.wake();
            } else {
                unparked = thread;
            }
        }

        @Override
        public void close() {
            VirtualTime.this.close();
        }
    }

    private final class HostAlarm implements HostClock.Alarm {
        private final Runnable due;
        private long armed = Long.MAX_VALUE;
        private boolean cancelled;

        HostAlarm(Runnable due) {
            this.due = due;
        }

        @Override
        public void set(long at) {
            if (at >= armed || cancelled) {
                return;
            }
            armed = at;
            schedule(at, new Event() {
                private final long asked = armed;

                @Override
                void happen() {
                    armed = Long.MAX_VALUE;
                    due.run();
                }

                @Override
                boolean isStale() {
                    return armed != asked || cancelled;
                }
            });
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }

    @Override
    public String toString() {
        return "VirtualTime[" + elapsed() + ", " + queue.size() + " events to come]";
    }
}
