package dev.berth.ethernet;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.check.Seeds;
import dev.berth.host.Host;
import dev.berth.host.UdpSocket;
import dev.berth.network.Network;
import dev.berth.wire.ArpHeader;
import dev.berth.wire.Bytes;
import dev.berth.wire.DhcpMessage;
import dev.berth.wire.Endpoint;
import dev.berth.wire.EthernetHeader;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Conversations of guests with a segment, frame by frame.
@Timeout(120)
class EthernetPortTest {
    private static final long MAC = 0x5254_0012_3456L;
    private static final long OTHER = 0x5254_0012_3457L;
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(10);
    private static final String DNS_V6 = "fd00:2::3";

    @TempDir
    Path temporary;

    private PcapFile file;
    private Network network;
    private Host web;
    private EthernetSegment segment;
    private ScriptedGuest guest;
    private EthernetPort port;

    @BeforeEach
    void start() throws Exception {
        file = new PcapFile(temporary.resolve("frames.pcap"));
        network = Network.builder("lab")
                .subnet("lab", "10.0.2.0/24", "fd00:2::/64")
                .mtu(1_500)
                .build();
        web = network.host("web", IpAddress.Prefix.parse("10.0.2.10/24"), IpAddress.Prefix.parse("fd00:2::10/64"));
        segment = EthernetSegment.builder(network)
                .router(IpAddress.Prefix.parse("10.0.2.1/24"))
                .router(IpAddress.Prefix.parse("fd00:2::1/64"))
                .nameServers(IpAddress.parse("10.0.2.3"), IpAddress.parse(DNS_V6))
                .proxied(IpAddress.parse("10.0.2.3"), IpAddress.parse(DNS_V6))
                .firstLease(IpAddress.parse("10.0.2.100"))
                .limits(3, 8, 16)
                .start();
        guest = new ScriptedGuest(file);
        port = segment.attach("guest", guest);
    }

    @AfterEach
    void stop() throws Exception {
        segment.close();
        network.close();
        file.close();
    }

    private static byte[] answer(ScriptedGuest who, byte[] message) {
        List<byte[]> answers = who.sends(message).received(ScriptedGuest::isUdp);
        assertThat(answers).hasSize(1);
        return answers.getFirst();
    }

    private static int typeOf(byte[] answer) {
        return Integer.parseInt(GuestFrames.optionOf(answer, 53), 16);
    }

    /// Gets an address, by the four messages.
    private static String lease(ScriptedGuest who, long mac) {
        byte[] offer = answer(who, GuestFrames.dhcp(mac, DhcpMessage.DISCOVER, "0.0.0.0", ""));
        assertThat(typeOf(offer)).isEqualTo(DhcpMessage.OFFER);
        String address = GuestFrames.yours(offer);
        byte[] ack = answer(
                who,
                GuestFrames.dhcp(
                        mac,
                        DhcpMessage.REQUEST,
                        "0.0.0.0",
                        GuestFrames.option(50, address) + GuestFrames.option(54, "10.0.2.1")));
        assertThat(typeOf(ack)).isEqualTo(DhcpMessage.ACK);
        assertThat(GuestFrames.yours(ack)).isEqualTo(address);
        return address;
    }

    private UdpSocket bound(String address, int number) throws IOException {
        UdpSocket socket = web.openUdpSocket();
        socket.bind(new Endpoint(IpAddress.parse(address), number));
        return socket;
    }

    private long dropped(FrameDrop reason) {
        return port.counters().dropped(reason);
    }

    @Test
    void a_guest_gets_an_address_and_exchanges_datagrams_with_a_host() throws Exception {
        assertThat(lease(guest, MAC)).isEqualTo("10.0.2.100");
        assertThat(network.addresses("guest")).containsExactly(IpAddress.parse("10.0.2.100"));
        try (UdpSocket socket = bound("10.0.2.10", 7)) {
            guest.sends(GuestFrames.udp(
                    MAC, GuestFrames.ROUTER, "10.0.2.100", 5_000, "10.0.2.10", 7, new byte[] {1, 2, 3}));
            byte[] buffer = new byte[16];
            assertThat(socket.receive(buffer, 0, 16, LIMIT)).isEqualTo(3);
            Endpoint sender = socket.lastSender();
            assertThat(sender).isEqualTo(new Endpoint(IpAddress.parse("10.0.2.100"), 5_000));
            socket.send(new byte[] {9, 8}, 0, 2, sender);
        }
        byte[] frame = guest.received(ScriptedGuest::isUdp).getFirst();
        assertThat(EthernetHeader.address(frame, 0)).isEqualTo(MAC);
        assertThat(EthernetHeader.address(frame, 6)).isEqualTo(GuestFrames.ROUTER);
        assertThat(frame).endsWith(9, 8);
        assertThat(port.counters().drops()).isEmpty();
    }

    @Test
    void the_lease_says_what_the_guest_needs() {
        byte[] ack = answer(guest, GuestFrames.dhcp(MAC, DhcpMessage.DISCOVER, "0.0.0.0", "3304000000b4 3d03616263"));
        assertThat(GuestFrames.optionOf(ack, 54)).isEqualTo("0a000201");
        assertThat(GuestFrames.optionOf(ack, 3)).isEqualTo("0a000201");
        assertThat(GuestFrames.optionOf(ack, 1)).isEqualTo("ffffff00");
        assertThat(GuestFrames.optionOf(ack, 6)).isEqualTo("0a000203");
        assertThat(GuestFrames.optionOf(ack, 26)).isEqualTo("05dc");
        assertThat(GuestFrames.optionOf(ack, 28)).isEqualTo("0a0002ff");
        assertThat(GuestFrames.optionOf(ack, 51)).as("as long as it asks for").isEqualTo("000000b4");
        assertThat(GuestFrames.optionOf(ack, 61)).isEqualTo("616263");
    }

    @Test // RFC 2131 section 4.3.2
    void what_a_client_may_not_have_is_refused_and_what_is_not_for_this_server_has_no_answer() {
        byte[] ofHost = GuestFrames.dhcp(
                MAC,
                DhcpMessage.REQUEST,
                "0.0.0.0",
                GuestFrames.option(50, "10.0.2.10") + GuestFrames.option(54, "10.0.2.1"));
        assertThat(typeOf(answer(guest, ofHost))).isEqualTo(DhcpMessage.NAK);
        // A client that comes from elsewhere and wants to go on with its address.
        byte[] strange = GuestFrames.dhcp(MAC, DhcpMessage.REQUEST, "0.0.0.0", GuestFrames.option(50, "192.168.7.7"));
        assertThat(typeOf(answer(guest, strange))).isEqualTo(DhcpMessage.NAK);
        // One that is not known here: another server may know it.
        byte[] unknown = GuestFrames.dhcp(MAC, DhcpMessage.REQUEST, "0.0.0.0", GuestFrames.option(50, "10.0.2.44"));
        assertThat(guest.sends(unknown).received()).isEmpty();
        byte[] elsewhere = GuestFrames.dhcp(
                MAC,
                DhcpMessage.REQUEST,
                "0.0.0.0",
                GuestFrames.option(50, "10.0.2.100") + GuestFrames.option(54, "10.0.2.9"));
        assertThat(guest.sends(elsewhere).received()).isEmpty();
        assertThat(dropped(FrameDrop.DHCP_NOT_OURS)).isEqualTo(2);
        assertThat(port.counters().refusedLeases()).isEqualTo(2);
        assertThat(port.addresses()).isEmpty();

        lease(guest, MAC);
        byte[] another = GuestFrames.dhcp(MAC, DhcpMessage.REQUEST, "0.0.0.0", GuestFrames.option(50, "10.0.2.44"));
        assertThat(typeOf(answer(guest, another))).isEqualTo(DhcpMessage.NAK);
        assertThat(port.addresses())
                .as("a refused wish takes nothing away")
                .containsExactly(IpAddress.parse("10.0.2.100"));
    }

    @Test
    void a_lease_is_renewed_given_back_and_declined() {
        String address = lease(guest, MAC);
        byte[] renewed = answer(guest, GuestFrames.dhcp(MAC, DhcpMessage.REQUEST, address, ""));
        assertThat(typeOf(renewed)).isEqualTo(DhcpMessage.ACK);
        assertThat(Bytes.i32(renewed, 30)).as("to the address that it has").isEqualTo(GuestFrames.ipv4(address));

        byte[] told = answer(guest, GuestFrames.dhcp(MAC, DhcpMessage.INFORM, address, ""));
        assertThat(typeOf(told)).isEqualTo(DhcpMessage.ACK);
        assertThat(GuestFrames.optionOf(told, 51)).isEmpty();
        assertThat(GuestFrames.yours(told)).isEqualTo("0.0.0.0");

        guest.sends(GuestFrames.dhcp(MAC, DhcpMessage.RELEASE, address, GuestFrames.option(54, "10.0.2.1")));
        assertThat(port.addresses()).isEmpty();
        assertThat(network.isTaken(IpAddress.parse(address))).isFalse();
        assertThat(lease(guest, MAC)).as("the same for the same client").isEqualTo(address);

        guest.sends(GuestFrames.dhcp(
                MAC,
                DhcpMessage.DECLINE,
                "0.0.0.0",
                GuestFrames.option(50, address) + GuestFrames.option(54, "10.0.2.1")));
        assertThat(port.addresses()).isEmpty();
        assertThat(lease(guest, MAC)).as("somebody else has it").isNotEqualTo(address);
    }

    @Test
    void who_comes_back_has_its_address_without_asking() throws Exception {
        String address = lease(guest, MAC);
        port.close();
        assertThat(network.isTaken(IpAddress.parse(address))).isFalse();
        ScriptedGuest again = new ScriptedGuest(file);
        EthernetPort second = segment.attach("guest", again);
        again.sends(GuestFrames.udp(MAC, GuestFrames.ROUTER, address, 5_000, "10.0.2.10", 9, new byte[1]));
        assertThat(second.addresses()).containsExactly(IpAddress.parse(address));
        again.sends(GuestFrames.udp(OTHER, GuestFrames.ROUTER, address, 5_000, "10.0.2.10", 9, new byte[1]));
        assertThat(second.counters().dropped(FrameDrop.SPOOFED)).isEqualTo(1);
    }

    @Test // RFC 2131 section 4.3.4
    void who_comes_back_may_give_its_address_back_before_it_was_used() throws Exception {
        String address = lease(guest, MAC);
        port.close();
        ScriptedGuest again = new ScriptedGuest(file);
        EthernetPort second = segment.attach("guest", again);
        again.sends(GuestFrames.dhcp(MAC, DhcpMessage.RELEASE, address, GuestFrames.option(54, "10.0.2.1")));
        again.sends(GuestFrames.dhcp(MAC, DhcpMessage.RELEASE, address, GuestFrames.option(54, "10.0.2.1")));
        assertThat(second.counters().dropped(FrameDrop.DHCP_NOT_OURS))
                .as("the second time it has none")
                .isEqualTo(1);
        again.sends(GuestFrames.udp(MAC, GuestFrames.ROUTER, address, 5_000, "10.0.2.10", 9, new byte[1]));
        assertThat(second.addresses()).isEmpty();
    }

    @Test
    void two_guests_with_the_same_link_layer_address_are_two() throws Exception {
        ScriptedGuest twin = new ScriptedGuest(file);
        EthernetPort second = segment.attach("twin", twin);
        String one = lease(guest, MAC);
        String two = lease(twin, MAC);
        assertThat(one).isNotEqualTo(two);
        guest.sends(GuestFrames.udp(MAC, GuestFrames.ROUTER, one, 1, two, 2, new byte[] {5}));
        assertThat(twin.received(ScriptedGuest::isUdp).getLast()).endsWith(5);
        assertThat(second.addresses()).containsExactly(IpAddress.parse(two));
    }

    @Test // RFC 826, RFC 5227
    void arp_is_answered_for_the_router_and_for_members_and_for_nobody_else() {
        String address = lease(guest, MAC);
        for (String there : List.of("10.0.2.1", "10.0.2.3", "10.0.2.10")) {
            byte[] reply = guest.sends(GuestFrames.arp(MAC, ArpHeader.REQUEST, address, there))
                    .received(ScriptedGuest::isArp)
                    .getFirst();
            assertThat(HexFormat.of().formatHex(reply))
                    .isEqualTo(HexFormat.of().formatHex(new byte[0])
                            + "525400123456" + "026265727468" + "0806" + "0001080006040002" + "026265727468"
                            + "%08x".formatted(GuestFrames.ipv4(there)) + "525400123456"
                            + "%08x".formatted(GuestFrames.ipv4(address)));
        }
        for (String nobody : List.of("10.0.2.55", address, "10.0.3.1")) {
            assertThat(guest.sends(GuestFrames.arp(MAC, ArpHeader.REQUEST, address, nobody))
                            .received())
                    .isEmpty();
        }
        assertThat(guest.sends(GuestFrames.arp(MAC, ArpHeader.REQUEST, "0.0.0.0", "10.0.2.10"))
                        .received())
                .as("a probe for an address that a host has")
                .hasSize(1);
        assertThat(guest.sends(GuestFrames.arp(MAC, ArpHeader.REQUEST, "10.0.2.10", "10.0.2.1"))
                        .received())
                .as("a claim to be the host")
                .isEmpty();
        assertThat(dropped(FrameDrop.SPOOFED)).isEqualTo(1);
        assertThat(port.counters().arpReplies()).isEqualTo(4);
    }

    @Test // RFC 4861 section 7.2, RFC 4862 section 5.4, RFC 6620
    void neighbours_are_found_and_addresses_are_whose_comes_first() throws Exception {
        assertThat(guest.sends(GuestFrames.solicitation(MAC, "::", "fd00:2::77"))
                        .received())
                .as("nobody has it")
                .isEmpty();
        assertThat(port.addresses()).containsExactly(IpAddress.parse("fd00:2::77"));
        byte[] defended = guest.sends(GuestFrames.solicitation(MAC, "::", "fd00:2::10"))
                .received()
                .getFirst();
        assertThat(EthernetHeader.address(defended, 0)).isEqualTo(0x3333_0000_0001L);
        byte[] found = guest.sends(GuestFrames.solicitation(MAC, "fd00:2::77", "fd00:2::10"))
                .received()
                .getFirst();
        assertThat(Bytes.i32(found, 58)).as("router and solicited").isEqualTo(0xc000_0000);
        assertThat(guest.sends(GuestFrames.solicitation(MAC, "fe80::5254:ff:fe12:3456", "fe80::62:65ff:fe72:7468"))
                        .received())
                .as("the router's own")
                .hasSize(1);

        ScriptedGuest second = new ScriptedGuest(file);
        EthernetPort late = segment.attach("late", second);
        assertThat(second.sends(GuestFrames.solicitation(OTHER, "::", "fd00:2::77"))
                        .received())
                .as("the first guest's")
                .hasSize(1);
        second.sends(GuestFrames.udp6(OTHER, "fd00:2::77", "fd00:2::10", 9, new byte[1]));
        assertThat(late.counters().dropped(FrameDrop.SPOOFED)).isEqualTo(1);
        assertThat(late.addresses()).isEmpty();
    }

    @Test
    void routers_are_advertised_when_asked_for() throws Exception {
        guest.sends(GuestFrames.icmp6(MAC, "fe80::5254:ff:fe12:3456", "8500000000000000 0101525400123456"));
        byte[] advertisement = guest.received(ScriptedGuest::isIpv6).getFirst();
        assertThat(EthernetHeader.address(advertisement, 0)).isEqualTo(MAC);
        assertThat(advertisement[54]).isEqualTo((byte) 134);
        if (PcapFile.isTsharkThere()) {
            assertThat(file.fields(
                            "icmpv6.type == 134",
                            "icmpv6.opt.prefix",
                            "icmpv6.opt.prefix.length",
                            "icmpv6.opt.prefix.flag.a",
                            "icmpv6.opt.mtu",
                            "icmpv6.opt.rdnss"))
                    .contains("fd00:2::\t64\t1\t1500\tfd00:2::3");
        }
    }

    @Test
    void the_address_of_the_router_cannot_be_taken() {
        assertThat(guest.sends(GuestFrames.solicitation(MAC, "::", "fd00:2::1")).received())
                .hasSize(1);
        guest.sends(GuestFrames.udp6(MAC, "fd00:2::1", "fd00:2::10", 9, new byte[1]));
        guest.sends(GuestFrames.udp6(MAC, "fd00:3::1", "fd00:2::10", 9, new byte[1]));
        guest.sends(GuestFrames.udp(MAC, GuestFrames.ROUTER, "10.0.2.1", 1, "10.0.2.10", 9, new byte[1]));
        guest.sends(GuestFrames.udp(MAC, GuestFrames.ROUTER, "10.0.2.44", 1, "10.0.2.10", 9, new byte[1]));
        guest.sends(GuestFrames.udp(MAC, GuestFrames.ROUTER, "192.0.2.1", 1, "10.0.2.10", 9, new byte[1]));
        guest.sends(
                GuestFrames.udp(GuestFrames.ROUTER, GuestFrames.ROUTER, "10.0.2.1", 1, "10.0.2.10", 9, new byte[1]));
        assertThat(dropped(FrameDrop.SPOOFED)).isEqualTo(6);
        assertThat(port.addresses()).isEmpty();
    }

    @Test
    void a_guest_that_takes_one_address_after_the_other_is_stopped() {
        for (int i = 0; i < 1_000; i++) {
            guest.sends(GuestFrames.solicitation(MAC, "::", "fd00:2::1:" + Integer.toHexString(i)));
        }
        assertThat(port.addresses()).hasSize(8);
        assertThat(dropped(FrameDrop.TOO_MANY_ADDRESSES)).isEqualTo(992);
        assertThat(typeOf(answer(guest, GuestFrames.dhcp(MAC, DhcpMessage.DISCOVER, "0.0.0.0", ""))))
                .isEqualTo(DhcpMessage.OFFER);
    }

    @Test
    void clients_without_end_use_up_the_leases_of_their_guest_and_nothing_else() throws Exception {
        for (int i = 0; i < 1_000; i++) {
            guest.sends(GuestFrames.dhcp(0x5254_0100_0000L + i, DhcpMessage.DISCOVER, "0.0.0.0", ""));
        }
        assertThat(dropped(FrameDrop.NO_LEASE))
                .as("as many as a guest may have addresses")
                .isEqualTo(992);
        ScriptedGuest second = new ScriptedGuest(file);
        segment.attach("second", second);
        assertThat(lease(second, OTHER)).as("there are some for others").startsWith("10.0.2.");
    }

    @Test
    void a_guest_that_finds_every_address_in_use_leaves_some_for_others() throws Exception {
        for (int i = 0; i < 100; i++) {
            for (byte[] offer : guest.sends(GuestFrames.dhcp(MAC, DhcpMessage.DISCOVER, "0.0.0.0", ""))
                    .received(ScriptedGuest::isUdp)) {
                String address = GuestFrames.yours(offer);
                guest.sends(GuestFrames.dhcp(
                        MAC,
                        DhcpMessage.DECLINE,
                        "0.0.0.0",
                        GuestFrames.option(50, address) + GuestFrames.option(54, "10.0.2.1")));
            }
        }
        assertThat(dropped(FrameDrop.NO_LEASE)).isEqualTo(92);
        ScriptedGuest second = new ScriptedGuest(file);
        segment.attach("second", second);
        assertThat(lease(second, OTHER)).startsWith("10.0.2.");
    }

    @Test
    void what_a_guest_calls_itself_keeps_no_name_from_a_host() throws Exception {
        String address = lease(guest, MAC);
        for (String name : List.of("web", "localhost", "berth-gateway")) {
            String option = "0c%02x%s".formatted(name.length(), HexFormat.of().formatHex(name.getBytes(US_ASCII)));
            answer(guest, GuestFrames.dhcp(MAC, DhcpMessage.REQUEST, address, option));
        }
        assertThat(network.addresses("web")).contains(IpAddress.parse("10.0.2.10"));
        assertThat(network.addresses("localhost")).isEmpty();
        assertThat(network.addresses("berth-gateway")).containsExactly(IpAddress.parse(address));
        network.host("berth-gateway", IpAddress.Prefix.parse("10.0.2.20/24"));
        assertThat(network.addresses("berth-gateway")).containsExactly(IpAddress.parse("10.0.2.20"));
        assertThat(network.addresses("guest")).containsExactly(IpAddress.parse(address));
    }

    /// A neighbor advertisement behind an option header, behind the header of a first fragment, and behind both.
    @Test
    void neighbor_discovery_behind_extension_headers_passes_to_nobody() {
        byte[] message = GuestFrames.icmp6(MAC, "fd00:2::77", "88000000 20000000 fd000002000000000000000000000010");
        String options = "00000104 00000000";
        String fragment = "00000001 00000007";
        for (String chain : List.of("00" + options, "2c" + fragment, "3c" + options + fragment)) {
            byte[] headers = HexFormat.of().parseHex(chain.replace(" ", "").substring(2));
            byte[] frame = new byte[message.length + headers.length];
            System.arraycopy(message, 0, frame, 0, 54);
            System.arraycopy(headers, 0, frame, 54, headers.length);
            System.arraycopy(message, 54, frame, 54 + headers.length, message.length - 54);
            frame[20] = (byte) Integer.parseInt(chain.substring(0, 2), 16);
            frame[54] = headers.length > 8 ? (byte) 44 : 58;
            frame[54 + headers.length - 8] = 58;
            Bytes.put16(frame, 18, frame.length - 54);
            guest.sends(frame);
        }
        assertThat(dropped(FrameDrop.ROGUE)).isEqualTo(3);
    }

    @Test
    void broken_frames_are_counted_by_what_is_wrong() {
        byte[] good = GuestFrames.udp(MAC, GuestFrames.ROUTER, lease(guest, MAC), 1, "10.0.2.10", 9, new byte[10]);
        for (int length : new int[] {0, 13, 14, 33, good.length - 1}) {
            guest.sends(Arrays.copyOf(good, length));
        }
        assertThat(dropped(FrameDrop.MALFORMED)).isEqualTo(5);
        byte[] vlan = good.clone();
        Bytes.put16(vlan, 12, 0x8100);
        guest.sends(vlan);
        assertThat(dropped(FrameDrop.UNKNOWN_TYPE)).isEqualTo(1);
        byte[] others = good.clone();
        EthernetHeader.putAddress(others, 0, OTHER);
        guest.sends(others);
        assertThat(dropped(FrameDrop.NOT_OURS)).isEqualTo(1);
        byte[] large = new byte[14 + 1_501];
        System.arraycopy(good, 0, large, 0, 34);
        Bytes.put16(large, 16, 1_501);
        guest.sends(large);
        assertThat(dropped(FrameDrop.TOO_LONG)).isEqualTo(1);
        byte[] wrong = GuestFrames.solicitation(MAC, "::", "fd00:2::77");
        wrong[60] ^= 1;
        guest.sends(wrong);
        byte[] discover = GuestFrames.dhcp(MAC, DhcpMessage.DISCOVER, "0.0.0.0", "");
        discover[100] ^= 1;
        guest.sends(discover);
        assertThat(dropped(FrameDrop.CHECKSUM)).isEqualTo(2);
        guest.sends(GuestFrames.icmp6(MAC, "fe80::2", "86000000 40000708 0000000000000000"));
        byte[] offer = GuestFrames.dhcp(MAC, DhcpMessage.OFFER, "0.0.0.0", "");
        guest.sends(offer);
        assertThat(dropped(FrameDrop.ROGUE)).isEqualTo(2);
        assertThat(port.counters().framesIn()).isEqualTo(2 + 5 + 1 + 1 + 1 + 2 + 2);
    }

    @Test
    void whatever_comes_the_port_goes_on() throws Exception {
        String address = lease(guest, MAC);
        List<byte[]> seeds = List.of(
                GuestFrames.arp(MAC, ArpHeader.REQUEST, address, "10.0.2.10"),
                GuestFrames.dhcp(MAC, DhcpMessage.REQUEST, address, "3d07015254001234563304ffffffff"),
                GuestFrames.dhcp(MAC, DhcpMessage.DISCOVER, "0.0.0.0", "0c036b766d"),
                GuestFrames.solicitation(MAC, "fd00:2::77", "fd00:2::10"),
                GuestFrames.icmp6(MAC, "fe80::2", "8500000000000000"),
                GuestFrames.udp6(MAC, "fd00:2::77", "fd00:2::10", 9, new byte[20]),
                GuestFrames.udp(MAC, GuestFrames.ROUTER, address, 1, "10.0.2.10", 9, new byte[20]));
        Seeds.run(20_000, random -> {
            byte[] frame = seeds.get(random.nextInt(seeds.size())).clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                // Mostly behind the link's addresses, and often what is a length or a type.
                frame[random.nextInt(random.nextInt(4) == 0 ? 0 : 12, Math.min(frame.length, 90))] =
                        (byte) (random.nextBoolean() ? random.nextInt() : 1 << random.nextInt(8));
            }
            int length = random.nextInt(4) == 0 ? random.nextInt(frame.length + 1) : frame.length;
            guest.sends(Arrays.copyOf(frame, length));
        });
        EthernetCounters counters = port.counters();
        assertThat(counters.framesIn()).isGreaterThanOrEqualTo(2);
        assertThat(port.addresses().size()).isLessThanOrEqualTo(8);
        String after = lease(guest, OTHER);
        assertThat(network.isTaken(IpAddress.parse(after))).isTrue();
    }

    @Test
    void wireshark_finds_nothing_wrong() throws Exception {
        String address = lease(guest, MAC);
        guest.sends(GuestFrames.arp(MAC, ArpHeader.REQUEST, address, "10.0.2.10"));
        guest.sends(GuestFrames.solicitation(MAC, "::", "fd00:2::77"));
        guest.sends(GuestFrames.solicitation(MAC, "::", "fd00:2::10"));
        guest.sends(GuestFrames.solicitation(MAC, "fd00:2::77", "fd00:2::10"));
        guest.sends(GuestFrames.icmp6(MAC, "fe80::2", "8500000000000000"));
        guest.sends(GuestFrames.dhcp(MAC, DhcpMessage.INFORM, address, ""));
        guest.sends(GuestFrames.udp(MAC, GuestFrames.ROUTER, address, 4_000, "10.0.2.10", 4_001, new byte[40]));
        guest.sends(GuestFrames.udp6(MAC, "fd00:2::77", "fd00:2::10", 4_001, new byte[40]));
        assertThat(guest.received()).as("port unreachable").isNotEmpty();
        guest.sends(GuestFrames.dhcp(MAC, DhcpMessage.REQUEST, "0.0.0.0", GuestFrames.option(50, "10.0.2.55")));
        assumeTrue(PcapFile.isTsharkThere(), "needs tshark");
        assertThat(file.wrong()).isEmpty();
        assertThat(file.fields("dhcp", "dhcp.option.dhcp")).containsExactly("1", "2", "3", "5", "8", "5", "3", "6");
        assertThat(file.fields("icmpv6.type == 136 && icmpv6.nd.na.flag.s == 0", "icmpv6.nd.na.target_address"))
                .containsExactly("fd00:2::10");
    }

    @Test
    void no_more_guests_are_attached_than_may_be() throws Exception {
        List<EthernetPort> more = new ArrayList<>();
        more.add(segment.attach("second", new ScriptedGuest(null)));
        more.add(segment.attach("third", new ScriptedGuest(null)));
        assertThatThrownBy(() -> segment.attach("fourth", new ScriptedGuest(null)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("As many as 3 guests");
        assertThat(segment.refusedGuests()).isEqualTo(1);
        more.getFirst().close();
        assertThatThrownBy(() -> segment.attach("third", new ScriptedGuest(null)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("third");
        assertThat(segment.attach("fourth", new ScriptedGuest(null)).name()).isEqualTo("fourth");
    }
}
