package dev.berth.software;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Requests to a server that answers `GET /x` with `/x for ADDRESS-OF-THE-CLIENT`, and a `POST` with the length of its
/// body.
final class HttpRequests {
    private static final int MANY = 100;
    private static final int UPLOAD = 1 << 20;

    private HttpRequests() {}

    /// Asks with HTTP/1.1 and, where the server knows it, HTTP/2 by upgrade; one, many at once, and a large body.
    static void check(String root, String own) throws IOException, InterruptedException {
        for (HttpClient.Version version : HttpClient.Version.values()) {
            if (version != HttpClient.Version.HTTP_1_1 && version != HttpClient.Version.HTTP_2) {
                continue;
            }
            try (HttpClient client = HttpClient.newBuilder().version(version).build()) {
                Check.equal("/one for " + own, get(client, root + "/one").join(), "GET with " + version);
                HttpRequest upload = HttpRequest.newBuilder(URI.create(root + "/upload"))
                        .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[UPLOAD]))
                        .build();
                HttpResponse<String> response = client.send(upload, HttpResponse.BodyHandlers.ofString());
                Check.equal(Integer.toString(UPLOAD), response.body(), "POST with " + response.version());
                List<CompletableFuture<String>> answers = new ArrayList<>();
                for (int i = 0; i < MANY; i++) {
                    answers.add(get(client, root + "/" + i));
                }
                int right = 0;
                for (int i = 0; i < MANY; i++) {
                    if (answers.get(i).join().equals("/" + i + " for " + own)) {
                        right++;
                    }
                }
                Check.equal(MANY, right, MANY + " at once with " + version);
            }
        }
    }

    private static CompletableFuture<String> get(HttpClient client, String uri) {
        return client.sendAsync(HttpRequest.newBuilder(URI.create(uri)).build(), HttpResponse.BodyHandlers.ofString())
                .thenApply(HttpResponse::body);
    }
}
