package dev.berth.sockets.installed;

import static dev.berth.sockets.installed.Scene.check;
import static dev.berth.sockets.installed.Scene.same;

import dev.berth.host.Host;
import dev.berth.network.NameRouter;
import dev.berth.network.Network;
import dev.berth.sockets.BerthSockets;
import dev.berth.wire.IpAddress;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.Security;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import javax.naming.NameNotFoundException;
import javax.naming.directory.DirContext;
import javax.naming.directory.InitialDirContext;

/// Looks up names: as `InetAddress` does, and as a library does that speaks DNS itself.
final class NamesProgram {
    private NamesProgram() {}

    public static void main(String[] args) {
        Scene.play(() -> {
            Network network = Network.create("lab");
            Host app = network.host("app", prefix("10.0.0.1/24"), prefix("fd00::1/64"));
            network.host("web", prefix("10.0.0.2/24"), prefix("fd00::2/64"));
            BerthSockets.install(app, false, network);
            inetAddresses();
            hostsThatComeAndGo(network);
            try (NameRouter router = NameRouter.start(network)) {
                dns(network);
                check(router.server().queries() >= 5, "the queries went there: " + router);
            }
            network.close();
            return null;
        });
    }

    private static IpAddress.Prefix prefix(String text) {
        return IpAddress.Prefix.parse(text);
    }

    private static void inetAddresses() throws Exception {
        List<String> web = Arrays.stream(InetAddress.getAllByName("web"))
                .map(InetAddress::getHostAddress)
                .toList();
        same(web, List.of("10.0.0.2", "fd00:0:0:0:0:0:0:2"));
        same(InetAddress.getByAddress(new byte[] {10, 0, 0, 2}).getCanonicalHostName(), "web");
        same(InetAddress.getByName("fd00::1").getHostName(), "app");
        same(InetAddress.getLocalHost().getHostAddress(), "10.0.0.1");
        check(InetAddress.getByName("localhost").isLoopbackAddress(), "localhost is the loopback address");
        unknown("nowhere");
    }

    private static void hostsThatComeAndGo(Network network) throws Exception {
        same(Security.getProperty("networkaddress.cache.ttl"), "0");
        unknown("late");
        Host late = network.host("late", prefix("10.0.0.3/24"));
        same(InetAddress.getByName("late").getHostAddress(), "10.0.0.3");
        late.close();
        unknown("late");
    }

    private static void unknown(String name) {
        try {
            throw new AssertionError(name + " is " + InetAddress.getByName(name));
        } catch (UnknownHostException e) {
            check(e.getMessage().contains(name), "the message names it: " + e.getMessage());
        }
    }

    /// The JDK's own DNS client, over UDP and, since the answer is long, over TCP.
    private static void dns(Network network) throws Exception {
        Properties environment = new Properties();
        environment.put("java.naming.factory.initial", "com.sun.jndi.dns.DnsContextFactory");
        environment.put("java.naming.provider.url", "dns://192.0.2.53 dns://[2001:db8::53]");
        DirContext context = new InitialDirContext(environment);
        same(context.getAttributes("web", new String[] {"A"}).get("A").get(), "10.0.0.2");
        same(context.getAttributes("WEB", new String[] {"AAAA"}).get("AAAA").get(), "fd00::2");
        same(context.getAttributes("web", new String[] {"TXT"}).size(), 0);
        same(
                context.getAttributes("2.0.0.10.in-addr.arpa", new String[] {"PTR"})
                        .get("PTR")
                        .get(),
                "web.");
        try {
            throw new AssertionError(
                    context.getAttributes("nowhere", new String[] {"A"}).toString());
        } catch (NameNotFoundException e) {
            check(e.getMessage().contains("response code 3"), "it does not exist: " + e.getMessage());
        }
        IpAddress.Prefix[] many = new IpAddress.Prefix[60];
        for (int i = 0; i < many.length; i++) {
            many[i] = prefix("10.0.1." + (i + 1) + "/24");
        }
        network.host("many", many);
        same(context.getAttributes("many", new String[] {"A"}).get("A").size(), 60);
        context.close();
    }
}
