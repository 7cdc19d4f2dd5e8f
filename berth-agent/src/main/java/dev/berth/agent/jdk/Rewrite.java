package dev.berth.agent.jdk;

import java.util.ArrayList;
import java.util.List;

/// A method of the JDK that asks Berth first.
///
/// @param part what it belongs to
/// @param type its class, as class files write it
/// @param method its name
/// @param descriptor its parameters and its result, as class files write them
/// @param hook what Berth knows it by
record Rewrite(Part part, String type, String method, String descriptor, String hook) {
    /// What stands and falls together: either all methods of a part are rewritten, or Berth does without.
    enum Part {
        /// `Socket` and `ServerSocket`. Instead: the deprecated factories.
        SOCKETS("Socket and ServerSocket with a Proxy"),

        /// `DatagramSocket` and `MulticastSocket`. Instead: the deprecated factory.
        DATAGRAMS("options of a DatagramSocket while another thread receives"),

        /// `Channels.newInputStream` and `newOutputStream`. Instead: those of the JDK, which work with more locks.
        STREAMS("fast streams of channels"),

        /// `NetworkInterface`. There is nothing instead.
        INTERFACES("NetworkInterface, which shows this machine's interfaces"),

        /// `InetAddress.isReachable` and `getLocalHost`. There is nothing instead for the first.
        ADDRESSES("InetAddress.isReachable, which asks on this machine's network"),

        /// Where all INET sockets of the kernel are opened. There is nothing instead.
        KERNEL_SOCKETS("strict mode");

        private final String otherwise;

        Part(String otherwise) {
            this.otherwise = otherwise;
        }

        /// What is not covered without this part, for people.
        String otherwise() {
            return otherwise;
        }
    }

    /// All methods of the JDK that Berth rewrites.
    static List<Rewrite> all() {
        List<Rewrite> all = new ArrayList<>();
        all.add(of(Part.SOCKETS, "java/net/SocketImpl", "createPlatformSocketImpl", "(Z)Ljava/net/SocketImpl;"));
        all.add(of(Part.SOCKETS, "java/net/ServerSocket", "platformImplAccept", "()Ljava/net/SocketImpl;"));
        all.add(of(
                Part.DATAGRAMS,
                "java/net/DatagramSocket",
                "createDelegate",
                "(Ljava/net/SocketAddress;Ljava/lang/Class;)Ljava/net/DatagramSocket;"));
        addStreams(all);
        addInterfaces(all);
        all.add(of(Part.ADDRESSES, "java/net/InetAddress", "isReachable", "(Ljava/net/NetworkInterface;II)Z"));
        all.add(of(Part.ADDRESSES, "java/net/InetAddress", "getLocalHost", "()Ljava/net/InetAddress;"));
        all.add(of(
                Part.KERNEL_SOCKETS,
                "sun/nio/ch/Net",
                "socket",
                "(Ljava/net/ProtocolFamily;Z)Ljava/io/FileDescriptor;"));
        all.add(of(
                Part.KERNEL_SOCKETS,
                "sun/nio/ch/Net",
                "serverSocket",
                "(Ljava/net/ProtocolFamily;)Ljava/io/FileDescriptor;"));
        return all;
    }

    private static void addStreams(List<Rewrite> all) {
        String streams = "sun/nio/ch/Streams";
        String in = "java/nio/channels/ReadableByteChannel";
        String out = "java/nio/channels/WritableByteChannel";
        all.add(new Rewrite(
                Part.STREAMS, streams, "of", "(L" + in + ";)Ljava/io/InputStream;", "Streams.of(ReadableByteChannel)"));
        all.add(new Rewrite(
                Part.STREAMS,
                streams,
                "of",
                "(L" + out + ";)Ljava/io/OutputStream;",
                "Streams.of(WritableByteChannel)"));
    }

    private static void addInterfaces(List<Rewrite> all) {
        String type = "java/net/NetworkInterface";
        String[] methods = {
            "getNetworkInterfaces", "()Ljava/util/Enumeration;",
            "networkInterfaces", "()Ljava/util/stream/Stream;",
            "getByName", "(Ljava/lang/String;)Ljava/net/NetworkInterface;",
            "getByIndex", "(I)Ljava/net/NetworkInterface;",
            "getByInetAddress", "(Ljava/net/InetAddress;)Ljava/net/NetworkInterface;",
            "isBoundInetAddress", "(Ljava/net/InetAddress;)Z",
            "isUp", "()Z",
            "isLoopback", "()Z",
            "isPointToPoint", "()Z",
            "supportsMulticast", "()Z",
            "getHardwareAddress", "()[B",
            "getMTU", "()I"
        };
        for (int i = 0; i < methods.length; i += 2) {
            all.add(of(Part.INTERFACES, type, methods[i], methods[i + 1]));
        }
    }

    private static Rewrite of(Part part, String type, String method, String descriptor) {
        return new Rewrite(part, type, method, descriptor, type.substring(type.lastIndexOf('/') + 1) + "." + method);
    }

    /// For people: `java.net.SocketImpl.createPlatformSocketImpl`.
    @Override
    public String toString() {
        return type.replace('/', '.') + "." + method;
    }
}
