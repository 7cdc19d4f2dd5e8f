package dev.berth.agent.run;

import dev.berth.gateway.OutsidePolicy;
import dev.berth.gateway.OutsideRule;
import dev.berth.gateway.SocksProxy;
import dev.berth.host.Host;
import dev.berth.names.NameTable;
import dev.berth.ports.Transport;
import dev.berth.tun.SocketHolder;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/// The proxies of a process into its network ([SocksProxy]): they come and go while it runs. Thread-safe.
final class Proxies implements AutoCloseable {
    private final Origin origin;
    private final NameTable names;
    private final List<SocksProxy> proxies = new CopyOnWriteArrayList<>();
    private boolean closed; // guarded by this

    /// The host that connections and datagrams come from.
    interface Origin {
        /// That host, made if need be.
        Host host() throws IOException;
    }

    /// @param names what names mean
    Proxies(Origin origin, NameTable names) {
        this.origin = origin;
        this.names = names;
    }

    /// What the JDK's resolver says in this process, which is what the program itself finds.
    static NameTable resolver() {
        return new NameTable() {
            @Override
            public List<IpAddress> addresses(String name) {
                List<IpAddress> found = new ArrayList<>();
                try {
                    for (InetAddress each : InetAddress.getAllByName(name)) {
                        found.add(IpAddress.of(each.getAddress()));
                    }
                } catch (UnknownHostException e) {
                    return List.of(); // which is an answer
                }
                return found;
            }

            @Override
            public @Nullable String name(IpAddress address) {
                return null;
            }
        };
    }

    /// What a first table knows, and what a second one knows of the rest.
    static NameTable either(NameTable first, NameTable second) {
        return new NameTable() {
            @Override
            public List<IpAddress> addresses(String name) {
                List<IpAddress> found = first.addresses(name);
                return found.isEmpty() ? second.addresses(name) : found;
            }

            @Override
            public @Nullable String name(IpAddress address) {
                String name = first.name(address);
                return name != null ? name : second.name(address);
            }
        };
    }

    /// Where a proxy listens: `PORT`, `ADDRESS:PORT`, or the path of a UNIX-domain socket, which has a slash.
    ///
    /// @throws IllegalArgumentException if it is something else, with a sentence that says so
    static SocketAddress address(String text) {
        if (text.indexOf('/') >= 0) {
            return UnixDomainSocketAddress.of(text);
        }
        int colon = text.lastIndexOf(':');
        String port = text.substring(colon + 1);
        String host = colon < 0 ? "127.0.0.1" : text.substring(0, colon);
        try {
            if (host.startsWith("[") && host.endsWith("]")) {
                host = host.substring(1, host.length() - 1);
            }
            if (!port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
                throw new IllegalArgumentException("no port");
            }
            byte[] octets = IpAddress.parse(host).octets();
            return new InetSocketAddress(InetAddress.getByAddress(octets), Integer.parseInt(port));
        } catch (IllegalArgumentException | UnknownHostException e) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not [ADDRESS:]PORT or the path of a UNIX-domain socket", e);
        }
    }

    /// Opens a proxy.
    ///
    /// @param user the name that clients have to give; null for everybody
    /// @throws IOException if it cannot be had, with a sentence that says why
    synchronized SocksProxy open(
            SocketAddress listen, @Nullable String user, @Nullable String password, List<OutsideRule> rules)
            throws IOException {
        if (closed) {
            throw new IOException("The host ends");
        }
        if (user == null
                && listen instanceof InetSocketAddress inet
                && !inet.getAddress().isLoopbackAddress()) {
            throw new IOException("A proxy that others than this machine can reach needs a name and a password");
        }
        SocksProxy.Builder builder =
                SocksProxy.builder(origin.host()).names(names).policy(OutsidePolicy.of(rules));
        if (user != null) {
            builder.user(user, password == null ? "" : password);
        }
        try {
            SocksProxy proxy = builder.open(listen);
            proxies.add(proxy);
            return proxy;
        } catch (BindException e) {
            throw named(e, listen);
        }
    }

    /// Says which program of Berth listens there, if one does.
    private static BindException named(BindException refusal, SocketAddress listen) {
        String holder = switch (listen) {
            case InetSocketAddress inet -> ProgramAtPort.of(Transport.TCP, inet);
            case UnixDomainSocketAddress unix ->
                SocketHolder.ofPath(unix.getPath())
                        .map(each -> ProgramAtPort.of(each.pid(), unix.getPath().toString()))
                        .orElse(null);
            default -> null;
        };
        if (holder == null) {
            return refusal;
        }
        BindException clear =
                new BindException("Cannot listen on " + text(listen) + ": it is in use by " + holder + ".");
        clear.initCause(refusal);
        return clear;
    }

    /// Those that there are.
    List<SocksProxy> all() {
        return proxies;
    }

    /// Ends the proxy that listens there.
    ///
    /// @return false if there is none
    synchronized boolean end(SocketAddress listen) {
        for (SocksProxy each : proxies) {
            if (each.address().equals(listen)) {
                proxies.remove(each);
                each.close();
                return true;
            }
        }
        return false;
    }

    /// As people write it: `127.0.0.1:1080`, or the path.
    static String text(SocksProxy proxy) {
        return text(proxy.address());
    }

    private static String text(SocketAddress address) {
        return switch (address) {
            case InetSocketAddress inet ->
                new Endpoint(IpAddress.of(inet.getAddress().getAddress()), inet.getPort()).toString();
            case SocketAddress other -> other.toString();
        };
    }

    @Override
    public synchronized void close() {
        closed = true;
        proxies.forEach(SocksProxy::close);
        proxies.clear();
    }
}
