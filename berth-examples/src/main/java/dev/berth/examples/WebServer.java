package dev.berth.examples;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executors;

/// A web server as anybody would write it with the JDK alone: port 80, on all addresses. It knows nothing of Berth.
///
/// - `/` greets and tells both ends of the connection;
/// - `/bytes/N` sends N octets, octet `i` being `i % 251`;
/// - `/echo` sends back what it was sent.
final class WebServer {
    private static final int CHUNK = 251 * 256;

    private WebServer() {}

    /// Serves until the process ends.
    ///
    /// @param args the port, if it is not 80
    public static void main(String[] args) throws IOException {
        int port = args.length == 0 ? 80 : Integer.parseInt(args[0]);
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.createContext("/", WebServer::greet);
        server.createContext("/bytes/", WebServer::bytes);
        server.createContext("/echo", WebServer::echo);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
        System.out.println("Listening on port " + server.getAddress().getPort());
    }

    private static void greet(HttpExchange exchange) throws IOException {
        String here = text(exchange.getLocalAddress());
        String there = text(exchange.getRemoteAddress());
        String text = "Hello from " + here + " to " + there + "\n";
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(200, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    private static String text(InetSocketAddress end) {
        return end.getAddress().getHostAddress() + " port " + end.getPort();
    }

    private static void bytes(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        long count = Long.parseLong(path.substring("/bytes/".length()));
        byte[] chunk = new byte[CHUNK];
        for (int i = 0; i < chunk.length; i++) {
            chunk[i] = (byte) (i % 251);
        }
        exchange.sendResponseHeaders(200, count == 0 ? -1 : count);
        try (OutputStream out = exchange.getResponseBody()) {
            for (long left = count; left > 0; left -= chunk.length) {
                out.write(chunk, 0, (int) Math.min(left, chunk.length));
            }
        }
    }

    private static void echo(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            exchange.getRequestBody().transferTo(out);
        }
    }
}
