package dev.berth.it.command.programs;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

/// A web server on port 80 that answers `/NAME` with what the web server of that host says.
public final class Relay {
    private Relay() {}

    public static void main(String[] args) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(80), 50);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            byte[] body = fetch(exchange.getRequestURI().getPath().substring(1)).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        System.out.println("Listening on port 80");
    }

    private static String fetch(String host) {
        try {
            HttpURLConnection connection = (HttpURLConnection)
                    URI.create("http://" + host + "/").toURL().openConnection();
            connection.setConnectTimeout(20_000);
            connection.setReadTimeout(20_000);
            try (var in = connection.getInputStream()) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            } finally {
                connection.disconnect();
            }
        } catch (IOException e) {
            return "failed: " + e.getClass().getSimpleName();
        }
    }
}
