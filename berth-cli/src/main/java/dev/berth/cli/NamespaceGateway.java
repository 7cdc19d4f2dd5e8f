package dev.berth.cli;

import dev.berth.agent.run.GatewayControl;
import dev.berth.agent.run.HostPlan;
import dev.berth.agent.run.Publication;
import dev.berth.capture.Capture;
import dev.berth.gateway.Gateway;
import dev.berth.gateway.GatewayCounters;
import dev.berth.gateway.MachineNames;
import dev.berth.gateway.OutsidePolicy;
import dev.berth.gateway.Published;
import dev.berth.host.Link;
import dev.berth.names.DnsResponder;
import dev.berth.network.NameRouter;
import dev.berth.network.Network;
import dev.berth.ports.Transport;
import dev.berth.tun.TunLink;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What `berth gateway` runs: a network whose one guest is the kernel of a network namespace, behind a TUN device, and
/// the gateway that carries the guest's flows on over this process's own sockets.
final class NamespaceGateway implements AutoCloseable {
    private static final String NAME = "guest";
    private static final int MOST_TOLD = 12;

    private final Network network;
    private final Way way;
    private final GatewayMembers members;
    private final GatewayAddresses addresses;
    private @Nullable Capture capture;
    private @Nullable GatewayControl control;
    private boolean closed;

    private NamespaceGateway(Network network, Way way, GatewayMembers members, GatewayAddresses addresses) {
        this.way = way;
        this.network = network;
        this.members = members;
        this.addresses = addresses;
    }

    /// What is asked for.
    ///
    /// @param namespace the network namespace's file; null for that of this process
    /// @param device the TUN device's name
    /// @param mtu octets
    /// @param addresses of the guest and the others
    /// @param configured whether the kernel's side gets addresses and routes
    /// @param ethernet where guests that speak Ethernet are; empty for a TUN device
    /// @param options published ports, rules and more, as `berth run` has them
    record Wishes(
            @Nullable Path namespace,
            String device,
            int mtu,
            GatewayAddresses addresses,
            boolean configured,
            EthernetMembers.Places ethernet,
            HostPlan options) {}

    /// Makes the device, configures the kernel's side, and opens the way.
    ///
    /// @param whenDown gets the reason when the device fails, on its own thread
    /// @throws IOException if a part cannot be had, with a sentence that says why; nothing is left behind then
    static NamespaceGateway start(Wishes wishes, Consumer<String> whenDown) throws IOException {
        Capture capture = wishes.options.capture() == null ? null : Capture.open(wishes.options.capture());
        Network network = null;
        NamespaceGateway gateway = null;
        GatewayMembers members = null;
        TunLink tun = null;
        Way way = null;
        boolean started = false;
        try {
            if (wishes.ethernet.isEmpty()) {
                tun = device(wishes);
                network = network(wishes, tun.info().mtu());
                way = Way.open(network, wishes); // before the first packet is read, which waits in the device
                Link link = capture == null ? tun : capture.around(tun);
                members = new TunMember(
                        network.guest(NAME, link, wishes.addresses.guest().toArray(new IpAddress.Prefix[0])),
                        tun.info().name());
            } else {
                int mtu = wishes.mtu == 0 ? EthernetMembers.MTU : wishes.mtu;
                network = network(wishes, mtu);
                way = Way.open(network, wishes);
                members = EthernetMembers.start(network, wishes.ethernet, wishes, mtu, capture);
            }
            gateway = new NamespaceGateway(network, way, members, wishes.addresses);
            gateway.capture = capture;
            gateway.open(wishes);
            members.whenDown(whenDown);
            started = true;
            return gateway;
        } finally {
            if (!started) {
                close(gateway, way, members, network, tun, capture);
            }
        }
    }

    private static Network network(Wishes wishes, int mtu) throws IOException {
        return Network.builder("gateway")
                .mtu(mtu)
                .segments()
                .subnet(
                        "guest",
                        wishes.addresses.networks().stream()
                                .map(Object::toString)
                                .toArray(String[]::new))
                .build();
    }

    private static void close(@Nullable AutoCloseable... parts) {
        for (AutoCloseable part : parts) {
            if (part != null) {
                try {
                    part.close();
                } catch (Exception e) {
                    throw new AssertionError("none of the parts throws", e);
                }
            }
        }
    }

    private static TunLink device(Wishes wishes) throws IOException {
        TunLink.Builder builder = TunLink.builder(wishes.device);
        if (wishes.namespace != null) {
            builder.inNamespace(wishes.namespace).loopbackUp();
        }
        if (wishes.mtu > 0) {
            builder.mtu(wishes.mtu);
        }
        if (wishes.configured) {
            wishes.addresses.guest().forEach(builder::address);
            if (wishes.namespace != null) {
                builder.defaultRoutes();
            }
        }
        return builder.open();
    }

    /// The way out, or who answers questions for names if there is none.
    private record Way(@Nullable Gateway outside, @Nullable NameRouter names) implements AutoCloseable {
        static Way open(Network network, Wishes wishes) throws IOException {
            HostPlan options = wishes.options;
            DnsResponder responder = DnsResponder.of(network);
            if (!options.outside()) {
                return new Way(null, NameRouter.start(network, responder));
            }
            Gateway outside = Gateway.builder(network)
                    .inside(wishes.addresses.networks().toArray(new IpAddress.Prefix[0]))
                    .machine(wishes.addresses.machine().toArray(new IpAddress[0]))
                    .policy(OutsidePolicy.of(options.rules()))
                    .limits(options.limits())
                    .names(responder.withUpstream(MachineNames.create()))
                    .start();
            return new Way(outside, null);
        }

        @Override
        public void close() {
            if (outside != null) {
                outside.close();
            }
            if (names != null) {
                names.close();
            }
        }
    }

    private void open(Wishes wishes) throws IOException {
        HostPlan options = wishes.options;
        GatewayControl ways = new GatewayControl(
                network, NAME, addresses.door(), way.outside(), OutsidePolicy.of(options.rules()), members::guests);
        control = ways;
        for (Publication publication : options.publications()) {
            ways.publish(publication, addresses.guest().getFirst().address());
        }
        ways.open(options.control(), "gateway " + members.places());
    }

    private List<Published> ports() {
        return control == null ? List.of() : control.ports();
    }

    /// One line for people: what is where.
    String describe() {
        StringBuilder line = new StringBuilder("gateway on ").append(members.describe());
        line.append(", nameserver ").append(join(addresses.nameServers()));
        return line.append(control == null ? "" : control.describe()).toString();
    }

    static String join(List<IpAddress> all) {
        return String.join(" and ", all.stream().map(IpAddress::toString).toList());
    }

    /// What was carried, in one line.
    String statistics() {
        StringBuilder line = new StringBuilder();
        Gateway carrying = way.outside();
        if (carrying != null) {
            GatewayCounters flows = carrying.counters();
            line.append("carried ").append(flows.opened()).append(" connections (");
            line.append(flows.connections()).append(" open, ");
            line.append(flows.refused()).append(" refused, ");
            line.append(flows.unreachable()).append(" unreachable, ");
            line.append(flows.timedOut()).append(" without an answer, ");
            line.append(flows.denied()).append(" denied, ");
            line.append(flows.overLimit()).append(" over a limit) and ");
            line.append(flows.datagramsOut()).append(" datagrams out, ");
            line.append(flows.datagramsIn()).append(" in; ");
        }
        for (Published port : ports()) {
            if (port.accepted() > 0 || ports().size() <= MOST_TOLD) {
                line.append(port.transport() == Transport.UDP ? "UDP port " : "port ");
                line.append(port.address().getPort()).append(" accepted ");
                line.append(port.accepted()).append("; ");
            }
        }
        return line.append(members.statistics()).toString();
    }

    /// Ends published ports and connections, in order where there is time, and takes the device away. Idempotent.
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        if (control != null) {
            control.close();
        }
        way.close();
        members.close();
        network.close();
        if (capture != null) {
            capture.close();
        }
    }
}
