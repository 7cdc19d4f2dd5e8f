package dev.berth.cli;

import dev.berth.network.Guest;
import dev.berth.network.GuestCounters;
import java.util.function.Consumer;

/// The kernel of a network namespace behind a TUN device.
///
/// @param guest what the network knows of it
/// @param device the device's name
record TunMember(Guest guest, String device) implements GatewayMembers {
    @Override
    public String describe() {
        return device + ", guest at " + NamespaceGateway.join(guest.addresses());
    }

    @Override
    public String places() {
        return device;
    }

    @Override
    public String statistics() {
        GuestCounters packets = guest.counters();
        return "packets from the guest " + packets.packetsIn() + ", to it " + packets.packetsOut() + ", spoofed "
                + packets.spoofed() + ", malformed " + packets.malformed() + ", dropped " + packets.overflow();
    }

    @Override
    public void whenDown(Consumer<String> action) {
        guest.whenDown(action);
    }

    @Override
    public void close() {
        guest.close();
    }
}
