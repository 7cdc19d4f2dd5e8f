package dev.berth.ports;

import org.jspecify.annotations.Nullable;

/// Who holds a port, as people are told in messages and snapshots. Whoever binds may pass any object; one that
/// implements this is asked for its label, of any other the `toString` is taken.
public interface PortOwner {
    /// A few words on one line, such as `web server` or `thread main`; empty if there is nothing to say.
    String label();

    /// The words for an owner of any kind; empty for null. May allocate.
    static String labelOf(@Nullable Object owner) {
        return owner == null ? "" : owner instanceof PortOwner known ? known.label() : String.valueOf(owner);
    }
}
