package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.network.Network;
import dev.berth.wire.IpAddress;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class InterfaceDataTest {
    private final Network one = Network.create("one", 1_500);
    private final Network two = Network.create("two");
    private Host host;

    @BeforeEach
    void start() throws Exception {
        host = Host.builder("both")
                .link(one.link(IpAddress.Prefix.parse("10.1.0.1/24"), IpAddress.Prefix.parse("fd01::1/64")))
                .address(IpAddress.Prefix.parse("10.1.0.1/24"))
                .address(IpAddress.Prefix.parse("fd01::1/64"))
                .link(two.link(IpAddress.Prefix.parse("10.2.0.1/31")))
                .address(IpAddress.Prefix.parse("10.2.0.1/31"))
                .route(IpAddress.Prefix.parse("10.9.0.0/16"))
                .start();
        one.host("peer1", IpAddress.Prefix.parse("10.1.0.2/24"), IpAddress.Prefix.parse("fd01::2/64"));
        two.host("peer2", IpAddress.Prefix.parse("10.9.0.1/24"));
    }

    @AfterEach
    void stop() {
        host.close();
        one.close();
        two.close();
    }

    private static InetAddress inet(String literal) throws Exception {
        return InetAddress.getByName(literal);
    }

    @Test
    void a_host_shows_loopback_and_its_links() throws Exception {
        List<InterfaceData> all = InterfaceData.of(host);
        assertThat(all).extracting(InterfaceData::name).containsExactly("lo", "one", "two");
        assertThat(all).extracting(InterfaceData::index).containsExactly(1, 2, 3);
        assertThat(all).extracting(InterfaceData::mtu).containsExactly(65_535, 1_500, 65_535);
        assertThat(all).extracting(InterfaceData::loopback).containsExactly(true, false, false);
        assertThat(all).allMatch(InterfaceData::up).allMatch(InterfaceData::multicast);
        assertThat(all.get(0).addresses())
                .containsExactly(
                        new InterfaceData.Address(inet("127.0.0.1"), null, (short) 8),
                        new InterfaceData.Address(inet("::1"), null, (short) 128));
        assertThat(all.get(1).addresses())
                .containsExactly(
                        new InterfaceData.Address(inet("10.1.0.1"), inet("10.1.0.255"), (short) 24),
                        new InterfaceData.Address(inet("fd01::1"), null, (short) 64));
        assertThat(all.get(2).addresses())
                .containsExactly(new InterfaceData.Address(inet("10.2.0.1"), null, (short) 31));
    }

    @Test
    void a_host_without_links_has_its_addresses_on_loopback() throws Exception {
        try (Host alone = Host.builder("alone")
                .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                .start()) {
            InterfaceData lo = InterfaceData.of(alone).getFirst();
            assertThat(InterfaceData.of(alone)).hasSize(1);
            assertThat(lo.addresses())
                    .extracting(address -> address.address().getHostAddress())
                    .containsExactly("127.0.0.1", "0:0:0:0:0:0:0:1", "10.0.0.1");
        }
    }

    @Test
    void echo_requests_go_out_from_the_interface_that_was_named() throws Exception {
        assertThat(InterfaceData.isReachable(host, inet("10.1.0.2"), 0, 0, 10_000))
                .isTrue();
        assertThat(InterfaceData.isReachable(host, inet("10.1.0.2"), 2, 1, 10_000))
                .isTrue();
        assertThat(InterfaceData.isReachable(host, inet("fd01::2"), 2, 64, 10_000))
                .isTrue();
        assertThat(InterfaceData.isReachable(host, inet("10.9.0.1"), 3, 0, 10_000))
                .isTrue();
        assertThat(InterfaceData.isReachable(host, inet("127.0.0.1"), 1, 0, 10_000))
                .isTrue();
        // no address of that family on the interface, and nobody there
        assertThat(InterfaceData.isReachable(host, inet("fd01::2"), 3, 0, 10_000))
                .isFalse();
        assertThat(InterfaceData.isReachable(host, inet("10.1.0.9"), 0, 0, 20)).isFalse();
        // a loopback address must not leave the host
        assertThat(InterfaceData.isReachable(host, inet("10.1.0.2"), 1, 0, 10_000))
                .isFalse();
    }

    @Test
    void the_answer_goes_to_the_address_of_that_interface() throws Exception {
        // peer1 has no way back to the other network's address
        assertThat(InterfaceData.isReachable(host, inet("10.1.0.2"), 3, 0, 20)).isFalse();
    }

    @Test
    void numbers_out_of_range_are_refused() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        assertThatThrownBy(() -> InterfaceData.isReachable(host, loopback, 4, 0, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> InterfaceData.isReachable(host, loopback, 0, -1, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> InterfaceData.isReachable(host, loopback, 0, 0, -1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
