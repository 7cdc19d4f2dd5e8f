package dev.berth.cli;

import dev.berth.network.Guest;
import dev.berth.network.GuestCounters;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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
    public List<Map<String, @Nullable Object>> guests() {
        GuestCounters packets = guest.counters();
        Map<String, @Nullable Object> one = new LinkedHashMap<>();
        one.put("guest", guest.name());
        one.put("addresses", guest.addresses().stream().map(Object::toString).toList());
        one.put("packetsIn", packets.packetsIn());
        one.put("octetsIn", packets.octetsIn());
        one.put("packetsOut", packets.packetsOut());
        one.put("octetsOut", packets.octetsOut());
        one.put("spoofed", packets.spoofed());
        one.put("malformed", packets.malformed());
        one.put("linkLocal", packets.linkLocal());
        one.put("overflow", packets.overflow());
        return List.of(one);
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
