package dev.berth.network;

/// Something that happens at a time of the network's clock. Events of the same time happen in the order in which they
/// were scheduled.
abstract class Event implements Comparable<Event> {
    long at;
    long order;

    /// Lets it happen.
    abstract void happen();

    /// True if it need not happen any more.
    boolean isStale() {
        return false;
    }

    @Override
    public final int compareTo(Event other) {
        int byTime = Long.compare(at, other.at);
        return byTime != 0 ? byTime : Long.compare(order, other.order);
    }

    static Event of(Runnable action) {
        return new Event() {
            @Override
            void happen() {
                action.run();
            }
        };
    }
}
