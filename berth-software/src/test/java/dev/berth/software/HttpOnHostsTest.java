package dev.berth.software;

import static dev.berth.junit.BerthAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.berth.host.Host;
import dev.berth.junit.BerthHost;
import dev.berth.junit.BerthNetwork;
import dev.berth.junit.TrafficLog;
import dev.berth.network.Fault;
import dev.berth.network.Network;
import dev.berth.sockets.HostScope;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.spi.SelectorProvider;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// HTTP of the JDK and Netty, unmodified, on hosts of a test in one JVM.
@Timeout(120)
class HttpOnHostsTest {
    private static final int OCTETS = 1 << 20;

    @BerthNetwork(
            hosts = {"shop", "bank", "browser"},
            mtu = 1_500)
    Network network;

    @BerthNetwork
    TrafficLog traffic;

    @BeforeAll
    static void sockets() {
        InThisJvm.nowhere();
    }

    private HostScope scope(String name) {
        return HostScope.of(network.find(name).orElseThrow(), false, network);
    }

    private HttpServer serve(String name) throws IOException {
        return scope(name).call(() -> {
            HttpServer server = HttpServer.create(new InetSocketAddress(80), 0);
            server.createContext("/", exchange -> {
                byte[] body = (name + " to "
                                + exchange.getRemoteAddress().getAddress().getHostAddress())
                        .getBytes(StandardCharsets.US_ASCII);
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
                exchange.close();
            });
            server.start();
            return server;
        });
    }

    private static String get(HttpClient client, String name) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + name + "/"))
                .timeout(Duration.ofSeconds(1))
                .build();
        return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }

    @Test
    void servers_and_client_of_the_jdk_share_port_80_and_know_names() throws Exception {
        HttpServer shop = serve("shop");
        HttpServer bank = serve("bank");
        Host browser = network.find("browser").orElseThrow();
        String own = browser.addresses().getFirst().toString();
        scope("browser").run(() -> {
            try (HttpClient client = HttpClient.newHttpClient()) {
                assertThat(get(client, "shop")).isEqualTo("shop to " + own);
                assertThat(get(client, "bank")).isEqualTo("bank to " + own);
                try (Fault cut = network.between("browser", "shop").cut()) {
                    assertThatThrownBy(() -> get(client, "shop")).isInstanceOf(HttpTimeoutException.class);
                    assertThat(get(client, "bank")).startsWith("bank");
                    assertThat(cut.packets()).isPositive();
                }
            }
        });
        assertThat(traffic).from("browser").to("bank").onPort(80).hasConnections(1);
        shop.stop(0);
        bank.stop(0);
    }

    @Test
    void netty_echoes_a_megabyte_over_a_slow_link_that_loses_packets(
            @BerthHost("shop") SelectorProvider server,
            @BerthHost("shop") InetAddress address,
            @BerthHost("browser") SelectorProvider client)
            throws Exception {
        network.between("shop", "browser").latency(Duration.ofMillis(2));
        network.between("shop", "browser").loss(0.01);
        byte[] octets = new byte[OCTETS];
        new SplittableRandom(1).nextBytes(octets);
        MultiThreadIoEventLoopGroup servers = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory(server));
        MultiThreadIoEventLoopGroup clients = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory(client));
        try {
            new ServerBootstrap()
                    .group(servers)
                    .channelFactory(() -> new NioServerSocketChannel(server))
                    .childHandler(new ChannelInitializer<Channel>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            channel.pipeline().addLast(new Echo());
                        }
                    })
                    .bind(7)
                    .sync();
            Collect collect = new Collect();
            Channel channel = new Bootstrap()
                    .group(clients)
                    .channelFactory(() -> new NioSocketChannel(client))
                    .handler(collect)
                    .connect(address, 7)
                    .sync()
                    .channel();
            channel.writeAndFlush(Unpooled.wrappedBuffer(octets));
            assertThat(collect.all.get(60, TimeUnit.SECONDS)).isEqualTo(octets);
            channel.close().sync();
        } finally {
            clients.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS);
            servers.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS);
        }
        assertThat(network.dropped()).isPositive();
        assertThat(traffic)
                .from("browser")
                .to("shop")
                .onPort(7)
                .hasConnections(1)
                .hasSentOctets(OCTETS);
    }

    /// Sends everything back.
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }
    }

    /// Keeps what comes back.
    private static final class Collect extends SimpleChannelInboundHandler<ByteBuf> {
        private final CompletableFuture<byte[]> all = new CompletableFuture<>();
        private final byte[] octets = new byte[OCTETS];
        private int count;

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            int length = message.readableBytes();
            message.readBytes(octets, count, length);
            count += length;
            if (count == OCTETS) {
                all.complete(octets);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            all.completeExceptionally(cause);
        }
    }
}
