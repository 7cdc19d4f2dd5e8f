package dev.berth.software;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;

/// gRPC: a server on its shaded Netty; a client on the same, and one on OkHttp.
public final class GrpcEcho {
    private static final int CALLS = 100;
    private static final int OCTETS = 100_000;

    private GrpcEcho() {}

    /// Octets as they are.
    private static final class Octets implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static final MethodDescriptor<byte[], byte[]> ECHO = MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("test.Echo/Echo")
            .setRequestMarshaller(new Octets())
            .setResponseMarshaller(new Octets())
            .build();

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Server server =
                NettyServerBuilder.forPort(50_051).addService(service()).build().start();
        String own = InetAddress.getLocalHost().getHostAddress();
        call(NettyChannelBuilder.forAddress(own, 50_051).usePlaintext().build(), "Netty");
        call(OkHttpChannelBuilder.forAddress(own, 50_051).usePlaintext().build(), "OkHttp");
        server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        Check.done();
    }

    /// Sends back what it gets.
    static ServerServiceDefinition service() {
        return ServerServiceDefinition.builder("test.Echo")
                .addMethod(ECHO, ServerCalls.asyncUnaryCall((request, observer) -> {
                    observer.onNext(request);
                    observer.onCompleted();
                }))
                .build();
    }

    /// Calls the service many times, and closes the channel.
    static void call(ManagedChannel channel, String name) throws InterruptedException {
        int octets = 0;
        for (int i = 0; i < CALLS; i++) {
            octets += ClientCalls.blockingUnaryCall(channel, ECHO, CallOptions.DEFAULT, new byte[OCTETS]).length;
        }
        Check.equal(CALLS * OCTETS, octets, CALLS + " calls of a client on " + name);
        channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }
}
