package dev.berth.cli;

import dev.berth.capture.Capture;
import dev.berth.ethernet.EthernetCounters;
import dev.berth.ethernet.EthernetPort;
import dev.berth.ethernet.EthernetSegment;
import dev.berth.network.Network;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Guests that speak Ethernet: behind a TAP device, and at UNIX sockets.
final class EthernetMembers implements GatewayMembers {
    /// What Ethernet has unless more is asked for, and what every guest starts with.
    static final int MTU = 1_500;

    private final EthernetSegment segment;
    private final String places;
    private final String description;
    private final @Nullable EthernetPort tap;

    private EthernetMembers(EthernetSegment segment, Places places, String description, @Nullable EthernetPort tap) {
        this.segment = segment;
        this.places = places.toString();
        this.description = description;
        this.tap = tap;
    }

    /// Where guests are to be.
    ///
    /// @param tap a TAP device's name
    /// @param stream a socket in QEMU's stream framing
    /// @param datagram a socket of one frame in each datagram
    record Places(
            @Nullable String tap,
            @Nullable Path stream,
            @Nullable Path datagram) {
        boolean isEmpty() {
            return tap == null && stream == null && datagram == null;
        }

        @Override
        public String toString() {
            return Stream.of(tap, stream, datagram)
                    .filter(Objects::nonNull)
                    .map(Object::toString)
                    .collect(Collectors.joining("+"));
        }
    }

    /// Opens the places. The machine's address is the router that guests are told of, as in QEMU's own networks.
    ///
    /// @throws IOException if one cannot be had, in words; nothing is left behind then
    static EthernetMembers start(
            Network network, Places places, NamespaceGateway.Wishes wishes, int mtu, @Nullable Capture capture)
            throws IOException {
        GatewayAddresses addresses = wishes.addresses();
        List<IpAddress> servants = new ArrayList<>(addresses.machine());
        servants.addAll(addresses.nameServers());
        EthernetSegment.Builder builder = EthernetSegment.builder(network)
                .nameServers(addresses.nameServers().toArray(new IpAddress[0]))
                .proxied(servants.toArray(new IpAddress[0]))
                .mtu(mtu);
        for (IpAddress router : addresses.machine()) {
            for (IpAddress.Prefix subnet : addresses.networks()) {
                if (subnet.contains(router.hi(), router.lo())) {
                    builder.router(new IpAddress.Prefix(router, subnet.length()));
                }
            }
        }
        addresses.guest().stream()
                .map(IpAddress.Prefix::address)
                .filter(IpAddress::isIpv4)
                .findFirst()
                .ifPresent(builder::firstLease);
        if (capture != null) {
            builder.around(capture::around);
        }
        EthernetSegment segment = builder.start();
        boolean started = false;
        try {
            List<String> told = new ArrayList<>();
            EthernetPort tap = null;
            if (places.tap != null) {
                tap = segment.attachTap(places.tap, wishes.namespace());
                told.add(places.tap);
            }
            if (places.stream != null) {
                told.add(segment.listenStream(places.stream).path() + " (stream)");
            }
            if (places.datagram != null) {
                told.add(segment.listenDatagram(places.datagram).path() + " (datagrams)");
            }
            String text = String.join(" and ", told) + ", guests in "
                    + String.join(
                            " and ",
                            addresses.networks().stream().map(Object::toString).toList())
                    + ", router " + NamespaceGateway.join(addresses.machine());
            started = true;
            boolean alone = places.stream == null && places.datagram == null;
            return new EthernetMembers(segment, places, text, alone ? tap : null);
        } finally {
            if (!started) {
                segment.close();
            }
        }
    }

    @Override
    public String describe() {
        return description;
    }

    @Override
    public String places() {
        return places;
    }

    @Override
    public List<Map<String, @Nullable Object>> guests() {
        List<Map<String, @Nullable Object>> all = new ArrayList<>();
        for (EthernetPort port : segment.ports()) {
            EthernetCounters frames = port.counters();
            Map<String, @Nullable Object> one = new LinkedHashMap<>();
            one.put("guest", port.name());
            one.put("addresses", port.addresses().stream().map(Object::toString).toList());
            one.put("framesIn", frames.framesIn());
            one.put("octetsIn", frames.octetsIn());
            one.put("framesOut", frames.framesOut());
            one.put("octetsOut", frames.octetsOut());
            one.put("leases", frames.leases());
            one.put("refusedLeases", frames.refusedLeases());
            frames.drops().forEach((reason, count) -> one.put("drop" + camel(reason.name()), count));
            all.add(one);
        }
        return all;
    }

    /// `NOT_OURS` as `NotOurs`.
    private static String camel(String constant) {
        return Stream.of(constant.split("_"))
                .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
                .collect(Collectors.joining());
    }

    @Override
    public String statistics() {
        EthernetCounters frames = segment.counters();
        StringBuilder line = new StringBuilder("frames from guests ")
                .append(frames.framesIn())
                .append(", to them ")
                .append(frames.framesOut())
                .append(", leases ")
                .append(frames.leases());
        frames.drops()
                .forEach((reason, count) ->
                        line.append(", dropped ").append(count).append(": ").append(reason.text()));
        return line.toString();
    }

    /// At a socket other guests may come; a device that is gone is gone.
    @Override
    public void whenDown(Consumer<String> action) {
        if (tap != null) {
            tap.whenEnded(action);
        }
    }

    @Override
    public void close() {
        segment.close();
    }
}
