package dev.berth.gateway;

import dev.berth.host.EchoSocket;
import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.network.Network;
import dev.berth.stack.icmp.EchoReply;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.List;

/// A guest of a gateway, as a child process in a namespace: tries what the arguments name, and prints what it meets.
final class GuestInNamespace {
    private static final long PATIENCE = 20_000_000_000L;
    private static final long AGAIN = 200_000_000L;

    private final Network network = Network.create("child");
    private final Host guest;
    private final Gateway gateway;

    private GuestInNamespace() throws IOException {
        guest = network.host("guest", IpAddress.Prefix.parse("10.0.0.1/24"), IpAddress.Prefix.parse("fd00::1/64"));
        gateway = Gateway.builder(network)
                .inside(IpAddress.Prefix.parse("10.0.0.0/24"), IpAddress.Prefix.parse("fd00::/64"))
                .machine(IpAddress.parse("10.0.0.253"), IpAddress.parse("fd00::fd"))
                .policy(OutsidePolicy.of(List.of(
                        OutsideRule.allow("127.0.0.1"),
                        OutsideRule.allow("::1"),
                        OutsideRule.deny("10.9.0.3"),
                        OutsideRule.deny("10.9.0.2:9"))))
                .limits(GatewayLimits.DEFAULT.withEchoes(2, PATIENCE))
                .start();
    }

    private interface Attempt {
        String make() throws IOException;
    }

    private static void print(String name, Attempt attempt) {
        String met;
        try {
            met = attempt.make();
        } catch (IOException e) {
            met = e.getClass().getSimpleName() + " " + e.getMessage();
        }
        System.out.println(name + ": " + met);
    }

    public static void main(String[] arguments) throws IOException {
        GuestInNamespace child = new GuestInNamespace();
        for (String argument : arguments) {
            String[] parts = argument.split(" ");
            IpAddress to = IpAddress.parse(parts[1]);
            print(
                    argument,
                    switch (parts[0]) {
                        case "tcp" -> () -> child.tcp(to);
                        case "udp" -> () -> child.udp(to, Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
                        case "ping" -> () -> child.ping(to, Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
                        default -> throw new IllegalArgumentException(argument);
                    });
        }
        System.out.println(child.gateway.counters());
        child.gateway.close();
        child.network.close();
        System.out.println("done");
    }

    private String tcp(IpAddress to) throws IOException {
        try (TcpSocket socket = guest.openTcpSocket()) {
            socket.connect(new Endpoint(to, 80), PATIENCE);
            return "open";
        }
    }

    /// Sends to somebody else first, so that the end has several destinations, and then on a connected socket of the
    /// same end, which hears of errors.
    private String udp(IpAddress to, int port, int length) throws IOException {
        int local;
        boolean ipv6 = !to.isIpv4();
        try (UdpSocket first = guest.openUdpSocket()) {
            first.bind(new Endpoint(ipv6 ? IpAddress.ANY_IPV6 : IpAddress.ANY_IPV4, 0));
            local = first.local().port();
            byte[] octet = new byte[1];
            first.send(octet, 0, 1, new Endpoint(IpAddress.parse(ipv6 ? "fd09::77" : "10.9.0.77"), 7));
        }
        long errors = gateway.counters().errorsPassed();
        try (UdpSocket socket = guest.openUdpSocket()) {
            socket.bind(new Endpoint(ipv6 ? IpAddress.ANY_IPV6 : IpAddress.ANY_IPV4, local));
            socket.connect(new Endpoint(to, port));
            long deadline = System.nanoTime() + PATIENCE;
            while (System.nanoTime() - deadline < 0) {
                socket.send(new byte[length], 0, length, null); // again and again, as routers save on their answers
                try {
                    socket.receive(new byte[1], 0, 1, AGAIN);
                    return "received something";
                } catch (SocketTimeoutException e) {
                    if (gateway.counters().errorsPassed() != errors) {
                        return "a soft error";
                    }
                }
            }
            return "no error";
        }
    }

    private String ping(IpAddress to, int length, int hops) throws IOException {
        try (EchoSocket socket = guest.openEchoSocket()) {
            long deadline = System.nanoTime() + PATIENCE;
            while (System.nanoTime() - deadline < 0) {
                socket.send(to, length, hops);
                try {
                    EchoReply reply = socket.receive(AGAIN);
                    return reply.error() == null
                            ? reply.length() + " octets from " + reply.source()
                            : reply.error() + " from " + reply.source();
                } catch (SocketTimeoutException _) {
                    // it is sent again
                }
            }
            return "no answer";
        }
    }
}
