package dev.berth.junit;

import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;

/// What two ends have said to each other, as the network saw it: a connection of TCP or its attempt, or the datagrams
/// between two ports of UDP. A moment's copy.
///
/// @param client the host that began, or its address if nobody knows its name
/// @param server the other host
/// @param established whether the server has accepted the connection; always true for UDP
/// @param reset whether one end has sent an RST
/// @param toServer what the client has sent
/// @param toClient what the server has sent
public record Talk(
        Transport transport,
        String client,
        Endpoint clientEnd,
        String server,
        Endpoint serverEnd,
        boolean established,
        boolean reset,
        Way toServer,
        Way toClient) {
    /// One way of a talk.
    ///
    /// @param packets packets sent, also those that were lost
    /// @param octets octets of data in them, each counted once however often it was sent
    /// @param retransmissions segments that were sent again
    public record Way(long packets, long octets, long retransmissions) {}

    /// Segments that were sent again, both ways.
    public long retransmissions() {
        return toServer.retransmissions + toClient.retransmissions;
    }

    /// One line.
    @Override
    public String toString() {
        String what = transport == Transport.UDP
                ? "datagrams"
                : reset ? "reset" : established ? "connected" : "not connected";
        return transport + " " + client + " " + clientEnd + " -> " + server + " " + serverEnd + " (" + what + ", sent "
                + described(toServer) + ", received " + described(toClient) + ")";
    }

    private static String described(Way way) {
        String text = way.octets + " octets in " + way.packets + (way.packets == 1 ? " packet" : " packets");
        return way.retransmissions == 0 ? text : text + ", " + way.retransmissions + " retransmitted";
    }
}
