package dev.berth.software;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.jspecify.annotations.Nullable;

/// A web server under load. Arguments: `tomcat` or `netty`; then either the number of requests and of connections,
/// which this JVM makes itself on virtual threads, or `serve`, which serves until it is killed.
public final class HttpLoad {
    private static final byte[] ANSWER = "Hello, world!".getBytes(StandardCharsets.US_ASCII);

    private HttpLoad() {}

    /// The servlet.
    private static final class Hello extends HttpServlet {
        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.setContentType("text/plain");
            response.setContentLength(ANSWER.length);
            response.getOutputStream().write(ANSWER);
        }
    }

    /// The same for Netty.
    private static final class HelloHandler extends SimpleChannelInboundHandler<Object> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, Object request) {
            DefaultFullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.wrappedBuffer(ANSWER));
            response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, ANSWER.length);
            context.writeAndFlush(response);
        }
    }

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "tomcat" -> tomcat();
            case "netty" -> netty();
            default -> throw new IllegalArgumentException("tomcat or netty, not " + arguments[0]);
        }
        if (arguments[1].equals("serve")) {
            System.out.println("ready");
            new CountDownLatch(1).await();
        } else {
            load(Long.parseLong(arguments[1]), Integer.parseInt(arguments[2]));
        }
        Check.done();
    }

    private static void tomcat() throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(Files.createTempDirectory("tomcat").toString());
        Connector connector = new Connector();
        connector.setPort(80);
        connector.setProperty("maxKeepAliveRequests", "-1");
        connector.setProperty("maxConnections", "20000");
        tomcat.setConnector(connector);
        Context context = tomcat.addContext("", null);
        Tomcat.addServlet(context, "hello", new Hello()).addMapping("/*");
        tomcat.start();
    }

    private static void netty() throws InterruptedException {
        new ServerBootstrap()
                .group(new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory()))
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline()
                                .addLast(new HttpServerCodec(), new HttpObjectAggregator(65_536), new HelloHandler());
                    }
                })
                .bind(80)
                .sync();
    }

    private static void load(long requests, int connections) throws IOException, InterruptedException {
        InetAddress own = InetAddress.getLocalHost();
        AtomicLong left = new AtomicLong(requests);
        AtomicLong right = new AtomicLong();
        AtomicLong errors = new AtomicLong();
        long begin = System.nanoTime();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            threads.add(Thread.ofVirtual().start(() -> {
                try (Connection connection = new Connection(new Socket(own, 80))) {
                    while (left.getAndDecrement() > 0) {
                        connection.ask();
                        right.incrementAndGet();
                    }
                } catch (IOException e) {
                    errors.incrementAndGet();
                    e.printStackTrace();
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        System.out.printf("requests per second %.0f%n", requests / seconds);
        Check.equal(0L, errors.get(), "errors");
        Check.equal(requests, right.get(), "requests answered");
    }

    /// A connection that is kept alive.
    private static final class Connection implements AutoCloseable {
        private static final byte[] REQUEST =
                "GET / HTTP/1.1\r\nHost: load\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

        private final Socket socket;
        private final InputStream in;
        private final OutputStream out;

        Connection(Socket socket) throws IOException {
            this.socket = socket;
            in = new BufferedInputStream(socket.getInputStream());
            out = socket.getOutputStream();
        }

        void ask() throws IOException {
            out.write(REQUEST);
            String line = line();
            if (line == null || !line.startsWith("HTTP/1.1 200")) {
                throw new IOException("The answer begins with " + line);
            }
            int length = -1;
            while ((line = line()) != null && !line.isEmpty()) {
                if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
                    length = Integer.parseInt(line.substring(15).strip());
                }
            }
            byte[] body = in.readNBytes(length);
            if (!java.util.Arrays.equals(body, ANSWER)) {
                throw new IOException("The answer is " + new String(body, StandardCharsets.US_ASCII));
            }
        }

        private @Nullable String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int octet; (octet = in.read()) != '\n'; ) {
                if (octet < 0) {
                    return null;
                }
                if (octet != '\r') {
                    line.append((char) octet);
                }
            }
            return line.toString();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
