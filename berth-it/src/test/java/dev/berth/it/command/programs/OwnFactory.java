package dev.berth.it.command.programs;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;

/// A program that wants a factory of its own for its sockets.
final class OwnFactory {
    private OwnFactory() {}

    @SuppressWarnings("deprecation")
    public static void main(String[] args) throws IOException {
        try {
            Socket.setSocketImplFactory(() -> {
                throw new IllegalStateException("the factory of the program");
            });
            System.out.println("set");
        } catch (SocketException e) {
            System.out.println("not set: " + e.getMessage());
        }
        try (Socket socket = new Socket()) {
            System.out.println("made " + socket.isBound());
        } catch (IllegalStateException e) {
            System.out.println("asked " + e.getMessage());
        }
        new ServerSocket(80).close();
    }
}
