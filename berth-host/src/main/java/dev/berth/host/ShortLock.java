package dev.berth.host;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/// A lock for a few instructions, in which nobody waits: to release it takes no more than a store, as nobody has to be
/// woken. Whoever finds it taken looks until it is free, and lets others run meanwhile. Not reentrant.
final class ShortLock {
    private static final VarHandle TAKEN;

    static {
        try {
            TAKEN = MethodHandles.lookup().findVarHandle(ShortLock.class, "taken", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int LOOKS = Runtime.getRuntime().availableProcessors() > 1 ? 100 : 0;

    /// So often a thread lets others run that want its processor, before it sleeps a moment: its holder may have been
    /// interrupted by one of less urgency.
    private static final int YIELDS = 100;

    private static final long MOMENT = 50_000; // nanoseconds

    @SuppressWarnings("unused") // through TAKEN
    private volatile boolean taken;

    void lock() {
        if (!tryLock()) {
            await();
        }
    }

    boolean tryLock() {
        return TAKEN.compareAndSet(this, false, true);
    }

    private void await() {
        for (int i = 0; ; i++) {
            if (!taken && tryLock()) {
                return;
            }
            if (i < LOOKS) {
                Thread.onSpinWait();
            } else if (i < LOOKS + YIELDS) {
                Thread.yield();
            } else {
                LockSupport.parkNanos(this, MOMENT);
            }
        }
    }

    void unlock() {
        TAKEN.setRelease(this, false);
    }
}
