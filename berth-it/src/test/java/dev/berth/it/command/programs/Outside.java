package dev.berth.it.command.programs;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.util.HexFormat;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/// Servers for a program behind a gateway, on 7000 and the ports behind it.
final class Outside {
    static final int DIGESTS = 7_000;
    static final int SENDS = 7_001;
    static final int RESETS = 7_002;
    static final int ECHOES = 7_003;
    static final int SECURE = 7_443;
    static final int LENGTH = 100 << 20;

    Outside() {}

    private interface Service {
        void serve(Socket client) throws Exception;
    }

    /// Octet `i` of what is sent either way.
    static void fill(byte[] block, long from) {
        for (int i = 0; i < block.length; i++) {
            long at = from + i;
            block[i] = (byte) (at * 31 + (at >>> 8) * 7 + (at >>> 16));
        }
    }

    static String digest(InputStream in) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        byte[] bytes = new byte[65_536];
        int count;
        while ((count = in.read(bytes)) >= 0) {
            digest.update(bytes, 0, count);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    static void send(Socket socket) throws IOException {
        byte[] block = new byte[65_536];
        for (long at = 0; at < LENGTH; at += block.length) {
            fill(block, at);
            socket.getOutputStream().write(block);
        }
        socket.shutdownOutput();
    }

    /// A server of HTTPS on the kernel's sockets.
    private static void secure(String keys, char[] password) throws Exception {
        KeyStore store = KeyStore.getInstance(new File(keys), password);
        store.deleteEntry("ca");
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        HttpsServer server = HttpsServer.create(new InetSocketAddress(SECURE), 50);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        server.createContext("/", exchange -> {
            byte[] body = "secret".getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    /// Arguments: the keys of a server of HTTPS, and their password.
    void main(String[] args) throws Exception {
        secure(args[0], args[1].toCharArray());
        start(DIGESTS, client -> {
            client.getOutputStream().write(digest(client.getInputStream()).getBytes(StandardCharsets.US_ASCII));
        });
        start(SENDS, Outside::send);
        start(RESETS, client -> {
            client.getInputStream().read();
            client.setSoLinger(true, 0);
        });
        start(ECHOES, client -> client.getInputStream().transferTo(client.getOutputStream()));
        System.out.println("Outside is ready");
        Thread.sleep(Long.MAX_VALUE);
    }

    private static void start(int port, Service service) throws IOException {
        ServerSocket server = new ServerSocket(port, 1_000);
        Thread.ofPlatform().start(() -> {
            while (true) {
                try {
                    Socket client = server.accept();
                    Thread.ofVirtual().start(() -> serve(client, service));
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }
        });
    }

    private static void serve(Socket client, Service service) {
        try (client) {
            service.serve(client);
        } catch (Exception e) {
            System.out.println(service + ": " + e);
        }
    }
}
