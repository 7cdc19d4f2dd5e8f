package dev.berth.sockets.installed;

import static dev.berth.sockets.installed.Scene.same;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Requests to a server that sends back what it gets.
final class HttpCalls {
    private HttpCalls() {}

    /// Answers with the body of the request.
    static void echo(HttpExchange exchange) throws IOException {
        try (exchange;
                InputStream in = exchange.getRequestBody();
                OutputStream out = exchange.getResponseBody()) {
            byte[] body = in.readAllBytes();
            exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
            out.write(body);
        }
    }

    /// One after the other, on kept connections, with bodies of many sizes.
    static void sequentially(HttpClient client, String uri, HttpClient.Version version) throws Exception {
        for (int size : new int[] {0, 1, 100, 1_460, 20_000, 300_000, 2_000_000}) {
            byte[] body = body(size);
            HttpResponse<byte[]> response = client.send(request(uri, body), BodyHandlers.ofByteArray());
            same(response.statusCode(), 200);
            same(response.version(), version);
            Scene.check(Arrays.equals(response.body(), body), "the body of " + size + " octets comes back");
        }
        for (int i = 0; i < 300; i++) {
            byte[] body = Scene.bytes("request " + i);
            HttpResponse<byte[]> response = client.send(request(uri, body), BodyHandlers.ofByteArray());
            same(Scene.text(response.body()), "request " + i);
        }
    }

    /// Many at once; each reply reaches the one who asked.
    static void atOnce(HttpClient client, String uri, int count) {
        List<CompletableFuture<String>> replies = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            replies.add(client.sendAsync(request(uri, Scene.bytes("request " + i)), BodyHandlers.ofString())
                    .thenApply(HttpResponse::body));
        }
        for (int i = 0; i < count; i++) {
            same(replies.get(i).join(), "request " + i);
        }
    }

    private static HttpRequest request(String uri, byte[] body) {
        return HttpRequest.newBuilder(URI.create(uri))
                .POST(BodyPublishers.ofByteArray(body))
                .build();
    }

    private static byte[] body(int size) {
        byte[] body = new byte[size];
        for (int i = 0; i < size; i++) {
            body[i] = (byte) (i * 31 + (i >> 8));
        }
        return body;
    }
}
