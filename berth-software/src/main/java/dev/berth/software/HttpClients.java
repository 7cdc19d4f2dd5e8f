package dev.berth.software;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.apache.hc.client5.http.async.methods.SimpleHttpRequest;
import org.apache.hc.client5.http.async.methods.SimpleRequestBuilder;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.async.CloseableHttpAsyncClient;
import org.apache.hc.client5.http.impl.async.HttpAsyncClients;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.core5.http.io.entity.EntityUtils;

/// HTTP clients of others at the JDK's server: OkHttp, Apache HttpClient 5 (classic and async), HttpURLConnection.
public final class HttpClients {
    private static final int REQUESTS = 50;

    private HttpClients() {}

    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(80), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            byte[] answer = exchange.getRequestURI().getPath().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        String root = "http://" + InetAddress.getLocalHost().getHostAddress();
        okHttp(root);
        classic(root);
        async(root);
        plain(root);
        server.stop(0);
        Check.done();
    }

    private static void okHttp(String root) throws IOException {
        OkHttpClient client = new OkHttpClient();
        for (int i = 0; i < REQUESTS; i++) {
            try (Response response = client.newCall(
                            new Request.Builder().url(root + "/" + i).build())
                    .execute()) {
                require("/" + i, response.body().string());
            }
        }
        Check.equal(1, client.connectionPool().connectionCount(), "OkHttp keeps one connection");
    }

    private static void classic(String root) throws IOException {
        try (CloseableHttpClient client = org.apache.hc.client5.http.impl.classic.HttpClients.createDefault()) {
            for (int i = 0; i < REQUESTS; i++) {
                require(
                        "/" + i,
                        client.execute(
                                new HttpGet(root + "/" + i), answer -> EntityUtils.toString(answer.getEntity())));
            }
        }
        System.out.println("right: Apache HttpClient, classic");
    }

    private static void async(String root) throws Exception {
        try (CloseableHttpAsyncClient client = HttpAsyncClients.createDefault()) {
            client.start();
            for (int i = 0; i < REQUESTS; i++) {
                SimpleHttpRequest request =
                        SimpleRequestBuilder.get(root + "/" + i).build();
                require(
                        "/" + i,
                        client.execute(request, null).get(30, TimeUnit.SECONDS).getBodyText());
            }
        }
        System.out.println("right: Apache HttpClient, asynchronous");
    }

    private static void plain(String root) throws IOException {
        for (int i = 0; i < REQUESTS; i++) {
            try (java.io.InputStream in = URI.create(root + "/" + i).toURL().openStream()) {
                require("/" + i, new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        }
        System.out.println("right: HttpURLConnection");
    }

    private static void require(String expected, String actual) {
        if (!expected.equals(actual)) {
            throw new IllegalStateException("expected " + expected + ", not " + actual);
        }
    }
}
