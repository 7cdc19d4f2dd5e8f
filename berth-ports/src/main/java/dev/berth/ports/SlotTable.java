package dev.berth.ports;

import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Open addressing over references with their hashes beside them: linear probing, no tombstones, deletion
/// shifts back.
///
/// An element's home is told by the upper bits of its hash, so that the elements lie in about the order of their
/// hashes whatever the size of the table: a walk in pages ([#walk]) survives growth and shrinking.
///
/// The table holds no keys; whoever searches walks from [#home] with [#next] while [#hashAt] is not 0 and
/// compares the element only where the hash is equal. It grows at 5/8 and shrinks at 1/8, so that a size that
/// moves back and forth allocates nothing.
final class SlotTable<E> {
    static final int MIN_CAPACITY = 8;

    /// What [#walk] returns at the end.
    static final long END = -1;

    private static final long ALL_HASHES = 1L << Integer.SIZE;

    private int[] hashes = new int[MIN_CAPACITY];
    private @Nullable Object[] slots = new Object[MIN_CAPACITY];
    private int size;
    /// 32 less the bits that number the slots.
    private int shift = Integer.SIZE - Integer.numberOfTrailingZeros(MIN_CAPACITY);

    int size() {
        return size;
    }

    int capacity() {
        return slots.length;
    }

    /// The slot where an element with this hash would sit if nobody were in its way.
    int home(int hash) {
        return hash >>> shift;
    }

    int next(int slot) {
        return slot + 1 & hashes.length - 1;
    }

    /// The hash of the element in a slot, 0 if there is none.
    int hashAt(int slot) {
        return hashes[slot];
    }

    @SuppressWarnings("unchecked")
    E at(int slot) {
        // Only elements are ever stored, and the caller has seen a hash in this slot.
        return (E) Objects.requireNonNull(slots[slot]);
    }

    /// Adds an element that is not in the table; `hash` is not 0.
    void insert(E element, int hash) {
        if ((size + 1) * 8L > slots.length * 5L) {
            resize(slots.length * 2);
        }
        place(element, hash);
        size++;
    }

    private void place(E element, int hash) {
        int slot = home(hash);
        while (hashes[slot] != 0) {
            slot = next(slot);
        }
        hashes[slot] = hash;
        slots[slot] = element;
    }

    /// Puts `with` into the slot of `old`; the hash stays.
    void replace(E old, E with, int hash) {
        slots[slotOf(old, hash)] = with;
    }

    /// Removes an element.
    void remove(E element, int hash) {
        int hole = slotOf(element, hash);
        int mask = hashes.length - 1;
        for (int slot = next(hole); hashes[slot] != 0; slot = next(slot)) {
            // An element may move into the hole unless its home lies behind the hole, up to where it sits.
            if ((slot - home(hashes[slot]) & mask) >= (slot - hole & mask)) {
                hashes[hole] = hashes[slot];
                slots[hole] = slots[slot];
                hole = slot;
            }
        }
        hashes[hole] = 0;
        slots[hole] = null;
        size--;
        if (slots.length > MIN_CAPACITY && size * 8L < slots.length) {
            resize(slots.length / 2);
        }
    }

    /// Shows the elements whose hashes, taken as unsigned, are the next ones from `position` on.
    ///
    /// The part of the hashes that one call covers is that of `count` slots. Where an element is in this order does
    /// not depend on the size of the table, so whoever goes on with the position returned sees every element that
    /// was in the table all the time exactly once, and one that came or went meanwhile once, or not at all. (One
    /// that left and came back may be seen twice.)
    ///
    /// @param position where to begin, 0 for the first call
    /// @param count how many slots to look at, at least 1; a few more are, up to the next empty one
    /// @return where to go on; [#END] after the last
    long walk(long position, int count, Consumer<? super E> visitor) {
        int first = (int) (position >>> shift);
        int past = Math.min(first + count, hashes.length);
        long end = (long) past << shift;
        // An element lies at its home or behind it, with no empty slot in between; the last run may go on at slot 0.
        int round = first + hashes.length;
        for (int i = first; i < round && (i < past || hashes[i & hashes.length - 1] != 0); i++) {
            int slot = i & hashes.length - 1;
            long hash = Integer.toUnsignedLong(hashes[slot]);
            if (hash != 0 && hash >= position && hash < end) {
                visitor.accept(at(slot));
            }
        }
        return end == ALL_HASHES ? END : end;
    }

    private int slotOf(E element, int hash) {
        int slot = home(hash);
        while (slots[slot] != element) {
            if (hashes[slot] == 0) {
                throw new IllegalStateException("Not in this table: " + element);
            }
            slot = next(slot);
        }
        return slot;
    }

    @SuppressWarnings("unchecked")
    private void resize(int capacity) {
        int[] oldHashes = hashes;
        @Nullable Object[] oldSlots = slots;
        hashes = new int[capacity];
        slots = new Object[capacity];
        shift = Integer.SIZE - Integer.numberOfTrailingZeros(capacity);
        for (int i = 0; i < oldHashes.length; i++) {
            if (oldHashes[i] != 0) {
                place((E) Objects.requireNonNull(oldSlots[i]), oldHashes[i]);
            }
        }
    }
}
