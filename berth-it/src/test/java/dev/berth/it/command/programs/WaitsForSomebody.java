package dev.berth.it.command.programs;

import java.io.IOException;
import java.net.ServerSocket;

/// Accepts on its main thread, until its process is ended.
public final class WaitsForSomebody {
    private WaitsForSomebody() {}

    public static void main(String[] args) throws IOException {
        try (ServerSocket server = new ServerSocket(80)) {
            System.out.println("Ready");
            while (true) {
                server.accept().close();
            }
        }
    }
}
