package dev.berth.it.command.programs;

import java.io.IOException;
import java.net.ServerSocket;

/// An agent that opens a socket before all others.
public final class EarlyAgent {
    private static ServerSocket socket;

    private EarlyAgent() {}

    /// Called by the JVM.
    public static void premain(String options) throws IOException {
        socket = new ServerSocket(0);
    }

    /// True while it has its socket.
    static boolean isListening() {
        return socket != null;
    }
}
