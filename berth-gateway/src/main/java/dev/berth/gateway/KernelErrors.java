package dev.berth.gateway;

import dev.berth.tun.ErrorQueue;
import dev.berth.tun.SocketError;
import java.io.IOException;
import java.nio.channels.DatagramChannel;
import org.jspecify.annotations.Nullable;

/// The error queues of the kernel's datagram sockets, where they can be had: on Linux, with native access for the
/// module dev.berth.tun, and with `sun.nio.ch` exported to this one.
///
/// They are looked for when the first socket asks, as the foreign function interface takes some time to begin with.
final class KernelErrors {
    private boolean looked;
    private volatile @Nullable ErrorQueue queue;

    /// Lets a socket have an error queue.
    ///
    /// @return its descriptor, or -1 if it cannot have one
    synchronized int watch(DatagramChannel channel) {
        if (!looked) {
            looked = true;
            try {
                queue = ErrorQueue.open();
            } catch (IOException e) {
                logger().log(System.Logger.Level.DEBUG, "{0}", e.getMessage());
            }
        }
        ErrorQueue present = queue;
        if (present == null) {
            return -1;
        }
        int descriptor = KernelSockets.descriptor(channel);
        return descriptor >= 0 && present.watch(descriptor) ? descriptor : -1;
    }

    /// The next error about what a socket has sent, or null.
    ///
    /// @param descriptor what [#watch] has returned
    @Nullable
    SocketError poll(int descriptor) {
        ErrorQueue present = queue;
        return present == null || descriptor < 0 ? null : present.poll(descriptor);
    }

    /// Not in a field: loggers take a good part of the time that a program needs to start.
    private static System.Logger logger() {
        return System.getLogger(Gateway.class.getName());
    }
}
