package dev.berth.agent.run;

import dev.berth.host.Host;
import dev.berth.names.DnsResponder;
import dev.berth.names.DnsServer;
import dev.berth.names.NameTable;
import dev.berth.network.NameRouter;
import dev.berth.network.Network;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The name servers of the machine's resolver file, played for a program whose host cannot reach them: a library that
/// speaks DNS itself reads that file and asks whomever it names, through the sockets of the host.
///
/// Those elsewhere are a [NameRouter]; those at loopback addresses, as systemd-resolved and Docker have them, are on
/// the program's own host, which then has port 53 of that address taken as the machine has. They know the host's name
/// and `localhost`; other names do not exist.
final class NameService implements AutoCloseable {
    private final List<AutoCloseable> parts;

    private NameService(List<AutoCloseable> parts) {
        this.parts = parts;
    }

    /// Routes to the name servers that are elsewhere, for a host with these addresses.
    static List<IpAddress.Prefix> routes(List<IpAddress> servers, List<IpAddress.Prefix> own) {
        return servers.stream()
                .filter(server -> !server.isLoopback()
                        && IpAddress.isUnicast(server.hi(), server.lo())
                        && own.stream().anyMatch(each -> each.address().isIpv4() == server.isIpv4()))
                .map(server -> new IpAddress.Prefix(server, server.isIpv4() ? 32 : 128))
                .toList();
    }

    /// Starts them.
    static NameService start(Network network, Host host, List<IpAddress> servers) throws IOException {
        DnsResponder responder = DnsResponder.of(NameTable.of(Map.of(host.name(), host.addresses())));
        NameService service = new NameService(new ArrayList<>());
        boolean started = false;
        try {
            service.parts.add(NameRouter.start(network, responder));
            for (IpAddress server : servers) {
                if (server.isLoopback()) {
                    service.parts.add(DnsServer.start(host, server, responder));
                }
            }
            started = true;
            return service;
        } finally {
            if (!started) {
                service.close();
            }
        }
    }

    @Override
    public void close() {
        for (AutoCloseable part : parts) {
            switch (part) {
                case NameRouter router -> router.close();
                case DnsServer server -> server.close();
                default -> throw new AssertionError("no part of a name service: " + part);
            }
        }
    }
}
