package dev.berth.gateway;

import dev.berth.ports.PortRange;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;

/// One rule of an [OutsidePolicy]: flows that leave to these addresses and ports, or come in from these addresses to
/// these ports, are allowed, or denied.
///
/// @param allows whether they are allowed
/// @param inward whether it is about flows that come in, by published ports
/// @param addresses the addresses outside
/// @param ports the ports outside, of TCP and UDP: those that flows leave to, or those of this machine that are asked
public record OutsideRule(boolean allows, boolean inward, IpAddress.Prefix addresses, PortRange ports) {
    private static final String INWARD = "in:";
    private static final String OUTWARD = "out:";
    private static final String FORM = "' is not [in:|out:]ADDRESS[/LENGTH][:PORT[-PORT]], such as 10.1.0.0/16:443,"
            + " [2001:db8::/32]:80-90 or in:192.0.2.0/24";

    /// A rule that allows what `text` says.
    ///
    /// @param text `[in:|out:]ADDRESS[/LENGTH][:PORT[-PORT]]`; an IPv6 address with a port stands in brackets; `out:`
    ///     is what is meant by neither
    /// @throws IllegalArgumentException if it has another form, with a sentence that says so
    public static OutsideRule allow(String text) {
        return parse(true, text);
    }

    /// A rule that denies what `text` says; otherwise as [#allow].
    public static OutsideRule deny(String text) {
        return parse(false, text);
    }

    private static OutsideRule parse(boolean allows, String text) {
        boolean inward = text.startsWith(INWARD);
        String rule = inward
                ? text.substring(INWARD.length())
                : text.startsWith(OUTWARD) ? text.substring(OUTWARD.length()) : text;
        String address = rule;
        PortRange ports = PortRange.ALL;
        try {
            int bracket = rule.lastIndexOf(']');
            int colon = rule.indexOf(':', Math.max(bracket, 0));
            boolean plainIpv6 = bracket < 0 && colon >= 0 && rule.indexOf(':', colon + 1) >= 0;
            if (colon >= 0 && !plainIpv6) {
                address = rule.substring(0, colon);
                ports = PortRange.parse(rule.substring(colon + 1));
            }
            if (bracket >= 0) {
                if (!address.startsWith("[") || !address.endsWith("]")) {
                    throw new IllegalArgumentException("brackets stand around the address");
                }
                address = address.substring(1, address.length() - 1);
            }
            return new OutsideRule(allows, inward, IpAddress.Prefix.parse(address), ports);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + text + FORM + " (" + e.getMessage() + ")", e);
        }
    }

    /// Whether it is about flows that leave to `to`.
    public boolean matches(Endpoint to) {
        return !inward && matches(to.address(), to.port());
    }

    /// @param port 0 for an echo request, which has none: only a rule about all ports is about it
    boolean matches(IpAddress to, int port) {
        return (port == 0 ? ports.equals(PortRange.ALL) : ports.contains(port)) && addresses.contains(to.hi(), to.lo());
    }

    /// `allow 10.1.0.0/16:443`.
    @Override
    public String toString() {
        String verb = (allows ? "allow " : "deny ") + (inward ? INWARD : "");
        if (ports.equals(PortRange.ALL)) {
            return verb + addresses;
        }
        return verb + (addresses.address().isIpv4() ? addresses : "[" + addresses + "]") + ":" + ports;
    }
}
