package dev.berth.ports;

import org.jspecify.annotations.Nullable;

/// The bindings of one port, counted so that a conflict is found without walking over them.
///
/// Bindings are counted by *reach* (what their address covers) and *class* (what the rules of the platform look at:
/// how they share, whether they listen or are closed).
final class BoundPort<L> {
    /// Reaches: one IPv4 address, 0.0.0.0, one IPv6 address, `::` for IPv6 only, `::` for both families.
    static final int V4 = 0;

    static final int V4_ANY = 1;
    static final int V6 = 2;
    static final int V6_ANY = 3;
    static final int DUAL_ANY = 4;
    private static final int REACHES = 5;

    final int port;
    /// Bindings by reach and class.
    private final int[] counts = new int[REACHES * BindRules.CLASSES];
    /// The groups of the three wildcards, by reach; null where there is none.
    @Nullable
    AddressGroup<L> v4Any;

    @Nullable
    AddressGroup<L> v6Any;

    @Nullable
    AddressGroup<L> dualAny;
    /// Groups of single addresses.
    int specificGroups;
    /// Head of the list of bindings, the newest first.
    @Nullable
    PortBinding<L> first;

    BoundPort(int port) {
        this.port = port;
    }

    void count(int reach, int sharingClass, int delta) {
        counts[reach * BindRules.CLASSES + sharingClass] += delta;
    }

    /// The bindings of a reach whose class is in the set `classes`, one bit a class.
    int count(int reach, int classes) {
        return sum(counts, reach * BindRules.CLASSES, classes);
    }

    static int sum(int[] counts, int from, int classes) {
        int sum = 0;
        for (int rest = classes; rest != 0; rest &= rest - 1) {
            sum += counts[from + Integer.numberOfTrailingZeros(rest)];
        }
        return sum;
    }

    @Nullable
    AddressGroup<L> wildcard(int reach) {
        return switch (reach) {
            case V4_ANY -> v4Any;
            case V6_ANY -> v6Any;
            default -> dualAny;
        };
    }

    void setWildcard(int reach, @Nullable AddressGroup<L> group) {
        switch (reach) {
            case V4_ANY -> v4Any = group;
            case V6_ANY -> v6Any = group;
            default -> dualAny = group;
        }
    }

    void link(PortBinding<L> binding) {
        PortBinding<L> head = first;
        binding.next = head;
        if (head != null) {
            head.previous = binding;
        }
        first = binding;
    }

    void unlink(PortBinding<L> binding) {
        PortBinding<L> before = binding.previous;
        PortBinding<L> after = binding.next;
        if (before == null) {
            first = after;
        } else {
            before.next = after;
        }
        if (after != null) {
            after.previous = before;
        }
        binding.previous = null;
        binding.next = null;
    }
}
