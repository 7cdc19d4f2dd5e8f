package dev.berth.ports;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import org.jspecify.annotations.Nullable;

/// Ports run short: towards one destination, or for binds with port 0. Given once at 80 % and once at 95 %, and
/// again only after the fill was below 70 % in between.
///
/// @param transport whose ports these are
/// @param local the local address; null if the bind range is meant
/// @param remote the destination; null if the bind range is meant
/// @param level the level that was reached, in per cent: 80 or 95
/// @param range the range that ports are chosen from
/// @param inUse the ports in use there
/// @param usable the ports of the range that could be used there at all: leased and not reserved, and for a destination
///     not bound either
/// @param timeWait the flows in TIME-WAIT there; for the bind range those of the whole table
public record PortWarning(
        Transport transport,
        @Nullable IpAddress local,
        @Nullable Endpoint remote,
        int level,
        PortRange range,
        int inUse,
        int usable,
        int timeWait) {

    /// What happens, and what would help, in sentences for people.
    @Override
    public String toString() {
        String counts = inUse + " of " + usable + " ports of " + range + " are in use, " + timeWait
                + (timeWait == 1 ? " flow is" : " flows are") + " in TIME-WAIT. ";
        if (remote == null) {
            return "More than " + level + " % of the " + transport + " ports for binds with port 0 are taken: " + counts
                    + "Sockets that are closed when they are done with, explicit port numbers or a wider"
                    + " ephemeral range would help.";
        }
        return "More than " + level + " % of the " + transport + " ports of " + local + " towards " + remote
                + " are in use: " + counts
                + (timeWait * 2L > inUse
                        ? "Connections that are kept and used again, or closed by the other end first, would help,"
                                + " and so"
                        : "Connections that are shared or closed when they are done with would help, and so")
                + " would another local or remote address or a wider ephemeral range.";
    }
}
