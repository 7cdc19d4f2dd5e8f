package dev.berth.gateway;

import dev.berth.ports.Transport;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketException;

/// Why the kernel does not let us have a port, in one sentence for people.
final class KernelBind {
    private KernelBind() {}

    /// @throws BindException if it is a name that means nothing
    static void requireAddress(InetSocketAddress address) throws BindException {
        if (address.isUnresolved()) {
            throw new BindException("'" + address.getHostString() + "' is not an address of this machine.");
        }
    }

    /// What is to be thrown instead of `e`.
    static SocketException explained(SocketException e, Transport transport, InetSocketAddress address) {
        if (address.isUnresolved()) {
            return e;
        }
        String ip = address.getAddress().getHostAddress();
        String port = (transport == Transport.UDP ? "UDP port " : "port ") + address.getPort() + " of " + ip;
        String reason = String.valueOf(e.getMessage());
        String sentence = reason.startsWith("Address already in use")
                ? port.replaceFirst("^p", "P") + " is in use by "
                        + KernelPortOwner.find(transport, address)
                                .map(KernelPortOwner::toString)
                                .orElse("another program")
                        + "."
                : reason.startsWith("Permission denied")
                        ? "No permission to listen on " + port + ": take one above 1023."
                        : reason.startsWith("Cannot assign requested address")
                                ? ip + " is not an address of this machine."
                                : "Cannot listen on " + port + " (" + reason + ").";
        SocketException told = e instanceof BindException ? new BindException(sentence) : new SocketException(sentence);
        told.initCause(e);
        return told;
    }
}
