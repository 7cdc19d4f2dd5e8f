package dev.berth.sockets;

import java.nio.channels.SelectionKey;
import java.util.AbstractSet;
import java.util.HashSet;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/// The selected keys as a program sees them: it may remove keys, but not add any. Not thread-safe, as a selector's
/// documentation has it.
final class SelectedKeys extends AbstractSet<SelectionKey> {
    private final HashSet<SelectionKey> keys = new HashSet<>();

    /// Adds a key, for the selector.
    void select(SelectionKey key) {
        keys.add(key);
    }

    @Override
    public Iterator<SelectionKey> iterator() {
        return keys.iterator();
    }

    @Override
    public int size() {
        return keys.size();
    }

    @Override
    public boolean contains(@Nullable Object key) {
        return keys.contains(key);
    }

    @Override
    public boolean remove(@Nullable Object key) {
        return keys.remove(key);
    }

    @Override
    public void clear() {
        keys.clear();
    }
}
