package dev.berth.gateway;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.names.NameTable;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/// Where a [SocksProxy] leads: names are looked up inside, and connections come from a host inside. Thread-safe.
///
/// @param host where connections and datagrams come from
/// @param names what names mean
/// @param policy where they may go
/// @param connectNanos how long one address may take to answer
record ProxyDestinations(Host host, NameTable names, OutsidePolicy policy, long connectNanos) {
    /// The addresses of what a client names: a name, or an address of either family, also in brackets.
    ///
    /// @throws ProxyFailure.Refusal if nobody has the name
    List<IpAddress> addresses(String name) throws ProxyFailure.Refusal {
        String bare = name.startsWith("[") && name.endsWith("]") ? name.substring(1, name.length() - 1) : name;
        if (bare.indexOf(':') >= 0 || bare.matches("[0-9.]+")) {
            try {
                return List.of(IpAddress.parse(bare));
            } catch (IllegalArgumentException e) {
                throw new ProxyFailure.Refusal(ProxyFailure.ADDRESS_TYPE);
            }
        }
        List<IpAddress> found = names.addresses(NameTable.canonical(bare));
        if (found.isEmpty()) {
            throw new ProxyFailure.Refusal(ProxyFailure.UNKNOWN_NAME);
        }
        return found;
    }

    /// Connects to the first of the addresses that answers.
    ///
    /// @param opened is told of each socket before it connects, so that somebody else can end that
    /// @throws IOException why the last of them does not
    TcpSocket connect(List<IpAddress> addresses, int port, Consumer<TcpSocket> opened) throws IOException {
        IOException failure = new ProxyFailure.Refusal(ProxyFailure.DENIED);
        for (IpAddress address : addresses) {
            Endpoint to = new Endpoint(address, port);
            if (!policy.allows(to)) {
                continue;
            }
            TcpSocket socket = host.openTcpSocket();
            boolean connected = false;
            try {
                opened.accept(socket);
                socket.connect(to, connectNanos);
                connected = true;
                return socket;
            } catch (IOException e) {
                failure = e;
            } finally {
                if (!connected) {
                    socket.close();
                }
            }
        }
        throw failure;
    }
}
