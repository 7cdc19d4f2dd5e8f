package dev.berth.sockets;

import dev.berth.host.Attendance;
import dev.berth.host.Look;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/// What a selector looks for, and the hosts that the selecting thread attends meanwhile: those of its channels, as long
/// as they are few.
final class AttendedHosts implements Look {
    private static final int MOST = 4;
    private static final Attendance[] NONE = {};

    private final BooleanSupplier signal;
    private volatile Attendance[] all = NONE;
    private Attendance[] begun = NONE; // of the thread that looks

    /// @param signal what is looked for
    AttendedHosts(BooleanSupplier signal) {
        this.signal = signal;
    }

    /// A channel of this one is registered.
    synchronized void add(Attendance one) {
        Attendance[] before = all;
        if (before.length < MOST && !Arrays.asList(before).contains(one)) {
            Attendance[] more = Arrays.copyOf(before, before.length + 1);
            more[before.length] = one;
            all = more;
        }
    }

    /// No channel is registered any more.
    synchronized void clear() {
        all = NONE;
    }

    @Override
    public void begin() {
        Attendance[] present = all;
        begun = present;
        for (Attendance each : present) {
            each.begin();
        }
    }

    @Override
    public boolean getAsBoolean() {
        if (signal.getAsBoolean()) {
            return true;
        }
        boolean served = false;
        for (Attendance each : begun) {
            served |= each.serve();
        }
        return served && signal.getAsBoolean();
    }

    /// The thread has to wait.
    void waits() {
        for (Attendance each : all) {
            each.waits();
        }
    }

    /// Before the thread parks: see [Attendance#takeBack].
    void takeBack() {
        for (Attendance each : all) {
            each.takeBack();
        }
    }

    @Override
    public void end(boolean found) {
        Attendance[] present = begun;
        begun = NONE;
        end(present, 0, found);
    }

    /// Ends all from the index on, whatever is thrown by what was left to this thread.
    private static void end(Attendance[] all, int first, boolean found) {
        if (first == all.length) {
            return;
        }
        try {
            all[first].end(found);
        } finally {
            end(all, first + 1, found);
        }
    }
}
