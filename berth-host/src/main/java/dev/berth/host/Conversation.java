package dev.berth.host;

import org.jspecify.annotations.Nullable;

/// Two hosts at a time: what the owner of a host's lock does with another host in memory that he has packets for. He
/// takes that one's lock besides and carries packets to and fro, or leaves a lone packet to those who attend it.
///
/// The other lock is only tried, never waited for, and given back with this one, and there is never a third. What
/// cannot go this way, or is too much, takes the ordinary one, through outbox, link and inbox.
final class Conversation {
    /// Packets that two hosts exchange at most before their locks are released: a few microseconds.
    private static final int MOST = 64;

    /// More packets than these that wait at once are a batch, and begin no conversation.
    private static final int EXCHANGE = 4;

    private final StackMonitor own;
    private @Nullable StackMonitor partner; // guarded by the lock: whose lock its owner holds besides
    private @Nullable LinkPort unattended; // guarded by the lock: where a packet is that nobody sees to

    Conversation(StackMonitor own) {
        this.own = own;
    }

    /// If what waits to be sent goes straight to another host in memory that nobody is at work in, takes that one's
    /// lock besides and carries packets to and fro until both are silent, so that an exchange of several packets
    /// costs each host one critical section. A batch goes the ordinary way: the other host's reader may take out what
    /// has come meanwhile. Under the lock.
    ///
    /// @return false if the budget of a call to `settle` was used up
    boolean hold() {
        for (LinkPort port : own.ports()) {
            boolean few = port.hasOutput() && port.nic().egressLength() <= EXCHANGE;
            LinkPort far = few && port.isIdle() ? port.straight() : null;
            if (far != null) {
                return leaveTo(port, far) || !join(far.monitor()) || talk(port, far);
            }
        }
        return true;
    }

    /// The host whose lock the owner of this one's holds besides; null if there is none. Under the lock.
    @Nullable
    StackMonitor partner() {
        return partner;
    }

    /// Gives the partner's lock back. Under the lock.
    void end() {
        StackMonitor other = partner;
        if (other != null) {
            partner = null;
            other.part();
        }
    }

    private boolean join(StackMonitor other) {
        if (other == own || own.clock() != null || !other.tryJoin()) {
            return false;
        }
        partner = other;
        return true;
    }

    /// Under both locks: what was sent before in either direction has arrived, if that is so now, as nobody else adds
    /// to an outbox.
    private boolean talk(LinkPort near, LinkPort far) {
        StackMonitor other = far.monitor();
        long present = own.meet(other);
        other.takeIn();
        boolean answers = far.isIdle() && near.isDrained();
        int budget = MOST;
        int passed = far.isDrained() ? near.passTo(far, budget, present) : 0;
        boolean settled = other.stack().settle(present);
        while (passed > 0 && answers) {
            budget -= passed;
            int answered = far.passTo(near, budget, present);
            if (answered == 0) {
                break;
            }
            settled &= own.stack().settle(present);
            if (own.isQueuedFor() || other.isQueuedFor()) {
                break;
            }
            budget -= answered;
            passed = near.passTo(far, budget, present);
            if (passed > 0) {
                settled &= other.stack().settle(present);
            }
        }
        return settled;
    }

    // A packet that is left to those who attend the other host

    /// Leaves the one packet that waits to be sent to whoever attends the other host, if it is not to wait for one
    /// that was left before; or to a thread that is busy there.
    ///
    /// @return false if nothing was done
    private boolean leaveTo(LinkPort port, LinkPort far) {
        if (far.monitor() == own || own.clock() != null || !own.attendance.mayLeaveAt(far)) {
            return false;
        }
        // Hosts with a clock of their own are not attended.
        if (!far.isAttended() || port.nic().egressLength() != 1) {
            return leaveToBusy(port, far);
        }
        if (!port.leaveAt(far, own.present())) {
            unattended = far;
        }
        own.attendance.hasLeft(far);
        return true;
    }

    /// Leaves what waits to be sent to a thread that is in and out of the other host's section all the time. It takes
    /// it there with its own caches, and the two threads do not meet at the lock.
    ///
    /// @return false if there is no such thread, and nothing was done
    private boolean leaveToBusy(LinkPort port, LinkPort far) {
        long present = own.present();
        // Who is not busy himself waits for the answer soon, and does not look at what the other one writes.
        if (!own.isBusyAllTheTime() || !far.monitor().isBusyWithAnother(present)) {
            return false;
        }
        port.leaveBehindAt(far, present);
        unattended = far;
        own.attendance.hasLeft(far);
        return true;
    }

    /// Where the section has put a packet that nobody sees to, so that the host behind it is to be run; null if
    /// nowhere. Under the lock, once.
    @Nullable
    LinkPort takeUnattended() {
        LinkPort far = unattended;
        unattended = null;
        return far;
    }
}
