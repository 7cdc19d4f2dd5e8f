package dev.berth.stack;

import dev.berth.ports.Flow;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUsage;
import dev.berth.ports.Transport;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.tcp.Tcb;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a [NetStack] holds at one moment, as `netstat` would show it. Immutable.
///
/// @param now the time of the stack's clock in nanoseconds
/// @param flows connections and connected UDP sockets, TIME-WAIT included
/// @param tcpPorts bindings, listeners and fill of TCP ports
/// @param udpPorts bindings and fill of UDP ports
/// @param drops packets that went nowhere, by reason; reasons without any are left out
/// @param interfaces traffic of the interfaces
/// @param segmentsSent TCP segments sent since the start
/// @param retransmissions TCP segments sent again since the start
public record StackSnapshot(
        long now,
        List<FlowEntry> flows,
        PortUsage tcpPorts,
        PortUsage udpPorts,
        Map<DropReason, Long> drops,
        List<InterfaceEntry> interfaces,
        long segmentsSent,
        long retransmissions) {

    /// One flow.
    ///
    /// @param transport TCP or UDP
    /// @param local the local end
    /// @param remote the remote end
    /// @param state the state's name as RFC 9293 writes it, or `UDP`
    /// @param receiveQueue octets that wait to be read
    /// @param sendQueue octets that wait to be acknowledged
    public record FlowEntry(
            Transport transport, Endpoint local, Endpoint remote, String state, int receiveQueue, int sendQueue) {}

    /// One interface.
    ///
    /// @param name its name
    /// @param mtu octets of its largest packet
    /// @param packetsIn packets received
    /// @param octetsIn octets received
    /// @param packetsOut packets sent
    /// @param octetsOut octets sent
    public record InterfaceEntry(String name, int mtu, long packetsIn, long octetsIn, long packetsOut, long octetsOut) {
        private InterfaceEntry plus(InterfaceEntry other) {
            return new InterfaceEntry(
                    name,
                    mtu,
                    packetsIn + other.packetsIn,
                    octetsIn + other.octetsIn,
                    packetsOut + other.packetsOut,
                    octetsOut + other.octetsOut);
        }
    }

    static StackSnapshot of(NetStack stack, long now) {
        List<FlowEntry> flows = new ArrayList<>();
        collect(stack.tcp().ports(), flows);
        collect(stack.udp().ports(), flows);
        Map<DropReason, Long> drops = new EnumMap<>(DropReason.class);
        for (DropReason reason : DropReason.values()) {
            long count = stack.drops().total(reason);
            if (count > 0) {
                drops.put(reason, count);
            }
        }
        List<InterfaceEntry> interfaces = new ArrayList<>();
        for (NetInterface nic : stack.interfaces()) {
            interfaces.add(new InterfaceEntry(
                    nic.name(), nic.mtu(), nic.packetsIn(), nic.octetsIn(), nic.packetsOut(), nic.octetsOut()));
        }
        return new StackSnapshot(
                now,
                List.copyOf(flows),
                stack.tcp().ports().snapshot(),
                stack.udp().ports().snapshot(),
                Map.copyOf(drops),
                List.copyOf(interfaces),
                stack.tcp().segmentsSent(),
                stack.tcp().retransmissions());
    }

    /// What the shards of one host hold together.
    ///
    /// @param shards the snapshots of all of them, in their order, taken one after the other
    public static StackSnapshot sum(List<StackSnapshot> shards) {
        StackSnapshot first = shards.getFirst();
        List<FlowEntry> flows = new ArrayList<>();
        Map<DropReason, Long> drops = new EnumMap<>(DropReason.class);
        List<InterfaceEntry> interfaces = new ArrayList<>(first.interfaces);
        long sent = 0;
        long again = 0;
        for (StackSnapshot each : shards) {
            flows.addAll(each.flows);
            each.drops.forEach((reason, count) -> drops.merge(reason, count, Long::sum));
            for (int i = 0; each != first && i < interfaces.size(); i++) {
                interfaces.set(i, interfaces.get(i).plus(each.interfaces.get(i)));
            }
            sent += each.segmentsSent;
            again += each.retransmissions;
        }
        return new StackSnapshot(
                first.now,
                List.copyOf(flows),
                first.tcpPorts, // they have them in common
                first.udpPorts,
                Map.copyOf(drops),
                List.copyOf(interfaces),
                sent,
                again);
    }

    private static void collect(PortTable<?> table, List<FlowEntry> flows) {
        table.visitFlows(flow -> {
            flows.add(entry(table.transport(), flow));
            return true;
        });
    }

    private static FlowEntry entry(Transport transport, Flow flow) {
        @Nullable Tcb tcb = flow instanceof Tcb connection ? connection : null;
        return new FlowEntry(
                transport,
                flow.local(),
                flow.remote(),
                flow.stateName(),
                tcb == null ? 0 : tcb.available(),
                tcb == null ? 0 : tcb.unacknowledged());
    }
}
