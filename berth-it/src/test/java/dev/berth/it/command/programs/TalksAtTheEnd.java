package dev.berth.it.command.programs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/// Makes a connection to itself in a shutdown hook, slowly; with an argument it waits until its process is ended.
public final class TalksAtTheEnd {
    private TalksAtTheEnd() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        ServerSocket server = new ServerSocket(80);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> talk(server)));
        System.out.println("Ready");
        if (args.length > 0) {
            Thread.currentThread().join();
        }
    }

    private static void talk(ServerSocket server) {
        for (int i = 0; i < 200; i++) {
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), 80);
                    Socket peer = server.accept()) {
                client.getOutputStream().write(42);
                int heard = peer.getInputStream().read();
                if (i == 199) {
                    System.out.println("Heard " + heard);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
