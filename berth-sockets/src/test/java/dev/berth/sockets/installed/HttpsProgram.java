package dev.berth.sockets.installed;

import static dev.berth.sockets.installed.Scene.same;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/// TLS over the HTTP server and client of the JDK, and over its sockets.
final class HttpsProgram {
    private HttpsProgram() {}

    public static void main(String[] args) {
        Scene.play(() -> {
            Scene.install();
            SSLContext tls = Scene.tls(args[0]);
            http(tls);
            sockets(tls);
            return null;
        });
    }

    private static void http(SSLContext tls) throws Exception {
        HttpsServer server = HttpsServer.create(new InetSocketAddress(443), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(tls));
        server.createContext("/", HttpCalls::echo);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
        try (HttpClient client = HttpClient.newBuilder().sslContext(tls).build()) {
            HttpCalls.sequentially(client, "https://web.test/", HttpClient.Version.HTTP_1_1);
            HttpCalls.atOnce(client, "https://web.test/", 40);
        } finally {
            server.stop(0);
        }
    }

    private static void sockets(SSLContext tls) throws Exception {
        try (SSLServerSocket server =
                        (SSLServerSocket) tls.getServerSocketFactory().createServerSocket(993);
                SSLSocket client = (SSLSocket) tls.getSocketFactory().createSocket("web.test", 993)) {
            FutureTask<String> serving = new FutureTask<>(() -> {
                try (SSLSocket accepted = (SSLSocket) server.accept()) {
                    byte[] request = accepted.getInputStream().readNBytes(5);
                    accepted.getOutputStream().write(request);
                    return Scene.text(request);
                }
            });
            Thread.ofVirtual().start(serving);
            client.getOutputStream().write(Scene.bytes("hello"));
            same(Scene.text(client.getInputStream().readAllBytes()), "hello");
            same(serving.get(), "hello");
        }
    }
}
