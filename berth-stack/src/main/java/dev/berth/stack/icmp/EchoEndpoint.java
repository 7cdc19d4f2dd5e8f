package dev.berth.stack.icmp;

import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.endpoint.StackSocket;
import org.jspecify.annotations.Nullable;

/// One user of echo requests, with an identifier of its own: RFC 1122 section 3.2.2.6.
///
/// Remembers its last [#OUTSTANDING] requests, and keeps at most as many answers that nobody has polled. All
/// operations are those of [EchoClient]. Belongs to the host's critical section.
public final class EchoEndpoint implements StackSocket {
    /// Requests that wait for their answers at a time; a reply to an older one is not recognised any more.
    public static final int OUTSTANDING = 64;

    final int identifier;
    boolean closed;
    int nextSequence;

    // The last requests, by their number modulo OUTSTANDING
    final boolean[] waits = new boolean[OUTSTANDING];
    final int[] sequences = new int[OUTSTANDING];
    final int[] lengths = new int[OUTSTANDING];
    final long[] destinationsHi = new long[OUTSTANDING];
    final long[] destinationsLo = new long[OUTSTANDING];
    final long[] sentAt = new long[OUTSTANDING];

    private final @Nullable EchoReply[] answers = new EchoReply[OUTSTANDING];
    private int first;
    private int count;

    private @Nullable Object attachment;
    private boolean queued;

    EchoEndpoint(int identifier) {
        this.identifier = identifier;
    }

    /// The identifier of its requests, 0 to 65,535; nobody else on this host has it.
    public int identifier() {
        return identifier;
    }

    /// The oldest answer that was not polled yet, or null if there is none.
    public @Nullable EchoReply poll() {
        if (count == 0) {
            return null;
        }
        EchoReply answer = answers[first];
        answers[first] = null;
        first = (first + 1) % OUTSTANDING;
        count--;
        return answer;
    }

    /// The place of a request that waits for its answer, or -1.
    int waiting(int sequence, long hi, long lo) {
        int at = sequence % OUTSTANDING;
        return waits[at] && sequences[at] == sequence && destinationsHi[at] == hi && destinationsLo[at] == lo ? at : -1;
    }

    /// @return false if there is no room
    boolean offer(EchoReply answer) {
        if (count == OUTSTANDING) {
            return false;
        }
        answers[(first + count) % OUTSTANDING] = answer;
        count++;
        return true;
    }

    /// Readable while an answer waits; always writable.
    @Override
    public int readiness() {
        if (closed) {
            return Readiness.ALL;
        }
        return count > 0 ? Readiness.READABLE | Readiness.WRITABLE : Readiness.WRITABLE;
    }

    @Override
    public @Nullable Object attachment() {
        return attachment;
    }

    @Override
    public void attach(@Nullable Object owner) {
        attachment = owner;
    }

    @Override
    public boolean queued() {
        return queued;
    }

    @Override
    public void queued(boolean inQueue) {
        queued = inQueue;
    }

    @Override
    public String toString() {
        return "ICMP echo " + identifier;
    }
}
