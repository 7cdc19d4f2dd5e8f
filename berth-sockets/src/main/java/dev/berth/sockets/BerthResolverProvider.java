package dev.berth.sockets;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolver.LookupPolicy;
import java.net.spi.InetAddressResolverProvider;
import java.util.stream.Stream;

/// Makes look-ups of names go to the host of the thread's [HostScope], or to the installed [BerthSockets]. The JDK
/// asks for a provider once, at its first look-up; so this one is always registered, and passes everything on to the
/// JDK's own resolver while nothing is installed.
public final class BerthResolverProvider extends InetAddressResolverProvider {
    /// For the service loader.
    public BerthResolverProvider() {}

    @Override
    public InetAddressResolver get(Configuration configuration) {
        return new Delegating(configuration);
    }

    @Override
    public String name() {
        return "Berth";
    }

    private record Delegating(Configuration configuration) implements InetAddressResolver {
        @Override
        public Stream<InetAddress> lookupByName(String host, LookupPolicy policy) throws UnknownHostException {
            HostNames names = HostScope.names();
            return names == null
                    ? configuration.builtinResolver().lookupByName(host, policy)
                    : names.lookupByName(host, policy, configuration);
        }

        @Override
        public String lookupByAddress(byte[] address) throws UnknownHostException {
            HostNames names = HostScope.names();
            return names == null
                    ? configuration.builtinResolver().lookupByAddress(address)
                    : names.lookupByAddress(address, configuration);
        }
    }
}
