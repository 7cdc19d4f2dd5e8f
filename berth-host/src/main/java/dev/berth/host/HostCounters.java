package dev.berth.host;

import dev.berth.ports.PortCounters;
import dev.berth.ports.PortRange;
import dev.berth.stack.NetStack;
import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.DropReason;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// What a host counts, at one moment: for meters. Taking it costs the same whatever the number of sockets. Immutable.
///
/// @param tcpPorts entries of the table of TCP ports, and refusals
/// @param udpPorts the same of UDP
/// @param ephemeral the range that ports are chosen from
/// @param freeTcp ports of that range which a bind with port 0 could take, of TCP
/// @param freeUdp the same of UDP
/// @param segmentsSent TCP segments sent since the start, those sent again included
/// @param retransmissions TCP segments sent again since the start
/// @param datagramsSent UDP datagrams sent since the start
/// @param datagramsReceived UDP datagrams that were given to a socket since the start
/// @param tcpMemory octets that the queues of all TCP connections hold now
/// @param drops packets that went nowhere since the start; every reason has an entry
/// @param interfaces traffic, the loopback interface first
public record HostCounters(
        PortCounters tcpPorts,
        PortCounters udpPorts,
        PortRange ephemeral,
        int freeTcp,
        int freeUdp,
        long segmentsSent,
        long retransmissions,
        long datagramsSent,
        long datagramsReceived,
        long tcpMemory,
        Map<DropReason, Long> drops,
        List<Traffic> interfaces) {

    /// The traffic of an interface since the start.
    ///
    /// @param name its name
    /// @param packetsIn packets received
    /// @param octetsIn octets received, IP headers included
    /// @param packetsOut packets handed to the link
    /// @param octetsOut octets handed to the link
    public record Traffic(String name, long packetsIn, long octetsIn, long packetsOut, long octetsOut) {
        private Traffic plus(Traffic other) {
            return new Traffic(
                    name,
                    packetsIn + other.packetsIn,
                    octetsIn + other.octetsIn,
                    packetsOut + other.packetsOut,
                    octetsOut + other.octetsOut);
        }
    }

    /// With what another shard of the same host counts; ports and their tables are those of all shards anyway.
    HostCounters plus(HostCounters other) {
        Map<DropReason, Long> all = new EnumMap<>(drops);
        other.drops.forEach((reason, count) -> all.merge(reason, count, Long::sum));
        List<Traffic> traffic = new ArrayList<>();
        for (int i = 0; i < interfaces.size(); i++) {
            traffic.add(interfaces.get(i).plus(other.interfaces.get(i)));
        }
        return new HostCounters(
                tcpPorts,
                udpPorts,
                ephemeral,
                freeTcp,
                freeUdp,
                segmentsSent + other.segmentsSent,
                retransmissions + other.retransmissions,
                datagramsSent + other.datagramsSent,
                datagramsReceived + other.datagramsReceived,
                tcpMemory + other.tcpMemory,
                Map.copyOf(all),
                List.copyOf(traffic));
    }

    /// Under the lock of the shard with this stack.
    static HostCounters of(NetStack stack) {
        Map<DropReason, Long> drops = new EnumMap<>(DropReason.class);
        for (DropReason reason : DropReason.values()) {
            drops.put(reason, stack.drops().total(reason));
        }
        List<Traffic> interfaces = new ArrayList<>();
        for (NetInterface nic : stack.interfaces()) {
            interfaces.add(new Traffic(nic.name(), nic.packetsIn(), nic.octetsIn(), nic.packetsOut(), nic.octetsOut()));
        }
        return new HostCounters(
                stack.tcp().ports().pages().counters(),
                stack.udp().ports().pages().counters(),
                stack.config().ports().ephemeral(),
                stack.tcp().ports().freeForBind(),
                stack.udp().ports().freeForBind(),
                stack.tcp().segmentsSent(),
                stack.tcp().retransmissions(),
                stack.udp().datagramsOut(),
                stack.udp().datagramsIn(),
                stack.tcp().memory(),
                Map.copyOf(drops),
                List.copyOf(interfaces));
    }
}
