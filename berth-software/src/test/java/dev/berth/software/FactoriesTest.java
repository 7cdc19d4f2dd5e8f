package dev.berth.software;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.network.Network;
import dev.berth.sockets.BerthSelectorProvider;
import dev.berth.sockets.BerthServerSocketFactory;
import dev.berth.sockets.BerthSocketFactory;
import dev.berth.sockets.BerthSslSocketFactory;
import dev.berth.wire.IpAddress;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Libraries that are given factories of Berth: without an agent, with nothing installed in the JVM, and two hosts in
/// it. These are the examples of docs/SOCKETS.md.
@Timeout(120)
class FactoriesTest {
    private final Network network = Network.create("lab");
    private Host web;
    private Host browser;
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeEach
    void begin() throws IOException {
        web = network.host("web", IpAddress.Prefix.parse("10.5.0.1/24"));
        browser = network.host("browser", IpAddress.Prefix.parse("10.5.0.2/24"));
    }

    @AfterEach
    void end() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        network.close();
    }

    /// What a library asks for addresses, where it lets itself be told.
    private List<InetAddress> lookUp(String name) {
        return network.addresses(name).stream().map(FactoriesTest::inetAddress).toList();
    }

    private static InetAddress inetAddress(IpAddress address) {
        try {
            return InetAddress.getByAddress(address.octets());
        } catch (IOException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /// Serves HTTP on a port of `web`: the answer is the address of whoever asks.
    private void serve(int port, @Nullable SSLSocketFactory tls) throws IOException {
        ServerSocket server = new BerthServerSocketFactory(web).createServerSocket(port);
        open.add(server);
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (Socket accepted = server.accept();
                        Socket socket = tls == null ? accepted : secured(tls, accepted)) {
                    BufferedReader in = new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
                    String line = in.readLine();
                    while (line != null && !line.isEmpty()) {
                        line = in.readLine(); // the header's end is what counts
                    }
                    String body = accepted.getInetAddress().getHostAddress();
                    socket.getOutputStream()
                            .write(("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + body.length()
                                            + "\r\n\r\n" + body)
                                    .getBytes(StandardCharsets.ISO_8859_1));
                } catch (IOException e) {
                    // The client has gone, or the test has ended: it sees what it got.
                }
            }
        });
    }

    private static Socket secured(SSLSocketFactory tls, Socket accepted) throws IOException {
        SSLSocket socket = (SSLSocket) tls.createSocket(accepted, null, accepted.getPort(), true);
        socket.setUseClientMode(false);
        return socket;
    }

    private static SSLContext context(Path directory) throws Exception {
        Path keys = directory.resolve("keys.p12");
        SoftwareRun.makeKeys(keys, "web");
        return Tls.context(keys);
    }

    @Test
    void ok_http_takes_a_socket_factory() throws IOException {
        serve(80, null);
        OkHttpClient client = new OkHttpClient.Builder()
                .socketFactory(new BerthSocketFactory(browser))
                .dns(this::lookUp)
                .build();
        try (Response response =
                client.newCall(new Request.Builder().url("http://web/").build()).execute()) {
            assertThat(response.body().string()).isEqualTo("10.5.0.2");
        }
    }

    @Test
    void ok_http_puts_tls_on_it(@TempDir Path directory) throws Exception {
        SSLContext context = context(directory);
        serve(443, context.getSocketFactory());
        OkHttpClient client = new OkHttpClient.Builder()
                .socketFactory(new BerthSocketFactory(browser))
                .sslSocketFactory(context.getSocketFactory(), Tls.trust(directory.resolve("keys.p12")))
                .dns(this::lookUp)
                .build();
        try (Response response = client.newCall(
                        new Request.Builder().url("https://web/").build())
                .execute()) {
            assertThat(response.body().string()).isEqualTo("10.5.0.2");
            assertThat(response.handshake().peerCertificates()).hasSize(1);
        }
    }

    @Test
    void tls_sockets_are_connected_by_their_factory(@TempDir Path directory) throws Exception {
        SSLContext context = context(directory);
        serve(443, context.getSocketFactory());
        SSLSocketFactory factory = new BerthSslSocketFactory(browser, context.getSocketFactory());
        try (SSLSocket socket = (SSLSocket) factory.createSocket(lookUp("web").getFirst(), 443)) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertThat(answer).endsWith("\r\n10.5.0.2");
            assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.3");
        }
        assertThatThrownBy(() -> factory.createSocket(lookUp("web").getFirst(), 1))
                .hasMessage("Connection refused");
        assertThatThrownBy(factory::createSocket).hasRootCauseInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void grpc_takes_factories_of_both_kinds() throws IOException, InterruptedException {
        Server server = OkHttpServerBuilder.forPort(new InetSocketAddress(50_051), InsecureServerCredentials.create())
                .socketFactory(new BerthServerSocketFactory(web))
                .addService(GrpcEcho.service())
                .build()
                .start();
        open.add(() -> server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS));
        GrpcEcho.call(
                OkHttpChannelBuilder.forAddress("10.5.0.1", 50_051)
                        .socketFactory(new BerthSocketFactory(browser))
                        .usePlaintext()
                        .build(),
                "OkHttp");
        assertThat(server.getPort()).isEqualTo(50_051);
    }

    @Test
    void grpc_on_its_copy_of_netty_takes_a_selector_provider() throws IOException, InterruptedException {
        Server server = OkHttpServerBuilder.forPort(new InetSocketAddress(50_051), InsecureServerCredentials.create())
                .socketFactory(new BerthServerSocketFactory(web))
                .addService(GrpcEcho.service())
                .build()
                .start();
        open.add(() -> server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS));
        BerthSelectorProvider provider = new BerthSelectorProvider(browser);
        var group = new io.grpc.netty.shaded.io.netty.channel.nio.NioEventLoopGroup(
                1, (java.util.concurrent.Executor) null, provider);
        open.add(() -> group.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS));
        GrpcEcho.call(
                NettyChannelBuilder.forAddress("10.5.0.1", 50_051)
                        .eventLoopGroup(group)
                        .channelFactory(
                                () -> new io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel(provider))
                        .usePlaintext()
                        .build(),
                "Netty");
    }

    /// Waits for octets, and sends them back or not.
    private static final class Receiver extends SimpleChannelInboundHandler<ByteBuf> {
        private final CompletableFuture<String> received;
        private final boolean answers;

        Receiver(CompletableFuture<String> received, boolean answers) {
            this.received = received;
            this.answers = answers;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            received.complete(message.toString(StandardCharsets.US_ASCII) + " from "
                    + ((InetSocketAddress) context.channel().remoteAddress())
                            .getAddress()
                            .getHostAddress());
            if (answers) {
                context.writeAndFlush(message.retain());
            }
        }
    }

    private EventLoopGroup group(BerthSelectorProvider provider) {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory(provider));
        open.add(() -> group.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS));
        return group;
    }

    @Test
    void netty_takes_a_selector_provider() throws Exception {
        BerthSelectorProvider onWeb = new BerthSelectorProvider(web);
        CompletableFuture<String> request = new CompletableFuture<>();
        new ServerBootstrap()
                .group(group(onWeb))
                .channelFactory(() -> new NioServerSocketChannel(onWeb))
                .childHandler(new Receiver(request, true))
                .bind(7)
                .sync();
        BerthSelectorProvider onBrowser = new BerthSelectorProvider(browser);
        CompletableFuture<String> reply = new CompletableFuture<>();
        new Bootstrap()
                .group(group(onBrowser))
                .channelFactory(() -> new NioSocketChannel(onBrowser))
                .handler(new Receiver(reply, false))
                .connect(lookUp("web").getFirst(), 7)
                .sync()
                .channel()
                .writeAndFlush(Unpooled.copiedBuffer("hello", StandardCharsets.US_ASCII));
        assertThat(request.get(30, TimeUnit.SECONDS)).isEqualTo("hello from 10.5.0.2");
        assertThat(reply.get(30, TimeUnit.SECONDS)).isEqualTo("hello from 10.5.0.1");
    }
}
