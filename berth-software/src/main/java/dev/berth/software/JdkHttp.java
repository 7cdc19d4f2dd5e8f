package dev.berth.software;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;

/// The JDK's own HTTP server and client: one request, an upload of a mebibyte, and 200 at once.
public final class JdkHttp {
    private static final int UPLOAD = 1 << 20;

    private JdkHttp() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        HttpServer server = HttpServer.create(new InetSocketAddress(80), 100);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            byte[] answer = (exchange.getRequestURI().getPath() + " " + body.length).getBytes();
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        String root = "http://" + InetAddress.getLocalHost().getHostAddress();
        try (HttpClient client = HttpClient.newHttpClient()) {
            String answer = client.send(
                            HttpRequest.newBuilder(URI.create(root + "/hello")).build(), BodyHandlers.ofString())
                    .body();
            Check.equal("/hello 0", answer, "a request");
            answer = client.send(
                            HttpRequest.newBuilder(URI.create(root + "/upload"))
                                    .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[UPLOAD]))
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
            Check.equal("/upload " + UPLOAD, answer, "an upload");
            List<CompletableFuture<String>> many = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                many.add(client.sendAsync(
                                HttpRequest.newBuilder(URI.create(root + "/" + i))
                                        .build(),
                                BodyHandlers.ofString())
                        .thenApply(response -> response.body()));
            }
            for (int i = 0; i < many.size(); i++) {
                if (!many.get(i).join().equals("/" + i + " 0")) {
                    throw new IllegalStateException("request " + i);
                }
            }
            Check.equal(200, many.size(), "many requests at once");
        }
        server.stop(0);
        Check.done();
    }
}
