package dev.berth.host;

import dev.berth.stack.NetStack;
import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.udp.DatagramLane;
import dev.berth.stack.udp.DatagramWay;
import dev.berth.wire.BufferPool;
import dev.berth.wire.DropReason;
import dev.berth.wire.Packet;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Where a link meets its host: the inbox for what it received, and the queue of what it has to send.
///
/// Packets to send are queued under the host's lock, in order, and transmitted without it by whoever gets the
/// `transmitting` flag; who does not get it leaves them to the one who has it. The flag is not re-entrant on purpose:
/// a link in memory may lead back to this host on the same thread.
final class LinkPort implements LinkReceiver {
    private static final int INBOX = 4_096;
    private static final int OUTBOX = 4_096;
    private static final int BATCH = 256;

    private static final VarHandle TRANSMITTING;

    static {
        try {
            TRANSMITTING = MethodHandles.lookup().findVarHandle(LinkPort.class, "transmitting", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final StackMonitor monitor;
    private final NetInterface nic;
    private final Link link;
    private final BufferPool pool = new BufferPool();
    private final PacketQueue inbox = new PacketQueue(INBOX);
    private final PacketQueue outbox = new PacketQueue(OUTBOX);
    private volatile boolean transmitting; // taken by TRANSMITTING
    private final AtomicLong inboxDrops = new AtomicLong(); // not yet counted by the stack
    private volatile @Nullable String downReason;
    private volatile boolean closed;

    /// The outbox was full, so that packets may have stayed in the interface.
    private volatile boolean held;
    private @Nullable DatagramLane lane; // made under the host's lock, used by who transmits

    /// The ports of all shards, if they share the link; null if this one transmits whenever it likes.
    private LinkPort @Nullable [] sharing;

    LinkPort(StackMonitor monitor, NetInterface nic, Link link) {
        this.monitor = monitor;
        this.nic = nic;
        this.link = link;
    }

    /// Lets one port at a time use the link, on behalf of all. Before the link is started.
    static void share(LinkPort[] ports) {
        for (LinkPort port : ports) {
            port.sharing = ports;
        }
    }

    /// Where datagrams for this link are built without the host's lock; null if they cannot be. Under the host's
    /// lock.
    @Nullable
    DatagramLane lane() {
        if (lane == null && sharing == null && monitor.clock() == null) {
            lane = monitor.stack().udp().lane(nic);
        }
        return lane;
    }

    NetInterface nic() {
        return nic;
    }

    Link link() {
        return link;
    }

    @Override
    public BufferPool pool() {
        return pool;
    }

    @Override
    public boolean received(Packet packet) {
        boolean taken = receivedMore(packet);
        if (taken) {
            monitor.tryRun();
        }
        return taken;
    }

    @Override
    public boolean receivedMore(Packet packet) {
        if (monitor.isBusy()) {
            // It will wait for whoever is at work: that time is not the network's.
            packet.receivedAt = monitor.nanoTime();
        }
        return take(packet);
    }

    private boolean take(Packet packet) {
        if (closed || !inbox.offer(packet)) {
            inboxDrops.incrementAndGet();
            monitor.tellDropped(closed ? DropReason.DOWN : DropReason.INBOX_FULL, packet);
            packet.release();
            return false;
        }
        return true;
    }

    @Override
    public @Nullable LinkReceiver receivedAlone(Packet packet) {
        if (!closed && monitor.receiveAgain(this, packet)) {
            return this;
        }
        received(packet);
        return null;
    }

    @Override
    public void leave() {
        monitor.exitAgain();
    }

    @Override
    public void receivedAll() {
        if (hasInput()) {
            monitor.tryRun();
        }
    }

    @Override
    public void receivedAll(long sentAt) {
        if (hasInput()) {
            monitor.tryRun(sentAt);
        }
    }

    @Override
    public void down(String reason) {
        dropFromNowOn(reason);
        System.getLogger("dev.berth.host")
                .log(System.Logger.Level.WARNING, "Interface {0} is down: {1}", nic.name(), reason);
    }

    void dropFromNowOn(String reason) {
        downReason = reason;
    }

    @Override
    public void ready() {
        transmit();
        if (held) {
            monitor.tryRun(); // what did not fit in the outbox
        }
    }

    /// What is closed or down takes packets, and drops them.
    private boolean isReady() {
        return closed || downReason != null || link.isReady();
    }

    boolean hasInput() {
        return !inbox.isEmpty();
    }

    StackMonitor monitor() {
        return monitor;
    }

    /// True if packets wait for the link. Under the host's lock.
    boolean hasOutput() {
        return nic.hasEgress();
    }

    /// True if every packet that has left here was handed over, so that another may go [#straight]. Under the host's
    /// lock.
    boolean isIdle() {
        // Only the owner of the lock adds to the outbox: once it is empty and nobody transmits, nothing is on its
        // way.
        return outbox.isEmpty() && !transmitting && !closed && downReason == null && sharing == null;
    }

    /// True if nothing waits for the link that it would take, and nobody transmits. From any thread.
    boolean isSilent() {
        return !transmitting && (outbox.isEmpty() && !held || !isReady());
    }

    /// True if the stack has got every packet that was handed over, also one that a slower thread has not yet left
    /// behind entirely. Under the host's lock.
    boolean isDrained() {
        return inbox.isDrained();
    }

    /// Where the link would hand the oldest packet that waits for it, if it does nothing else with it. Under the
    /// host's lock.
    ///
    /// @return null if the packet has to go through the outbox and the link
    @Nullable
    LinkPort straight() {
        Packet packet = nic.peekEgress();
        return packet != null && link.straight(packet) instanceof LinkPort far && !far.closed ? far : null;
    }

    /// Hands packets that wait for the link to the stack behind `far`, as far as they go [#straight] there. Under the
    /// locks of both hosts, if this is idle and `far` is drained.
    ///
    /// @return how many, at most `most`
    int passTo(LinkPort far, int most, long now) {
        int passed = 0;
        while (passed < most && straight() == far) {
            Packet packet = nic.pollEgress();
            if (packet != null) {
                packet.sentAt = now;
                far.monitor.stack().receive(far.nic, packet, now);
                passed++;
            }
        }
        return passed;
    }

    /// Says that somebody looks at the inbox again and again. Under the host's lock.
    void attend() {
        inbox.attend();
    }

    /// Takes that back.
    void unattend() {
        inbox.unattend();
    }

    /// True if somebody looks at the inbox, which is empty, again and again.
    boolean isAttended() {
        return inbox.isAttended();
    }

    /// Leaves the oldest packet that waits for the link in the inbox of `far`, where it goes [#straight]. Under this
    /// host's lock, if this is idle and `far` is attended.
    ///
    /// @return false if nobody attends any more, and the other host has to be run
    boolean leaveAt(LinkPort far, long now) {
        Packet packet = nic.pollEgress();
        if (packet == null) {
            return true;
        }
        packet.sentAt = now;
        packet.receivedAt = now; // the time until somebody takes it is not the network's
        PacketQueue.Left left = far.inbox.leave(packet);
        if (left == PacketQueue.Left.NOT_TAKEN) {
            far.take(packet);
        }
        return left == PacketQueue.Left.ATTENDED;
    }

    /// Leaves all packets that wait for the link, as far as they go [#straight] there, in the inbox of `far`. Under
    /// this host's lock, if this is idle; the caller sees to it that somebody takes them.
    void leaveBehindAt(LinkPort far, long now) {
        while (straight() == far) {
            Packet packet = nic.pollEgress();
            if (packet != null) {
                packet.sentAt = now;
                packet.receivedAt = now; // the time until somebody takes it is not the network's
                far.take(packet);
            }
        }
    }

    /// Lets the stack count what was refused. Under the host's lock.
    void countRefused(NetStack stack) {
        if (inboxDrops.get() != 0) {
            stack.drops().countAll(DropReason.INBOX_FULL, inboxDrops.getAndSet(0));
        }
    }

    /// Gives the stack what has arrived, a batch at most. Under the host's lock.
    void drainInto(NetStack stack, long now) {
        countRefused(stack);
        for (int i = 0; i < BATCH; i++) {
            Packet packet = inbox.poll();
            if (packet == null) {
                return;
            }
            stack.receive(nic, packet, now);
        }
    }

    /// Moves what the stack has to send to the outbox, as far as it has room. Under the host's lock.
    void collectOutput() {
        boolean full = outbox.isFull();
        long sentAt = monitor.sentAt();
        while (!full && nic.hasEgress()) {
            Packet packet = nic.pollEgress();
            if (packet == null) {
                break;
            }
            packet.sentAt = sentAt;
            if (!outbox.offerAlone(packet)) {
                monitor.stack().drops().drop(DropReason.EGRESS_FULL, packet);
            }
            full = outbox.isFull();
        }
        if (held != full) {
            held = full; // a volatile write takes longer than all of the above
        }
    }

    /// Transmits what is in the outbox. Without the host's lock.
    void transmit() {
        LinkPort[] all = sharing;
        if (all != null) {
            all[0].transmitAll(all);
            return;
        }
        while (!outbox.isEmpty() && isReady()) {
            if (!TRANSMITTING.compareAndSet(this, false, true)) {
                return;
            }
            try {
                drainOutbox();
                link.flush();
            } finally {
                transmitting = false;
            }
        }
    }

    /// Sends a datagram on a way that is known, without the host's lock: whoever gets the `transmitting` flag while
    /// nothing waits before it, builds it and hands it to the link.
    ///
    /// @return false if nothing was done: the datagram has to go through the critical section
    boolean transmitBeside(
            DatagramWay way,
            DatagramLane on,
            @Nullable ByteSource source,
            byte @Nullable [] bytes,
            int from,
            int length) {
        if (!TRANSMITTING.compareAndSet(this, false, true)) {
            return false;
        }
        boolean sent = false;
        LinkReceiver entered = null;
        try {
            if (outbox.isEmpty() && !held && !closed && downReason == null && link.isReady() && way.isOpen()) {
                Packet packet = on.write(way, source, bytes, from, length);
                if (packet != null) {
                    sent = true;
                    entered = link.transmitAlone(packet);
                }
            }
        } finally {
            if (entered == null) {
                transmitting = false;
            } else {
                // To leave is a fence between this and the look at the outbox: one for both takes half the time.
                TRANSMITTING.setRelease(this, false);
                entered.leave();
            }
            if (!outbox.isEmpty()) {
                transmit(); // what others have left meanwhile, also if the source or the link has thrown something
            }
        }
        return sent;
    }

    /// Transmits what is in the outboxes of all shards, which share the link.
    private void transmitAll(LinkPort[] all) {
        while (isAnythingLeft(all) && isReady()) {
            if (!TRANSMITTING.compareAndSet(this, false, true)) {
                return;
            }
            try {
                for (LinkPort port : all) {
                    port.drainOutbox();
                }
                link.flush();
            } finally {
                transmitting = false;
            }
        }
    }

    private static boolean isAnythingLeft(LinkPort[] all) {
        for (LinkPort port : all) {
            if (!port.outbox.isEmpty()) {
                return true;
            }
        }
        return false;
    }

    private void drainOutbox() {
        Packet packet;
        while (isReady() && (packet = outbox.poll()) != null) {
            if (closed || downReason != null) {
                monitor.tellDropped(DropReason.DOWN, packet);
                packet.release();
            } else {
                link.transmit(packet);
            }
        }
    }

    void close() {
        closed = true;
        link.close();
        transmit();
    }
}
