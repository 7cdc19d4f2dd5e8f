package dev.berth.bench;

import com.sun.net.httpserver.HttpServer;
import dev.berth.host.Host;
import dev.berth.network.Network;
import dev.berth.sockets.BerthSockets;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/// A child JVM with the JDK's HTTP server and client, whose sockets are Berth's or the kernel's, as its argument says.
/// It prints `ready` and answers each line, a number of nanoseconds, with the microseconds per request. It ends with
/// its standard input.
final class HttpProgram {
    private static final int BODY = 1_024;
    private static final int BATCH = 16;
    private static final int WARM_UP = 2_000;

    private HttpProgram() {}

    /// @param arguments `berth` or `kernel`
    public static void main(String[] arguments) throws Exception {
        InetAddress address = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        if (arguments[0].equals("berth")) {
            Host host = Network.create("bench").host("app");
            BerthSockets.install(host);
            address = InetAddress.getByAddress(host.addresses().getFirst().octets());
        }
        byte[] body = new byte[BODY];
        for (int i = 0; i < BODY; i++) {
            body[i] = (byte) (i * 31);
        }
        HttpServer server = HttpServer.create(new InetSocketAddress(address, 0), 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, BODY);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        });
        server.start();
        String authority = address.getHostAddress() + ":" + server.getAddress().getPort();
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://" + authority + "/")).build();
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
            for (int i = 0; i < WARM_UP; i += BATCH) { // it takes long until all of it is compiled
                exchange(client, request, body);
            }
            System.out.println("ready");
            BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            String line;
            while ((line = commands.readLine()) != null) {
                double each =
                        Batches.nanosPerOperation(Long.parseLong(line), BATCH, () -> exchange(client, request, body));
                System.out.println(String.format(Locale.ROOT, "%.3f", each / 1e3));
            }
        } catch (Exception | AssertionError e) {
            System.out.println("error " + e);
            throw e;
        }
        System.exit(0);
    }

    private static void exchange(HttpClient client, HttpRequest request, byte[] body)
            throws IOException, InterruptedException {
        for (int i = 0; i < BATCH; i++) {
            HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
            if (response.statusCode() != 200 || !Arrays.equals(response.body(), body)) {
                throw new AssertionError("A wrong response: " + response);
            }
        }
    }
}
