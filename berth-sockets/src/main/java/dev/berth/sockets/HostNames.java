package dev.berth.sockets;

import dev.berth.host.Host;
import dev.berth.names.NameTable;
import dev.berth.wire.IpAddress;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver.LookupPolicy;
import java.net.spi.InetAddressResolverProvider.Configuration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Look-ups of a JVM whose sockets are on a host: the host itself, `localhost`, the [NameTable]s, and then what the
/// JDK finds, or nothing.
///
/// The JVM's own idea of the machine's name means the host too, so that `InetAddress.getLocalHost()` is an address
/// that sockets can use.
///
/// @param others whether names that are not known here are looked up as the JDK does
record HostNames(Host host, List<NameTable> tables, boolean others) {
    private static final String LOCALHOST = "localhost";

    /// The addresses of a name.
    Stream<InetAddress> lookupByName(String name, LookupPolicy policy, Configuration configuration)
            throws UnknownHostException {
        String key = NameTable.canonical(name);
        List<IpAddress> known = known(key);
        if (known.isEmpty() && key.equals(NameTable.canonical(configuration.lookupLocalHostName()))) {
            known = own();
        }
        if (known.isEmpty() && others) {
            return configuration.builtinResolver().lookupByName(name, policy);
        }
        List<InetAddress> answers = answers(name, known, policy.characteristics());
        if (answers.isEmpty()) {
            throw new UnknownHostException(name + ": Name or service not known");
        }
        return answers.stream();
    }

    private List<IpAddress> known(String key) {
        if (key.equals(LOCALHOST)) {
            return List.of(IpAddress.LOOPBACK_IPV4, IpAddress.LOOPBACK_IPV6);
        }
        for (NameTable table : tables) {
            List<IpAddress> addresses = table.addresses(key);
            if (!addresses.isEmpty()) {
                return addresses;
            }
        }
        return key.equals(NameTable.canonical(host.name())) ? own() : List.of();
    }

    private List<IpAddress> own() {
        return ownAddresses(host);
    }

    /// The addresses of a host's own name, one at least.
    static List<IpAddress> ownAddresses(Host host) {
        List<IpAddress> addresses = host.addresses();
        return addresses.isEmpty() ? List.of(IpAddress.LOOPBACK_IPV4, IpAddress.LOOPBACK_IPV6) : addresses;
    }

    private static List<InetAddress> answers(String name, List<IpAddress> addresses, int characteristics)
            throws UnknownHostException {
        List<InetAddress> answers = new ArrayList<>();
        boolean ipv4First = (characteristics & LookupPolicy.IPV4_FIRST) != 0;
        boolean ipv6First = !ipv4First && (characteristics & LookupPolicy.IPV6_FIRST) != 0;
        int first = 0; // how many answers of the preferred family there are
        for (IpAddress address : addresses) {
            boolean ipv4 = address.isIpv4();
            if ((characteristics & (ipv4 ? LookupPolicy.IPV4 : LookupPolicy.IPV6)) != 0) {
                boolean preferred = ipv4 ? ipv4First : ipv6First;
                answers.add(preferred ? first++ : answers.size(), InetAddress.getByAddress(name, address.octets()));
            }
        }
        return answers;
    }

    /// The name of an address.
    String lookupByAddress(byte[] octets, Configuration configuration) throws UnknownHostException {
        if (octets.length != 4 && octets.length != 16) {
            throw new IllegalArgumentException("An IP address has 4 or 16 octets, not " + octets.length);
        }
        IpAddress address = IpAddress.of(octets);
        String name = name(address);
        if (name != null) {
            return name;
        }
        if (others) {
            return configuration.builtinResolver().lookupByAddress(octets);
        }
        throw new UnknownHostException(address + ": Name or service not known");
    }

    private @Nullable String name(IpAddress address) {
        if (address.isLoopback()) {
            return LOCALHOST;
        }
        for (NameTable table : tables) {
            String name = table.name(address);
            if (name != null) {
                return name;
            }
        }
        return host.addresses().contains(address) ? host.name() : null;
    }
}
