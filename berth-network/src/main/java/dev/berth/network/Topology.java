package dev.berth.network;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The subnets and routers of a network, and the shortest ways between them. Does not change after the network was
/// built.
final class Topology {
    private final List<Subnet> subnets;
    private final List<Integer> mtus;
    /// Octets of the largest packet that stands for several segments; 0 if none may.
    final int maxSegmented;
    private final List<Router> routers = new ArrayList<>();
    /// By the subnet where one is and the one where one wants to go: the port of the router to go to.
    private Router.@Nullable Port[][] entries = {};
    /// The same: the port to leave that router by.
    private Router.@Nullable Port[][] exits = {};

    Topology(List<Subnet> subnets, List<Integer> mtus, int maxSegmented) {
        this.maxSegmented = maxSegmented;
        this.subnets = List.copyOf(subnets);
        this.mtus = List.copyOf(mtus);
    }

    List<Subnet> subnets() {
        return subnets;
    }

    List<Router> routers() {
        return routers;
    }

    int mtu(Subnet subnet) {
        return mtus.get(subnet.index);
    }

    @Nullable
    Subnet find(String name) {
        for (Subnet subnet : subnets) {
            if (subnet.name.equals(name)) {
                return subnet;
            }
        }
        return null;
    }

    /// The subnet that an address belongs to, or null.
    @Nullable
    Subnet of(long hi, long lo) {
        for (Subnet subnet : subnets) {
            if (subnet.contains(hi, lo)) {
                return subnet;
            }
        }
        return null;
    }

    void add(Router router) {
        routers.add(router);
    }

    /// Finds the ways with the fewest hops; of equal ones that of the router that was named first.
    void computeRoutes() {
        int count = subnets.size();
        entries = new Router.Port[count][count];
        exits = new Router.Port[count][count];
        for (Subnet target : subnets) {
            // Outwards from the target: whoever is found first is nearest.
            ArrayDeque<Subnet> queue = new ArrayDeque<>();
            queue.add(target);
            Subnet near;
            while ((near = queue.poll()) != null) {
                for (Router router : routers) {
                    Router.Port out = port(router, near);
                    if (out != null) {
                        reach(router, out, target, queue);
                    }
                }
            }
        }
        for (Router router : routers) {
            for (Subnet target : subnets) {
                Router.Port exit = exit(router, target);
                if (exit != null && exit.subnet() != target) {
                    router.route(target, exit);
                }
            }
        }
    }

    private void reach(Router router, Router.Port out, Subnet target, ArrayDeque<Subnet> queue) {
        for (Router.Port in : router.ports()) {
            int from = in.subnet().index;
            if (in.subnet() != target && entries[from][target.index] == null) {
                entries[from][target.index] = in;
                exits[from][target.index] = out;
                queue.add(in.subnet());
            }
        }
    }

    private static Router.@Nullable Port port(Router router, Subnet subnet) {
        for (Router.Port port : router.ports()) {
            if (port.subnet() == subnet) {
                return port;
            }
        }
        return null;
    }

    /// The router's port to send to, from one subnet to another; null if there is no way.
    Router.@Nullable Port entry(Subnet from, Subnet to) {
        return entries.length == 0 ? null : entries[from.index][to.index];
    }

    /// By which of its ports a router sends to a subnet; null if it cannot.
    Router.@Nullable Port exit(Router router, Subnet to) {
        Router.Port direct = port(router, to);
        if (direct != null) {
            return direct;
        }
        for (Router.Port port : router.ports()) {
            Router.Port entry = entry(port.subnet(), to);
            if (entry != null && entry.router() == router) {
                return exits[port.subnet().index][to.index];
            }
        }
        // No way begins at this router: through another one on one of its subnets.
        for (Router.Port port : router.ports()) {
            if (entry(port.subnet(), to) != null) {
                return port;
            }
        }
        return null;
    }

    /// Any router of a subnet, for packets to addresses that belong to none.
    Router.@Nullable Port anyRouter(Subnet subnet) {
        for (Router router : routers) {
            Router.Port port = port(router, subnet);
            if (port != null) {
                return port;
            }
        }
        return null;
    }

    /// True if packets can get from one subnet to the other.
    boolean isReachable(Subnet from, Subnet to) {
        return from == to || entry(from, to) != null;
    }
}
