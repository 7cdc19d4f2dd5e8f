package dev.berth.capture;

import dev.berth.wire.Bytes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Recorded packets in memory, oldest first, in segments of [#SEGMENT] octets that are made as they are needed. Notes
/// can be put to a record as long as it is there. Not thread-safe.
///
/// A position counts octets since the beginning, so it names a record for ever; a record does not lie across two
/// segments. A packet that is several records (segments of one super-packet) has them one behind the other.
final class RecordStore {
    /// Octets of a segment.
    static final int SEGMENT = 256 * 1_024;

    // The header of a record
    private static final int LENGTH = 0; // octets of the packet
    private static final int INTERFACE = 4;
    private static final int TIME = 8;
    private static final int FLAGS = 16; // the direction, and how many records of the same packet follow
    private static final int NOTES = 20; // two numbers of texts, 0 for none
    private static final int HEADER = 28;

    /// Texts of notes that are told apart.
    private static final int MAX_TEXTS = 4_096;

    private static final String MANY_TEXTS = "dropped (there were too many different reasons to keep them)";

    /// A record, as [#next] found it.
    static final class Entry {
        int interfaceNumber;
        long epochNanos;
        Direction direction = Direction.INBOUND;
        byte[] bytes = new byte[0];
        int from;
        int length;
        List<String> notes = List.of();

        /// How many more records the same packet has.
        int following;
    }

    private final ArrayDeque<byte[]> segments = new ArrayDeque<>();
    private final int maxSegments;
    private long first; // the number of the oldest segment
    private byte[] last = new byte[0]; // the newest, if there is one
    private int used; // in the newest
    private long evicted; // records

    private final List<String> texts = new ArrayList<>(List.of(""));
    private final Map<String, Integer> numbers = new HashMap<>();

    /// Room for about so many octets, and for one segment at least.
    RecordStore(long octets) {
        maxSegments = Math.clamp((octets + SEGMENT - 1) / SEGMENT, 1, Integer.MAX_VALUE);
    }

    /// Where the next record goes, if it fits into the newest segment.
    long head() {
        return segments.isEmpty() ? first * SEGMENT : (first + segments.size() - 1) * SEGMENT + used;
    }

    /// Records that were given up because there was no room for them.
    long evicted() {
        return evicted;
    }

    /// Where the oldest record is, or would be.
    long tail() {
        return first * SEGMENT;
    }

    /// Whether there is room for one more record of so many octets, without giving up the oldest.
    boolean hasRoom(int length) {
        return segments.size() < maxSegments || used + HEADER + length <= SEGMENT;
    }

    /// Adds a record, and gives up the oldest ones if there is no room otherwise.
    ///
    /// @param following how many more records of the same packet will follow
    /// @return its position
    long add(
            int interfaceNumber,
            Direction direction,
            long epochNanos,
            byte[] bytes,
            int from,
            int length,
            int following) {
        if (segments.isEmpty() || used + HEADER + length > SEGMENT) {
            if (segments.size() == maxSegments) {
                evicted += discardFirst();
            }
            close();
            last = new byte[SEGMENT];
            segments.add(last);
            used = 0;
        }
        long position = head();
        Bytes.put32(last, used + LENGTH, length);
        Bytes.put32(last, used + INTERFACE, interfaceNumber);
        Bytes.put64(last, used + TIME, epochNanos);
        Bytes.put32(last, used + FLAGS, direction.flags | following << 2);
        System.arraycopy(bytes, from, last, used + HEADER, length);
        used += HEADER + length;
        return position;
    }

    /// Marks the end of the newest segment, if it is not full.
    private void close() {
        if (!segments.isEmpty() && used + 4 <= SEGMENT) {
            Bytes.put32(last, used + LENGTH, -1);
        }
    }

    /// Returns how many records are gone.
    private int discardFirst() {
        byte[] segment = segments.remove();
        int end = segments.isEmpty() ? used : SEGMENT;
        int gone = 0;
        for (int at = 0; holdsRecord(segment, at, end); at = behind(segment, at)) {
            gone++;
        }
        first++;
        return gone;
    }

    private static boolean holdsRecord(byte[] segment, int at, int end) {
        return at + HEADER <= end && Bytes.i32(segment, at + LENGTH) >= 0;
    }

    private static int behind(byte[] segment, int at) {
        return at + HEADER + Bytes.i32(segment, at + LENGTH);
    }

    /// Puts a note to the packet whose first record is at `position`.
    ///
    /// @return false if it is not here any more, or has as many notes as it can have
    boolean note(long position, String text) {
        int number = numberOf(text);
        long at = position;
        boolean noted = false;
        for (int left = 1; left > 0; left--) {
            byte[] segment = segmentAt(at);
            if (segment == null) {
                return noted;
            }
            int offset = (int) (at % SEGMENT);
            int flags = Bytes.i32(segment, offset + FLAGS);
            if (!noted) {
                left += flags >>> 2;
            }
            if (!put(segment, offset + NOTES, number)) {
                return noted;
            }
            noted = true;
            int next = behind(segment, offset);
            boolean within = segment == last || holdsRecord(segment, next, SEGMENT);
            at = within ? at - offset + next : (at / SEGMENT + 1) * SEGMENT;
        }
        return true;
    }

    private static boolean put(byte[] segment, int slots, int number) {
        for (int i = 0; i < 2; i++) {
            int there = Bytes.i32(segment, slots + 4 * i);
            if (there == number) {
                return true;
            }
            if (there == 0) {
                Bytes.put32(segment, slots + 4 * i, number);
                return true;
            }
        }
        return false;
    }

    private int numberOf(String text) {
        Integer known = numbers.get(text);
        if (known != null) {
            return known;
        }
        String kept = texts.size() >= MAX_TEXTS ? MANY_TEXTS : text;
        return numbers.computeIfAbsent(kept, fresh -> {
            texts.add(fresh);
            return texts.size() - 1;
        });
    }

    private byte @Nullable [] segmentAt(long position) {
        if (position < tail() || position >= head()) {
            return null;
        }
        int index = (int) (position / SEGMENT - first);
        if (index == segments.size() - 1) {
            return last;
        }
        for (byte[] segment : segments) {
            if (index-- == 0) {
                return segment;
            }
        }
        return null;
    }

    /// Copies the record at `position`, or the oldest one if that is newer, to `into`.
    ///
    /// @return where the next record is, or -1 if there is none from `position` on
    long next(long position, Entry into) {
        long at = Math.max(position, tail());
        byte[] segment = segmentAt(at);
        if (segment == null) {
            return -1;
        }
        int offset = (int) (at % SEGMENT);
        if (segment != last && !holdsRecord(segment, offset, SEGMENT)) {
            return next((at / SEGMENT + 1) * SEGMENT, into);
        }
        into.length = Bytes.i32(segment, offset + LENGTH);
        into.interfaceNumber = Bytes.i32(segment, offset + INTERFACE);
        into.epochNanos = Bytes.i64(segment, offset + TIME);
        int flags = Bytes.i32(segment, offset + FLAGS);
        into.direction = (flags & 3) == Direction.INBOUND.flags ? Direction.INBOUND : Direction.OUTBOUND;
        into.following = flags >>> 2;
        into.notes = notes(segment, offset + NOTES);
        if (into.bytes.length < into.length) {
            into.bytes = new byte[into.length];
        }
        System.arraycopy(segment, offset + HEADER, into.bytes, 0, into.length);
        return at - offset + behind(segment, offset);
    }

    private List<String> notes(byte[] segment, int slots) {
        int first = Bytes.i32(segment, slots);
        if (first == 0) {
            return List.of();
        }
        int second = Bytes.i32(segment, slots + 4);
        return second == 0 ? List.of(texts.get(first)) : List.of(texts.get(first), texts.get(second));
    }

    /// Gives up everything that lies wholly before `position`.
    void discardBefore(long position) {
        while (!segments.isEmpty() && (first + 1) * SEGMENT <= position) {
            discardFirst();
        }
    }
}
