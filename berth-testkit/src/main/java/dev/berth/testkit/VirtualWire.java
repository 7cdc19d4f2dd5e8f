package dev.berth.testkit;

import dev.berth.stack.NetStack;
import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Packet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/// A point-to-point wire between two [NetStack]s under virtual time, driven by one thread: the same seed gives the
/// same packets.
///
/// Packets are copied as a real wire would: contiguous, with complete checksums, cut at the segment size.
public final class VirtualWire {
    private static final int CHECKED_ALWAYS = 500;

    /// What the wire does with a packet.
    public interface Fault {
        /// The delay in nanoseconds with which the packet arrives on top of the wire's latency, or a negative number
        /// to lose it.
        long apply(Packet packet, int direction, SplittableRandom random);
    }

    private record Arrival(long at, long order, int to, Packet packet) {}

    private final NetStack[] stacks;
    private final NetInterface[] nics;
    private final BufferPool pool = new BufferPool();
    private final PriorityQueue<Arrival> inFlight =
            new PriorityQueue<>(Comparator.comparingLong(Arrival::at).thenComparingLong(Arrival::order));
    private final SplittableRandom random;
    private final List<Fault> faults = new ArrayList<>();
    private long latency = 1_000_000L;
    private int unchecked;
    private long now;
    private long order;
    private long carried;
    private long lost;
    private long pumps;
    private int checkEvery = 1;

    /// A wire between the interfaces `nicA` of `a` and `nicB` of `b`, at the time `now`.
    public VirtualWire(NetStack a, NetInterface nicA, NetStack b, NetInterface nicB, long seed, long now) {
        stacks = new NetStack[] {a, b};
        nics = new NetInterface[] {nicA, nicB};
        random = new SplittableRandom(seed);
        this.now = now;
    }

    /// Virtual nanoseconds now.
    public long now() {
        return now;
    }

    /// Sets the one-way latency in nanoseconds; 1 ms at first.
    public void latency(long nanos) {
        latency = nanos;
    }

    /// Looks for inconsistencies only once in so many turns, where there are many connections; prime to 2.
    public void checkEvery(int turns) {
        checkEvery = turns;
    }

    /// Adds a fault; all are asked in order, the first that loses a packet decides, delays add up.
    public void fault(Fault fault) {
        faults.add(fault);
    }

    /// Takes all faults away.
    public void heal() {
        faults.clear();
    }

    /// Packets and chunks of the wire that somebody still holds.
    public int buffersInUse() {
        return pool.outstanding();
    }

    /// Packets that arrived.
    public long carried() {
        return carried;
    }

    /// Packets that were lost.
    public long lost() {
        return lost;
    }

    /// Lets time pass until `nanos` from now.
    public void run(long nanos) {
        long end = now + nanos;
        pump();
        for (; ; ) {
            long next = nextEvent();
            if (next > end) {
                now = end;
                return;
            }
            step(next);
        }
    }

    /// Lets time pass until `condition` holds, for `nanos` at most.
    ///
    /// @return whether it holds
    public boolean runUntil(java.util.function.BooleanSupplier condition, long nanos) {
        long end = now + nanos;
        pump();
        while (!condition.getAsBoolean()) {
            pump(); // the condition may have made user calls
            long next = nextEvent();
            if (next > end) {
                now = end;
                return condition.getAsBoolean();
            }
            step(next);
        }
        return true;
    }

    private long nextEvent() {
        long next = inFlight.isEmpty() ? Long.MAX_VALUE : inFlight.peek().at;
        for (NetStack stack : stacks) {
            next = Math.min(next, stack.nextDeadline());
        }
        return Math.max(next, now);
    }

    private void step(long at) {
        now = at;
        while (!inFlight.isEmpty() && inFlight.peek().at <= now) {
            Arrival arrival = inFlight.poll();
            carried++;
            stacks[arrival.to].receive(nics[arrival.to], arrival.packet, now);
        }
        for (NetStack stack : stacks) {
            if (stack.nextDeadline() <= now) {
                stack.advance(now);
            }
        }
        pump();
    }

    /// Carries what the stacks have to send. To be called after user calls when time does not pass.
    public void pump() {
        for (int from = 0; from < 2; from++) {
            stacks[from].settle(now);
            check(stacks[from]);
            Packet packet;
            while ((packet = nics[from].pollEgress()) != null) {
                transmit(packet, from);
            }
            while (stacks[from].pollReady() != null) {
                // nobody waits for readiness here
            }
        }
    }

    /// Looks for connections that break what must hold: each time while there are few, now and then among many.
    private void check(NetStack stack) {
        boolean skipped = pumps++ % checkEvery != 0;
        if (skipped || stack.tcp().ports().flowCount() > CHECKED_ALWAYS && ++unchecked < CHECKED_ALWAYS) {
            return;
        }
        unchecked = 0;
        String problem = stack.tcp().inconsistency();
        if (problem != null) {
            throw new AssertionError(problem);
        }
    }

    private void transmit(Packet packet, int from) {
        long delay = latency;
        for (Fault fault : faults) {
            long more = fault.apply(packet, from, random);
            if (more < 0) {
                lost++;
                packet.release();
                return;
            }
            delay += more;
        }
        packet.completeChecksum();
        Packet copy = pool.takePacket(packet.length());
        copy.end = packet.copyTo(copy.bytes, 0);
        packet.release();
        inFlight.add(new Arrival(now + delay, order++, 1 - from, copy));
    }
}
