package dev.berth.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A TLS 1.3 stream between two processes of OpenSSL, carried by two hosts, captured with its secrets.
@Timeout(60)
class TlsSecretsTest {
    private static final IpAddress SERVER = IpAddress.parse("10.0.0.2");

    @TempDir
    Path directory;

    private final List<AutoCloseable> opened = new ArrayList<>();

    private Process openssl(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectError(directory.resolve("errors").toFile())
                .start();
        opened.add(process::destroyForcibly);
        return process;
    }

    private static boolean isThere(String program, String argument) throws InterruptedException {
        try {
            return new ProcessBuilder(program, argument)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            System.err.println("*** SKIPPED: " + TlsSecretsTest.class.getName() + " needs " + program + " ***");
            return false;
        }
    }

    /// Somebody who reads and writes.
    private interface Pump {
        void run() throws IOException;
    }

    private void start(Pump pump) {
        Thread thread = Thread.ofPlatform().name("pump").start(() -> {
            try {
                pump.run();
            } catch (IOException e) {
                // the other side has ended
            }
        });
        opened.add(
                () -> assertThat(thread.join(java.time.Duration.ofSeconds(10))).isTrue());
    }

    private void join(Socket kernel, TcpSocket berth) throws IOException {
        InputStream in = kernel.getInputStream();
        OutputStream out = kernel.getOutputStream();
        start(() -> {
            byte[] bytes = new byte[20_000];
            for (int n; (n = in.read(bytes)) >= 0; ) {
                berth.write(bytes, 0, n);
            }
            berth.shutdownOutput();
        });
        start(() -> {
            byte[] bytes = new byte[20_000];
            for (int n; (n = berth.read(bytes, 0, bytes.length, 0)) >= 0; ) {
                out.write(bytes, 0, n);
            }
            kernel.shutdownOutput();
        });
    }

    @Test
    void tshark_decrypts_what_the_secrets_are_for() throws Exception {
        assumeTrue(isThere("openssl", "version") && isThere("tshark", "--version"), "needs openssl and tshark");
        Path capture = directory.resolve("tls.pcapng");
        try {
            talk(capture);
        } finally {
            for (AutoCloseable each : opened.reversed()) {
                each.close();
            }
        }
        Process tshark = new ProcessBuilder("tshark", "-n", "-r", capture.toString(), "-q", "-z", "follow,tls,ascii,0")
                .redirectError(directory.resolve("errors").toFile())
                .start();
        String text = new String(tshark.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(tshark.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(text).contains("ten green bottles").contains("selttob neerg net");
        assertThat(new String(Files.readAllBytes(capture), StandardCharsets.ISO_8859_1))
                .as("in the file itself it is encrypted")
                .doesNotContain("green bottles");
    }

    private void talk(Path capture) throws Exception {
        assertThat(openssl(
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:prime256v1",
                                "-nodes",
                                "-keyout",
                                "key.pem",
                                "-out",
                                "cert.pem",
                                "-subj",
                                "/CN=bottles",
                                "-days",
                                "1")
                        .waitFor())
                .isZero();
        Process server = openssl(
                "s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem", "-rev", "-naccept", "1");
        BufferedReader said = server.inputReader();
        String line = said.readLine();
        while (line != null && !line.startsWith("ACCEPT ")) {
            line = said.readLine();
        }
        assertThat(line).as("the port of the server").isNotNull();
        int serverPort =
                Integer.parseInt(line.substring(line.lastIndexOf(':') + 1).strip());

        Wire[] cable = Wire.cable("client", "server");
        Capture ring = Capture.ring(1 << 20);
        Host clientHost = Host.builder("client")
                .link(ring.around(cable[0]))
                .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                .start();
        opened.add(clientHost);
        Host serverHost = Host.builder("server")
                .link(cable[1])
                .address(IpAddress.Prefix.parse("10.0.0.2/24"))
                .start();
        opened.add(serverHost);
        TcpAcceptor acceptor = serverHost.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV4, 443));
        acceptor.listen(5);
        ServerSocket door = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        opened.add(door);

        Process client = openssl(
                "s_client",
                "-connect",
                "127.0.0.1:" + door.getLocalPort(),
                "-tls1_3",
                "-keylogfile",
                "keys.log",
                "-quiet");
        Socket fromClient = door.accept();
        opened.add(fromClient);
        TcpSocket through = clientHost.openTcpSocket();
        through.connect(new Endpoint(SERVER, 443), TimeUnit.SECONDS.toNanos(10));
        TcpSocket arrived = acceptor.accept(TimeUnit.SECONDS.toNanos(10));
        Socket toServer = new Socket(InetAddress.getLoopbackAddress(), serverPort);
        opened.add(toServer);
        join(fromClient, through);
        join(toServer, arrived);

        client.outputWriter().write("ten green bottles\n");
        client.outputWriter().flush();
        assertThat(client.inputReader().readLine()).isEqualTo("selttob neerg net");
        ring.tlsSecrets(Files.readString(directory.resolve("keys.log")));
        ring.dump(capture);
        client.destroy();
        server.destroy();
    }
}
