package dev.berth.sockets.installed;

import dev.berth.host.Host;
import dev.berth.names.NameTable;
import dev.berth.sockets.BerthSockets;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// The stage of a program: a host with the address 10.0.0.1 and the names `web.test` and `berth`, installed in this
/// JVM.
final class Scene {
    static final char[] PASSWORD = "changeit".toCharArray();

    private Scene() {}

    static Host install() throws IOException {
        Host host = Host.builder("berth")
                .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                .address(IpAddress.Prefix.parse("fd00::1/64"))
                .start();
        BerthSockets.install(host, false, NameTable.of(Map.of("web.test", List.of(IpAddress.parse("10.0.0.1")))));
        return host;
    }

    /// Runs a program and ends the JVM: with 1 if it failed, with 2 if the kernel had a socket of it.
    static void play(Callable<Void> program) {
        int code = 0;
        try {
            program.call();
            Set<String> leaks = kernelSockets();
            if (!leaks.isEmpty()) {
                System.out.println("The kernel has sockets of this program: " + leaks);
                code = 2;
            }
        } catch (Throwable e) {
            e.printStackTrace(System.out);
            code = 1;
        }
        System.exit(code);
    }

    static void check(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    static void same(Object actual, Object expected) {
        if (!expected.equals(actual)) {
            throw new AssertionError("expected " + expected + ", got " + actual);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    static SSLContext tls(String store) throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(Path.of(store))) {
            keys.load(in, PASSWORD);
        }
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD);
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(keys);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), trusted.getTrustManagers(), null);
        return context;
    }

    /// The INET sockets that this process has in the kernel, as far as Linux says.
    private static Set<String> kernelSockets() throws IOException {
        Set<String> own = new HashSet<>();
        Path descriptors = Path.of("/proc/self/fd");
        if (!Files.isDirectory(descriptors)) {
            return own;
        }
        try (DirectoryStream<Path> links = Files.newDirectoryStream(descriptors)) {
            for (Path link : links) {
                if (Files.isSymbolicLink(link)) {
                    String target = Files.readSymbolicLink(link).toString();
                    if (target.startsWith("socket:[")) {
                        own.add(target.substring(8, target.length() - 1));
                    }
                }
            }
        }
        Set<String> inet = new HashSet<>();
        for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
            for (String line : Files.readAllLines(Path.of("/proc/self/net", table))) {
                String[] columns = line.trim().split("\\s+");
                if (columns.length > 9 && own.contains(columns[9])) {
                    inet.add(table + " " + columns[1] + " " + columns[2]);
                }
            }
        }
        return inet;
    }
}
