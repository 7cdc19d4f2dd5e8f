package dev.berth.sockets;

import java.nio.channels.SelectionKey;
import java.util.AbstractSet;
import java.util.Arrays;
import java.util.ConcurrentModificationException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/// The selected keys as a program sees them: it may remove keys, but not add any. Not thread-safe, as a selector's
/// documentation has it.
///
/// An array in the order of selection, and each key knows its place: to select a key and to take it out again neither
/// allocates nor looks for anything.
final class SelectedKeys extends AbstractSet<SelectionKey> {
    private @Nullable BerthSelectionKey[] places = new BerthSelectionKey[8]; // with gaps where keys were taken out
    private int end;
    private int size;
    private int changes;

    /// Adds a key that is not in, for the selector.
    void select(BerthSelectionKey key) {
        if (end == places.length) {
            makeRoom();
        }
        places[end] = key;
        key.place = end++;
        size++;
        changes++;
    }

    /// Closes the gaps, if that gives room for as many as there are, or takes a larger array.
    private void makeRoom() {
        @Nullable BerthSelectionKey[] old = places;
        if (size > old.length / 2) {
            places = new BerthSelectionKey[old.length * 2];
        }
        int kept = 0;
        for (int i = 0; i < end; i++) {
            BerthSelectionKey key = old[i];
            if (key != null) {
                places[kept] = key;
                key.place = kept++;
            }
        }
        Arrays.fill(places, kept, Math.max(kept, Math.min(end, places.length)), null);
        end = kept;
    }

    boolean contains(BerthSelectionKey key) {
        int place = key.place;
        return place < end && places[place] == key;
    }

    private void removeAt(int place) {
        places[place] = null;
        size--;
        changes++;
        if (size == 0) {
            end = 0;
        }
    }

    @Override
    public Iterator<SelectionKey> iterator() {
        return new Keys();
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public boolean contains(@Nullable Object object) {
        return object instanceof BerthSelectionKey key && contains(key);
    }

    @Override
    public boolean remove(@Nullable Object object) {
        if (object instanceof BerthSelectionKey key && contains(key)) {
            removeAt(key.place);
            return true;
        }
        return false;
    }

    @Override
    public void clear() {
        Arrays.fill(places, 0, end, null);
        end = 0;
        size = 0;
        changes++;
    }

    private final class Keys implements Iterator<SelectionKey> {
        private int next;
        private int left = size;
        private int last = -1;
        private int seen = changes;

        @Override
        public boolean hasNext() {
            return left > 0;
        }

        @Override
        public SelectionKey next() {
            checkUnchanged();
            while (next < end) {
                BerthSelectionKey key = places[next++];
                if (key != null) {
                    last = next - 1;
                    left--;
                    return key;
                }
            }
            throw new NoSuchElementException();
        }

        @Override
        public void remove() {
            if (last < 0) {
                throw new IllegalStateException();
            }
            checkUnchanged();
            removeAt(last);
            last = -1;
            seen = changes;
        }

        private void checkUnchanged() {
            if (seen != changes) {
                throw new ConcurrentModificationException();
            }
        }
    }
}
