package dev.berth.agent.run;

import dev.berth.gateway.MachineNames;
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
import org.jspecify.annotations.Nullable;

/// The name servers of the machine's resolver file, played for a program whose host cannot reach them: a library that
/// speaks DNS itself reads that file and asks whomever it names, through the sockets of the host.
///
/// Those elsewhere are a [NameRouter], or the gateway if there is one; those at loopback addresses, as
/// systemd-resolved and Docker have them, are on the program's own host, which then has port 53 of that address taken
/// as the machine has. They know the host's name and `localhost`; other names are those of the machine
/// ([MachineNames]), or do not exist where nothing is outside.
final class NameService implements AutoCloseable {
    private final List<Runnable> closings = new ArrayList<>();

    private NameService() {}

    /// Routes to the name servers that are elsewhere, for a host with these addresses.
    static List<IpAddress.Prefix> routes(List<IpAddress> servers, List<IpAddress.Prefix> own) {
        List<IpAddress.Prefix> routes = new ArrayList<>(); // loops all over the start: lambdas take longer
        for (IpAddress server : servers) {
            if (!server.isLoopback()
                    && IpAddress.isUnicast(server.hi(), server.lo())
                    && HostAddress.hasFamily(own, server.isIpv4())) {
                routes.add(new IpAddress.Prefix(server, server.isIpv4() ? 32 : 128));
            }
        }
        return routes;
    }

    /// Who answers: the host's own name is known, others are asked of the machine if there is an outside.
    static DnsResponder responder(HostPlan plan) throws IOException {
        DnsResponder alone =
                DnsResponder.of(NameTable.of(Map.of(plan.name(), HostAddress.withoutLengths(plan.addresses()))));
        return plan.outside() ? alone.withUpstream(MachineNames.create()) : alone;
    }

    /// Who answers for a member of a network: the names of the network are known.
    static DnsResponder responder(NameTable names, boolean outside) throws IOException {
        DnsResponder alone = DnsResponder.of(names);
        return outside ? alone.withUpstream(MachineNames.create()) : alone;
    }

    /// Starts them.
    ///
    /// @param network the one without a gateway, where a router has to play those elsewhere; otherwise null
    static NameService start(@Nullable Network network, Host host, List<IpAddress> servers, DnsResponder responder)
            throws IOException {
        NameService service = new NameService();
        boolean started = false;
        try {
            if (network != null) {
                service.closings.add(NameRouter.start(network, responder)::close);
            }
            for (IpAddress server : servers) {
                if (server.isLoopback()) {
                    service.closings.add(DnsServer.start(host, server, responder)::close);
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
        closings.forEach(Runnable::run);
    }
}
