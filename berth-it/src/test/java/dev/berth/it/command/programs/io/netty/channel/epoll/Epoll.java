package dev.berth.it.command.programs.io.netty.channel.epoll;

/// What a copy of Netty's class of this name looks like whose native library is there.
public final class Epoll {
    private static final Throwable CAUSE = load();

    private Epoll() {}

    private static Throwable load() {
        System.out.println("loaded the native library");
        return null;
    }

    /// True where Netty can use epoll.
    public static boolean isAvailable() {
        return CAUSE == null;
    }

    /// Throws where it cannot.
    public static void ensureAvailability() {
        if (CAUSE != null) {
            throw new UnsatisfiedLinkError("failed to load the required native library");
        }
    }

    /// Why it cannot.
    public static Throwable unavailabilityCause() {
        return CAUSE;
    }

    /// Prints what it says.
    public static void main(String[] args) {
        System.out.println(isAvailable() + " " + unavailabilityCause());
        try {
            ensureAvailability();
            System.out.println("ensured");
        } catch (UnsupportedOperationException e) {
            System.out.println("threw " + e.getMessage());
        }
    }
}
