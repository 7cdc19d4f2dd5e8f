package dev.berth.software;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/// TLS: sockets, the JDK's HTTPS server, and HTTP/2 with Undertow. The argument is a key store of type PKCS12 with the
/// password `password` and a key for the host's name.
public final class Tls {
    private static final int OCTETS = 1 << 20;

    private Tls() {}

    public static void main(String[] arguments) throws Exception {
        SSLContext context = context(Path.of(arguments[0]));
        String name = InetAddress.getLocalHost().getHostName();
        sockets(context, name);
        HttpsServer https = HttpsServer.create(new InetSocketAddress(443), 0);
        https.setHttpsConfigurator(new HttpsConfigurator(context));
        https.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, 2);
            exchange.getResponseBody().write("ok".getBytes());
            exchange.close();
        });
        https.start();
        ask(context, "https://" + name + "/", HttpClient.Version.HTTP_1_1);
        https.stop(0);
        Undertow undertow = Undertow.builder()
                .addHttpsListener(443, "0.0.0.0", context)
                .setServerOption(UndertowOptions.ENABLE_HTTP2, true)
                .setHandler(exchange -> exchange.getResponseSender().send("ok"))
                .build();
        undertow.start();
        ask(context, "https://" + name + "/", HttpClient.Version.HTTP_2);
        undertow.stop();
        Check.done();
    }

    private static KeyStore keys(Path file) throws GeneralSecurityException, IOException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, "password".toCharArray());
        }
        return keys;
    }

    /// Trusts the certificate in the key store, and no other.
    static X509TrustManager trust(Path file) throws GeneralSecurityException, IOException {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(keys(file));
        return (X509TrustManager) trust.getTrustManagers()[0];
    }

    /// Has the key in the store, and trusts its certificate.
    static SSLContext context(Path file) throws GeneralSecurityException, IOException {
        KeyStore keys = keys(file);
        KeyManagerFactory keyManagers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keyManagers.init(keys, "password".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keyManagers.getKeyManagers(), new TrustManager[] {trust(file)}, null);
        return context;
    }

    private static void sockets(SSLContext context, String name) throws IOException, InterruptedException {
        try (SSLServerSocket server =
                (SSLServerSocket) context.getServerSocketFactory().createServerSocket(993)) {
            Thread echo = Thread.ofVirtual().start(() -> {
                try (SSLSocket accepted = (SSLSocket) server.accept()) {
                    accepted.getInputStream().transferTo(accepted.getOutputStream());
                } catch (IOException e) {
                    e.printStackTrace();
                }
            });
            try (SSLSocket client = (SSLSocket) context.getSocketFactory().createSocket(name, 993)) {
                Thread writer = Thread.ofVirtual().start(() -> {
                    try {
                        client.getOutputStream().write(new byte[OCTETS]);
                        client.shutdownOutput();
                    } catch (IOException e) {
                        e.printStackTrace();
                    }
                });
                Check.equal(OCTETS, client.getInputStream().readAllBytes().length, "an echo over SSLSocket");
                Check.equal("TLSv1.3", client.getSession().getProtocol(), "the protocol");
                writer.join();
            }
            echo.join();
        }
    }

    private static void ask(SSLContext context, String uri, HttpClient.Version version)
            throws IOException, InterruptedException {
        try (HttpClient client =
                HttpClient.newBuilder().sslContext(context).version(version).build()) {
            HttpResponse<String> response =
                    client.send(HttpRequest.newBuilder(URI.create(uri)).build(), HttpResponse.BodyHandlers.ofString());
            Check.equal("ok", response.body(), "HTTPS");
            Check.equal(version, response.version(), "its version");
        }
    }
}
