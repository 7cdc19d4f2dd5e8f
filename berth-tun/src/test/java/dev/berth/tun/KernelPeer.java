package dev.berth.tun;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;

/// A program on the kernel's sockets, run as a child in a namespace. It prints what it received.
final class KernelPeer {
    private static final int TIMEOUT_MILLIS = 10_000;

    private KernelPeer() {}

    public static void main(String[] arguments) throws IOException {
        InetSocketAddress remote =
                new InetSocketAddress(InetAddress.getByName(arguments[1]), Integer.parseInt(arguments[2]));
        switch (arguments[0]) {
            case "udp" -> askByUdp(remote, arguments[3], Integer.parseInt(arguments[4]));
            case "tcp" -> exchangeByTcp(remote, Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
            case "hold" -> hold(remote, Integer.parseInt(arguments[3]));
            case "open" -> openTun(arguments[3]);
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    /// The command that runs this class in a child JVM.
    static String[] command(List<String> options, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:+UseSerialGC"));
        command.addAll(options);
        command.add("-cp");
        command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(KernelPeer.class.getName());
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    private static void askByUdp(InetSocketAddress remote, String text, int replies) throws IOException {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.connect(remote);
            byte[] request = text.getBytes(StandardCharsets.UTF_8);
            socket.send(new DatagramPacket(request, request.length));
            for (int i = 0; i < replies; i++) {
                DatagramPacket reply = new DatagramPacket(new byte[65_535], 65_535);
                socket.receive(reply);
                System.out.println(new String(reply.getData(), 0, reply.getLength(), StandardCharsets.UTF_8));
            }
        }
    }

    private static void exchangeByTcp(InetSocketAddress remote, int send, int receive) throws IOException {
        try (Socket socket = new Socket()) {
            socket.setOption(StandardSocketOptions.SO_SNDBUF, 4 * send);
            socket.connect(remote, TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.getOutputStream().write(pattern(send));
            byte[] received = new byte[receive];
            new DataInputStream(socket.getInputStream()).readFully(received);
            System.out.println("crc " + crc(received));
        }
    }

    /// Opens connections, each with a thread that waits to read, says so, and says how many were reset.
    private static void hold(InetSocketAddress remote, int count) throws IOException {
        AtomicInteger resets = new AtomicInteger();
        List<Thread> readers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Socket socket = new Socket();
            socket.connect(remote, TIMEOUT_MILLIS);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            readers.add(Thread.ofPlatform().start(() -> {
                try (socket) {
                    socket.getInputStream().read();
                } catch (IOException e) {
                    if ("Connection reset".equals(e.getMessage())) {
                        resets.incrementAndGet();
                    }
                }
            }));
        }
        System.out.println("open");
        for (Thread reader : readers) {
            try {
                reader.join();
            } catch (InterruptedException e) {
                throw new InterruptedIOException();
            }
        }
        System.out.println("reset " + resets);
    }

    private static void openTun(String name) {
        try (TunLink link = TunLink.open(name)) {
            System.out.println("opened " + link);
        } catch (IOException e) {
            System.out.println("IOException: " + e.getMessage());
        }
    }

    static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31 + (i >>> 8));
        }
        return bytes;
    }

    static long crc(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return crc.getValue();
    }
}
