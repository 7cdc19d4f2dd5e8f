package dev.berth.testkit;

import dev.berth.ports.PortBinding;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// Two hosts on a [VirtualWire], a client 10.0.0.1 / fd00::1 and a server 10.0.0.2 / fd00::2, with short hands for
/// whole conversations.
public final class Pair {
    /// A second in nanoseconds.
    public static final long SECOND = 1_000_000_000L;

    /// The server's IPv4 address.
    public static final IpAddress SERVER = IpAddress.parse("10.0.0.2");

    /// The server's IPv6 address.
    public static final IpAddress SERVER6 = IpAddress.parse("fd00::2");

    /// The client's stack.
    public final NetStack client;

    /// The server's stack.
    public final NetStack server;

    /// What lies between them.
    public final VirtualWire wire;

    private final StackConfig config;

    /// A pair with an MTU of 1500.
    public Pair(long seed) {
        this(StackConfig.DEFAULT, 1_500, seed);
    }

    /// A pair with another configuration and MTU.
    public Pair(StackConfig config, int mtu, long seed) {
        this.config = config;
        SplittableRandom random = new SplittableRandom(seed);
        long now = 1_000 * SECOND;
        client = new NetStack(config, random.split()::nextLong, now);
        server = new NetStack(config, random.split()::nextLong, now);
        NetInterface clientNic = client.addInterface("eth0", mtu, true, 0);
        NetInterface serverNic = server.addInterface("eth0", mtu, true, 0);
        client.addAddress(clientNic, IpAddress.Prefix.parse("10.0.0.1/24"));
        client.addAddress(clientNic, IpAddress.Prefix.parse("fd00::1/64"));
        server.addAddress(serverNic, IpAddress.Prefix.parse("10.0.0.2/24"));
        server.addAddress(serverNic, IpAddress.Prefix.parse("fd00::2/64"));
        wire = new VirtualWire(client, clientNic, server, serverNic, seed, now);
    }

    /// The server listens on `port` of all its addresses.
    public TcpListener listen(int port) {
        try {
            PortBinding<TcpListener> binding = server.tcp().ports().bind(0, 0, port, 0, "test");
            return server.tcp().listen(binding, 128, config.tcp());
        } catch (PortUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    /// Ends a [#listen].
    public void unlisten(TcpListener listener) {
        server.tcp().close(listener, wire.now());
        server.tcp().ports().close(listener.binding());
        wire.pump();
    }

    /// The client begins to connect.
    public Tcb connect(IpAddress to, int port) {
        try {
            Tcb tcb = client.connect(new Endpoint(to, port), null, config.tcp(), null, wire.now());
            if (tcb == null) {
                throw new AssertionError("no route to " + to);
            }
            wire.pump();
            return tcb;
        } catch (PortUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    /// Waits until the listener has a connection, `seconds` at most.
    public Tcb accept(TcpListener listener, int seconds) {
        if (!wire.runUntil(() -> listener.waiting() > 0, seconds * SECOND)) {
            throw new AssertionError("no connection within " + seconds + " s");
        }
        Tcb accepted = server.tcp().accept(listener);
        if (accepted == null) {
            throw new AssertionError("no connection");
        }
        return accepted;
    }

    /// A source of bytes that a receiver can check: octet `i` of the stream is a function of `i`.
    public static byte pattern(long i) {
        return (byte) (i * 31 + (i >>> 8) * 7 + (i >>> 16));
    }

    /// Sends `length` octets of the pattern from one end to the other, reading as they come.
    ///
    /// @param seconds virtual time after which it has to be done
    public void transfer(NetStack from, Tcb sender, NetStack to, Tcb receiver, int length, int seconds) {
        Transfer transfer = new Transfer(from, sender, to, receiver, length);
        if (!wire.runUntil(transfer::step, seconds * SECOND)) {
            throw new AssertionError("Only " + transfer.received + " of " + length + " octets after " + seconds + " s; "
                    + sender.state() + " " + sender.error() + ", " + receiver.state() + " " + receiver.error());
        }
    }

    private static final class Transfer {
        private final NetStack from;
        private final Tcb sender;
        private final NetStack to;
        private final Tcb receiver;
        private final int length;
        private int sent;
        private int received;

        Transfer(NetStack from, Tcb sender, NetStack to, Tcb receiver, int length) {
            this.from = from;
            this.sender = sender;
            this.to = to;
            this.receiver = receiver;
            this.length = length;
        }

        boolean step() {
            while (sent < length) {
                int taken = from.tcp()
                        .send(
                                sender,
                                (bytes, at, count) -> {
                                    for (int i = 0; i < count; i++) {
                                        bytes[at + i] = pattern(sent++);
                                    }
                                },
                                Math.min(length - sent, 20_000));
                if (taken == Tcp.NOT_OPEN) {
                    throw new AssertionError("cannot send: " + sender.state() + " " + sender.error());
                }
                if (taken == 0) {
                    break;
                }
            }
            int given;
            do {
                given = to.tcp().receive(receiver, this::check, 1 << 20);
                if (given < 0) {
                    throw new AssertionError("cannot receive: " + receiver.state() + " " + receiver.error());
                }
            } while (given > 0);
            return received == length;
        }

        private void check(byte[] bytes, int at, int count) {
            for (int i = 0; i < count; i++) {
                if (bytes[at + i] != pattern(received)) {
                    throw new AssertionError("octet " + received + " is wrong");
                }
                received++;
            }
        }
    }

    /// Asserts that nothing is left on either host: no flow, binding or timer.
    public void assertNothingLeft() {
        check("client", client);
        check("server", server);
        if (wire.buffersInUse() != 0) {
            throw new AssertionError("Left on the wire: " + wire.buffersInUse() + " packets or chunks");
        }
    }

    private static void check(String name, NetStack stack) {
        @Nullable String left = null;
        if (!stack.tcp().ports().isEmpty()) {
            left = "TCP " + stack.tcp().ports().snapshot();
        } else if (stack.timers() != 0) {
            left = stack.timers() + " timers";
        } else if (stack.buffersInUse() != 0) {
            left = stack.buffersInUse() + " packets or chunks";
        }
        if (left != null) {
            throw new AssertionError("Left on the " + name + ": " + left);
        }
    }
}
