package dev.berth.gateway;

import dev.berth.ports.PortRange;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;

/// One rule of an [OutsidePolicy]: flows to these addresses and ports are allowed, or denied.
///
/// @param allows whether they are allowed
/// @param addresses the addresses
/// @param ports the ports, of TCP and UDP
public record OutsideRule(boolean allows, IpAddress.Prefix addresses, PortRange ports) {
    private static final String FORM =
            "' is not ADDRESS[/LENGTH][:PORT[-PORT]], such as 10.1.0.0/16:443 or [2001:db8::/32]:80-90";

    /// A rule that allows what `text` says.
    ///
    /// @param text `ADDRESS[/LENGTH][:PORT[-PORT]]`; an IPv6 address with a port stands in brackets
    /// @throws IllegalArgumentException if it has another form, with a sentence that says so
    public static OutsideRule allow(String text) {
        return parse(true, text);
    }

    /// A rule that denies what `text` says; otherwise as [#allow].
    public static OutsideRule deny(String text) {
        return parse(false, text);
    }

    private static OutsideRule parse(boolean allows, String text) {
        String address = text;
        PortRange ports = PortRange.ALL;
        try {
            int bracket = text.lastIndexOf(']');
            int colon = text.indexOf(':', Math.max(bracket, 0));
            boolean plainIpv6 = bracket < 0 && colon >= 0 && text.indexOf(':', colon + 1) >= 0;
            if (colon >= 0 && !plainIpv6) {
                address = text.substring(0, colon);
                ports = PortRange.parse(text.substring(colon + 1));
            }
            if (bracket >= 0) {
                if (!address.startsWith("[") || !address.endsWith("]")) {
                    throw new IllegalArgumentException("brackets stand around the address");
                }
                address = address.substring(1, address.length() - 1);
            }
            return new OutsideRule(allows, IpAddress.Prefix.parse(address), ports);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + text + FORM + " (" + e.getMessage() + ")", e);
        }
    }

    /// Whether it is about `to`.
    public boolean matches(Endpoint to) {
        return matches(to.address(), to.port());
    }

    /// @param port 0 for an echo request, which has none: only a rule about all ports is about it
    boolean matches(IpAddress to, int port) {
        return (port == 0 ? ports.equals(PortRange.ALL) : ports.contains(port)) && addresses.contains(to.hi(), to.lo());
    }

    /// `allow 10.1.0.0/16:443`.
    @Override
    public String toString() {
        String verb = allows ? "allow " : "deny ";
        if (ports.equals(PortRange.ALL)) {
            return verb + addresses;
        }
        return verb + (addresses.address().isIpv4() ? addresses : "[" + addresses + "]") + ":" + ports;
    }
}
