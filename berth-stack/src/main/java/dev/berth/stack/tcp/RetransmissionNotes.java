package dev.berth.stack.tcp;

import dev.berth.ports.Flow;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Which connections sent something again since it was looked at last, for whoever tells people: no call leads up
/// from the stack. Of at most [#MOST] connections at a time; what others sent again is counted in [#missed]. Used in
/// the host's critical section only; allocates nothing.
public final class RetransmissionNotes {
    /// Connections that are noted at most.
    public static final int MOST = 64;

    private final @Nullable Flow[] connections = new Flow[MOST];
    private final int[] segments = new int[MOST];
    private final int[] octets = new int[MOST];
    private int size;
    private long missed;

    RetransmissionNotes() {}

    void add(Flow flow, int length) {
        int last = size - 1;
        if (last >= 0 && connections[last] == flow) {
            segments[last]++;
            octets[last] += length;
        } else if (size < MOST) {
            connections[size] = flow;
            segments[size] = 1;
            octets[size] = length;
            size++;
        } else {
            missed++;
        }
    }

    /// How many there are; a connection may be there more than once.
    public int size() {
        return size;
    }

    /// The connection of note `i`.
    public Flow connection(int i) {
        Flow flow = connections[i];
        if (i >= size || flow == null) {
            throw new IndexOutOfBoundsException(i);
        }
        return flow;
    }

    /// Segments that it sent again.
    public int segments(int i) {
        return segments[i];
    }

    /// Octets of data in them; a SYN or FIN has none.
    public int octets(int i) {
        return octets[i];
    }

    /// Segments that were not noted since the start, as too many connections sent again at once.
    public long missed() {
        return missed;
    }

    /// Forgets them all.
    public void clear() {
        Arrays.fill(connections, 0, size, null);
        size = 0;
    }
}
