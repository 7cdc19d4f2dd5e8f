package dev.berth.sockets.installed;

import static dev.berth.sockets.installed.Scene.check;
import static dev.berth.sockets.installed.Scene.same;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// The HTTP server of the JDK on port 80, and its two clients; from platform and from virtual threads.
final class HttpProgram {
    private HttpProgram() {}

    public static void main(String[] args) {
        Scene.play(() -> {
            Scene.install();
            try (ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor();
                    ExecutorService platform = Executors.newFixedThreadPool(8)) {
                serve(null);
                serve(platform);
                serve(virtual);
                refused();
            }
            return null;
        });
    }

    private static void serve(Executor executor) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(80), 0);
        server.createContext("/", HttpCalls::echo);
        server.setExecutor(executor);
        server.start();
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            HttpCalls.sequentially(client, "http://web.test/", HttpClient.Version.HTTP_1_1);
            HttpCalls.sequentially(client, "http://[fd00::1]/", HttpClient.Version.HTTP_1_1);
            HttpCalls.atOnce(client, "http://web.test/", 100);
            fromVirtualThreads(client);
        } finally {
            server.stop(0);
        }
    }

    private static void fromVirtualThreads(HttpClient client) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 50; i++) {
                threads.submit(() -> client.send(
                                HttpRequest.newBuilder(URI.create("http://web.test/"))
                                        .GET()
                                        .build(),
                                BodyHandlers.discarding()))
                        .get();
            }
        }
        HttpURLConnection connection =
                (HttpURLConnection) URI.create("http://web.test/old").toURL().openConnection();
        connection.setDoOutput(true);
        connection.getOutputStream().write(Scene.bytes("old"));
        same(Scene.text(connection.getInputStream().readAllBytes()), "old");
    }

    private static void refused() throws InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            client.send(
                    HttpRequest.newBuilder(URI.create("http://web.test:81/")).build(), BodyHandlers.ofString());
            throw new AssertionError("nobody listens on port 81");
        } catch (ConnectException _) {
            check(true, "refused, as it should be");
        } catch (IOException e) {
            throw new AssertionError("refusal is a ConnectException", e);
        }
    }
}
