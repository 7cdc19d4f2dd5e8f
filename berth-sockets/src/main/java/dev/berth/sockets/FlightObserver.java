package dev.berth.sockets;

import dev.berth.host.HostSocket;
import dev.berth.host.Retransmission;
import dev.berth.host.SocketObserver;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.ports.ServiceRegistry;
import dev.berth.ports.Transport;
import dev.berth.stack.tcp.TcpInfo;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.util.Objects;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/// Makes flight recorder events of what happens on sockets. Loaded only where the module `jdk.jfr` is.
final class FlightObserver extends SocketObserver {
    // Of the type of its parent: whoever names it needs no look at this class before the recorder is there.
    static final SocketObserver SHARED = new FlightObserver();

    // Events that are never committed: asking one whether it is enabled costs the read of a field.
    private static final Event CONNECT = new SocketConnect();
    private static final Event ACCEPT = new SocketAccept();
    private static final Event READ = new SocketRead();
    private static final Event WRITE = new SocketWrite();
    private static final Event CLOSE = new SocketClose();
    private static final Event AGAIN = new Retransmitted();

    private FlightObserver() {}

    /// What all events have.
    @Category({"Berth", "Sockets"})
    abstract static class OfSocket extends Event {
        @Label("Host")
        @Description("The name of the Berth host")
        @Nullable
        String host;

        @Label("Transport")
        @Nullable
        String transport;

        @Label("Local Address")
        @Nullable
        String localAddress;

        @Label("Local Port")
        int localPort;

        @Label("Remote Address")
        @Nullable
        String remoteAddress;

        @Label("Remote Port")
        int remotePort;

        @Label("Service")
        @Description("IANA's name of the service at the lower one of both ports, or else at the other one")
        @Nullable
        String service;

        final void ends(String name, Transport protocol, @Nullable Endpoint local, @Nullable Endpoint remote) {
            host = name;
            transport = protocol.name();
            if (local != null) {
                localAddress = local.address().toString();
                localPort = local.port();
            }
            if (remote != null) {
                remoteAddress = remote.address().toString();
                remotePort = remote.port();
            }
            String lower = serviceAt(protocol, Math.min(localPort, remotePort));
            service = lower != null ? lower : serviceAt(protocol, Math.max(localPort, remotePort));
        }
    }

    private static @Nullable String serviceAt(Transport protocol, int port) {
        return port == 0 ? null : ServiceRegistry.iana().nameOf(protocol, port);
    }

    /// What events of operations that may fail have.
    abstract static class OfOperation extends OfSocket {
        @Label("Failure")
        @Description("Why it failed; nothing if it did not")
        @Nullable
        String failure;
    }

    @Name("dev.berth.SocketConnect")
    @Label("Berth Socket Connect")
    @Description("A TCP connection was made, or could not be made")
    @Threshold("20 ms")
    static final class SocketConnect extends OfOperation {}

    @Name("dev.berth.SocketAccept")
    @Label("Berth Socket Accept")
    @Description("A TCP connection was accepted; the time is that of the wait for it")
    static final class SocketAccept extends OfOperation {}

    @Name("dev.berth.SocketRead")
    @Label("Berth Socket Read")
    @Description("Data were read, or a datagram was received")
    @Threshold("20 ms")
    static final class SocketRead extends OfOperation {
        @Label("Bytes Read")
        @DataAmount
        long bytesRead;

        @Label("End of Stream")
        boolean endOfStream;
    }

    @Name("dev.berth.SocketWrite")
    @Label("Berth Socket Write")
    @Description("Data were written, or a datagram was sent")
    @Threshold("20 ms")
    static final class SocketWrite extends OfOperation {
        @Label("Bytes Written")
        @DataAmount
        long bytesWritten;
    }

    @Name("dev.berth.SocketClose")
    @Label("Berth Socket Close")
    @Description("A socket with a TCP connection was closed")
    static final class SocketClose extends OfSocket {
        @Label("State")
        @Description("The state of the connection before")
        @Nullable
        String state;

        @Label("Reset")
        @Description("Whether the connection was reset by this host")
        boolean reset;

        @Label("Age")
        @Description("Since the connection began to be made, to some milliseconds")
        @Timespan(Timespan.NANOSECONDS)
        long age;

        @Label("Bytes Received")
        @DataAmount
        long bytesReceived;

        @Label("Bytes Sent")
        @DataAmount
        long bytesSent;

        @Label("Segments Retransmitted")
        long retransmissions;

        @Label("Round-Trip Time")
        @Description("Smoothed; 0 before the first measurement")
        @Timespan(Timespan.NANOSECONDS)
        long roundTripTime;
    }

    @Name("dev.berth.Retransmission")
    @Label("Berth Retransmission")
    @Description("A TCP connection sent segments again")
    @StackTrace(false)
    static final class Retransmitted extends OfSocket {
        @Label("State")
        @Nullable
        String state;

        @Label("Segments")
        int segments;

        @Label("Bytes")
        @Description("Octets of data in them; a SYN or FIN has none")
        @DataAmount
        long bytes;
    }

    @Override
    protected @Nullable Object begin(Operation operation) {
        Event event = switch (operation) {
            case CONNECT -> CONNECT.isEnabled() ? new SocketConnect() : null;
            case ACCEPT -> ACCEPT.isEnabled() ? new SocketAccept() : null;
            case READ -> READ.isEnabled() ? new SocketRead() : null;
            case WRITE -> WRITE.isEnabled() ? new SocketWrite() : null;
            case CLOSE -> CLOSE.isEnabled() ? new SocketClose() : null;
        };
        if (event != null) {
            event.begin();
        }
        return event;
    }

    @Override
    protected void end(
            Object begun, HostSocket socket, @Nullable Endpoint remote, long octets, @Nullable IOException failure) {
        if (!(begun instanceof OfOperation event)) {
            return; // of an observer before
        }
        event.end();
        if (!event.shouldCommit()) {
            return;
        }
        if (socket instanceof UdpSocket datagrams) {
            Endpoint other = remote != null ? remote : datagrams.remote();
            event.ends(socket.host().name(), Transport.UDP, socket.local(), other);
        } else {
            Endpoint other = remote == null && socket instanceof TcpSocket stream ? stream.remote() : remote;
            event.ends(socket.host().name(), Transport.TCP, socket.local(), other);
        }
        if (failure != null) {
            event.failure = Objects.requireNonNullElse(
                    failure.getMessage(), failure.getClass().getName());
        }
        if (event instanceof SocketRead read) {
            read.bytesRead = Math.max(0, octets);
            read.endOfStream = octets < 0;
        } else if (event instanceof SocketWrite write) {
            write.bytesWritten = octets;
        }
        event.commit();
    }

    @Override
    protected void closed(Object begun, TcpSocket socket, TcpInfo info, boolean reset) {
        if (begun instanceof SocketClose event && event.shouldCommit()) {
            event.ends(socket.host().name(), Transport.TCP, socket.local(), socket.remote());
            event.state = info.state().text();
            event.reset = reset;
            event.age = info.ageNanos();
            event.bytesReceived = info.octetsReceived();
            event.bytesSent = info.octetsSent();
            event.retransmissions = info.retransmissions();
            event.roundTripTime = info.srttNanos();
            event.commit();
        }
    }

    @Override
    protected boolean wantsRetransmissions() {
        return AGAIN.isEnabled();
    }

    @Override
    protected void retransmitted(String host, Retransmission retransmission) {
        Retransmitted event = new Retransmitted();
        event.ends(host, Transport.TCP, retransmission.local(), retransmission.remote());
        event.state = retransmission.state();
        event.segments = retransmission.segments();
        event.bytes = retransmission.octets();
        event.commit();
    }
}
