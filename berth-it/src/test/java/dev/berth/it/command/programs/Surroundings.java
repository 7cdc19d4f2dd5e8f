package dev.berth.it.command.programs;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/// Prints what a program sees of its surroundings.
final class Surroundings {
    Surroundings() {}

    void main(String[] args) throws Exception {
        System.out.println("arguments " + List.of(args));
        System.out.println("property " + System.getProperty("some.property"));
        System.out.println("class path " + System.getProperty("java.class.path"));
        System.out.println("system loader " + (getClass().getClassLoader() == ClassLoader.getSystemClassLoader()));
        System.out.println("thread " + Thread.currentThread().getName());
        System.out.println("own resource "
                + Objects.nonNull(
                        ClassLoader.getSystemResource(getClass().getName().replace('.', '/') + ".class")));
        System.out.println("host name " + InetAddress.getByName("web").getHostAddress());
        System.out.println("local host " + InetAddress.getLocalHost().getHostAddress());
        try (ServerSocket server = new ServerSocket(80);
                Socket client = new Socket("localhost", 80);
                Socket accepted = server.accept()) {
            client.getOutputStream().write("over loopback".getBytes(StandardCharsets.UTF_8));
            client.shutdownOutput();
            System.out.println(new String(accepted.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        }
    }
}
