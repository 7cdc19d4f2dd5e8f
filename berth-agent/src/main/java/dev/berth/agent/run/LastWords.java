package dev.berth.agent.run;

import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/// Tells nothing of threads that end because the host closes with the JVM.
///
/// On the kernel a thread that waits in a socket is gone with the process, and sees no exception. Here the host closes
/// while threads are still there, since their peers have to hear of it; the stack of each would be on standard error.
/// Every other exception is told as before.
final class LastWords implements Thread.UncaughtExceptionHandler {
    private final Thread.@Nullable UncaughtExceptionHandler program;

    private LastWords(Thread.@Nullable UncaughtExceptionHandler program) {
        this.program = program;
    }

    /// From now on closed sockets are no news. Called when the shutdown hooks of the program have ended.
    static void keepQuietAboutSockets() {
        Thread.setDefaultUncaughtExceptionHandler(new LastWords(Thread.getDefaultUncaughtExceptionHandler()));
    }

    @Override
    public void uncaughtException(Thread thread, Throwable thrown) {
        if (isOfSocket(thrown)) {
            return;
        }
        if (program != null) {
            program.uncaughtException(thread, thrown);
        } else {
            // As ThreadGroup does it where there is no default handler
            System.err.print("Exception in thread \"" + thread.getName() + "\" ");
            thrown.printStackTrace(System.err);
        }
    }

    private static boolean isOfSocket(Throwable thrown) {
        Throwable each = thrown;
        for (int depth = 0; each != null && depth < 16; depth++) {
            if (each instanceof SocketException || each instanceof ClosedChannelException) {
                return true;
            }
            each = each.getCause();
        }
        return false;
    }
}
