package dev.berth.software;

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
import io.netty.channel.epoll.Epoll;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Netty: an echo over TCP and over UDP, and its own resolver of names, which asks the machine's DNS server by itself.
public final class NettyTcpUdp {
    private static final int OCTETS = 3 << 20;

    private NettyTcpUdp() {}

    /// Sends everything back.
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }
    }

    /// Counts what comes back.
    private static final class Count extends SimpleChannelInboundHandler<ByteBuf> {
        private final CompletableFuture<Integer> all = new CompletableFuture<>();
        private int octets;

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            octets += message.readableBytes();
            if (octets >= OCTETS) {
                all.complete(octets);
            }
        }
    }

    /// Sends datagrams back.
    private static final class DatagramEcho extends SimpleChannelInboundHandler<DatagramPacket> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            context.writeAndFlush(new DatagramPacket(packet.content().retain(), packet.sender()));
        }
    }

    /// Waits for the first answer.
    private static final class FirstAnswer extends SimpleChannelInboundHandler<DatagramPacket> {
        private final CompletableFuture<String> answer = new CompletableFuture<>();

        @Override
        protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
            answer.complete(packet.content().toString(java.nio.charset.StandardCharsets.US_ASCII));
        }
    }

    public static void main(String[] arguments) throws Exception {
        Check.equal(false, Epoll.isAvailable(), "the native transport is out of reach");
        InetAddress own = InetAddress.getLocalHost();
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
        try {
            stream(group, own);
            datagrams(group, own);
            if (arguments.length > 0) {
                DnsNameResolver resolver = new DnsNameResolverBuilder(group.next())
                        .datagramChannelType(NioDatagramChannel.class)
                        .build();
                Check.equal(
                        arguments[1],
                        resolver.resolve(arguments[0]).get(30, TimeUnit.SECONDS).getHostAddress(),
                        "a name through DNS");
            }
        } finally {
            group.shutdownGracefully(0, 5, TimeUnit.SECONDS).await(10, TimeUnit.SECONDS);
        }
        Check.done();
    }

    private static void stream(MultiThreadIoEventLoopGroup group, InetAddress own) throws Exception {
        new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Echo());
                    }
                })
                .bind(7)
                .sync();
        Count count = new Count();
        Channel client = new Bootstrap()
                .group(group)
                .channel(NioSocketChannel.class)
                .handler(count)
                .connect(own, 7)
                .sync()
                .channel();
        client.writeAndFlush(Unpooled.wrappedBuffer(new byte[OCTETS]));
        Check.equal(OCTETS, count.all.get(60, TimeUnit.SECONDS), "an echo over TCP");
        client.close().sync();
    }

    private static void datagrams(MultiThreadIoEventLoopGroup group, InetAddress own) throws Exception {
        new Bootstrap()
                .group(group)
                .channel(NioDatagramChannel.class)
                .handler(new DatagramEcho())
                .bind(7)
                .sync();
        FirstAnswer first = new FirstAnswer();
        Channel client = new Bootstrap()
                .group(group)
                .channel(NioDatagramChannel.class)
                .handler(first)
                .bind(0)
                .sync()
                .channel();
        client.writeAndFlush(new DatagramPacket(
                        Unpooled.copiedBuffer("hello", java.nio.charset.StandardCharsets.US_ASCII),
                        new InetSocketAddress(own, 7)))
                .sync();
        Check.equal("hello", first.answer.get(30, TimeUnit.SECONDS), "an echo over UDP");
    }
}
