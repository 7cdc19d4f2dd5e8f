package dev.berth.it.command.programs;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/// Calls the servers of [Outside] and prints what came of it, a line each.
final class CallsOut {
    CallsOut() {}

    private static final int TIMEOUT = 60_000;

    private static Socket connect(String host, int port) throws IOException {
        Socket socket = new Socket();
        socket.setSoTimeout(TIMEOUT);
        socket.connect(new InetSocketAddress(host, port), TIMEOUT);
        return socket;
    }

    private interface Call {
        String call() throws Exception;
    }

    private static void print(String what, Call call) {
        String result;
        try {
            result = call.call();
        } catch (Exception e) {
            result = e.getClass().getSimpleName() + " " + e.getMessage();
        }
        System.out.println(what + ": " + result);
    }

    /// Arguments: an address that lives, one of the other family, one that does not answer.
    void main(String[] args) throws InterruptedException {
        String live = args[0];
        print("fetch", () -> fetch("http://" + live + ":8000/file"));
        print("fetch6", () -> fetch("http://[" + args[1] + "]:8000/file"));
        print("refused", () -> connect(live, 7_999).toString());
        print("machine", () -> connect("10.0.0.253", 8_000).toString());
        print("metadata", () -> connect("169.254.169.254", 80).toString());
        print("unreachable", () -> connect("192.0.2.1", 80).toString());
        print("https", () -> fetch("https://" + live + ":" + Outside.SECURE + "/"));
        print(
                "ping",
                () -> InetAddress.getByName(live).isReachable(TIMEOUT) + " "
                        + InetAddress.getByName(args[1]).isReachable(TIMEOUT) + " "
                        + InetAddress.getByName(args[2]).isReachable(500) + " "
                        + InetAddress.getByName("192.0.2.1").isReachable(TIMEOUT));
        print("reset", () -> {
            try (Socket socket = connect(live, Outside.RESETS)) {
                socket.getOutputStream().write(1);
                return "read " + socket.getInputStream().read();
            }
        });
        print("up", () -> {
            try (Socket socket = connect(live, Outside.DIGESTS)) {
                Outside.send(socket);
                return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            }
        });
        print("down", () -> {
            try (Socket socket = connect(live, Outside.SENDS)) {
                return Outside.digest(socket.getInputStream());
            }
        });
        print("dead beside live", () -> deadBesideLive(live, args[2]));
        print("short", () -> {
            for (int i = 0; i < 1_000; i++) {
                echo(live, i);
            }
            return "1000";
        });
        System.out.println("done");
        new CountDownLatch(1).await(); // the test ends the process
    }

    private static String fetch(String uri) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(uri)).build();
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            return response.statusCode() + " " + response.body().strip();
        }
    }

    private static void echo(String host, int octet) throws IOException {
        try (Socket socket = connect(host, Outside.ECHOES)) {
            socket.getOutputStream().write(octet);
            socket.shutdownOutput();
            byte[] answer = socket.getInputStream().readAllBytes();
            if (answer.length != 1 || answer[0] != (byte) octet) {
                throw new IOException("echo of " + answer.length + " octets");
            }
        }
    }

    private static String deadBesideLive(String live, String dead) throws Exception {
        List<Thread> stuck = new ArrayList<>();
        int[] timedOut = new int[400];
        for (int i = 0; i < timedOut.length; i++) {
            int which = i;
            stuck.add(Thread.ofVirtual().start(() -> {
                try (Socket socket = new Socket()) {
                    socket.connect(new InetSocketAddress(dead, 80), 5_000);
                } catch (SocketTimeoutException e) {
                    timedOut[which] = 1;
                } catch (IOException e) {
                    System.out.println("dead: " + e);
                }
            }));
        }
        for (int i = 0; i < 20; i++) {
            echo(live, i);
        }
        boolean beside = stuck.stream().allMatch(Thread::isAlive);
        for (Thread each : stuck) {
            each.join();
        }
        int sum = 0;
        for (int each : timedOut) {
            sum += each;
        }
        return sum + " timed out, beside " + beside;
    }
}
