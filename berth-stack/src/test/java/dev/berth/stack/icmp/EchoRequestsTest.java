package dev.berth.stack.icmp;

import static dev.berth.stack.script.Frames.data;
import static dev.berth.stack.script.Frames.icmp;
import static dev.berth.stack.script.Frames.icmpMessage;
import static dev.berth.stack.script.Frames.slice;
import static dev.berth.stack.script.Frames.u8;
import static dev.berth.stack.script.ScriptHost.A;
import static dev.berth.stack.script.ScriptHost.PEER;
import static dev.berth.stack.script.ScriptHost.PEER6;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.script.Frames;
import dev.berth.stack.script.ScriptHost;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Echo requests to addresses that a host owns by a prefix, as a gateway has them: RFC 5508 section 3.
class EchoRequestsTest {
    private static final String OUTSIDE = "192.0.2.7";
    private static final String OUTSIDE6 = "2001:db8:7::7";

    private final ScriptHost host = new ScriptHost();
    private final EchoRequests requests = host.icmp.requests();

    EchoRequestsTest() {
        host.addresses.addLocalPrefix(IpAddress.Prefix.parse("192.0.2.0/24"));
        host.addresses.addLocalPrefix(IpAddress.Prefix.parse("2001:db8:7::/48"));
    }

    @AfterEach
    void nothing_leaks() {
        requests.close();
        host.close();
    }

    @Test
    void the_host_answers_until_somebody_takes_them() {
        host.receive(icmp(PEER, OUTSIDE, 8, 0, 7, data(4)));
        assertThat(slice(host.sentOne(), 20, 32)).isEqualTo(icmpMessage(OUTSIDE, PEER, 0, 0, 7, data(4)));
        assertThat(requests.open()).isTrue();
        assertThat(requests.open()).isFalse();
        host.receive(icmp(PEER, OUTSIDE, 8, 0, 7, data(4)));
        assertThat(host.sent()).isEmpty();
        host.receive(icmp(PEER, A, 8, 0, 7, data(4)));
        assertThat(u8(host.sentOne(), 20)).as("a reply for its own address").isZero();
        assertThat(requests.readiness()).isEqualTo(Readiness.READABLE);
        requests.close();
        assertThat(requests.poll()).isNull();
        host.droppedNothing();
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.99, 192.0.2.7, 0", "10.0.0.99, 192.0.2.7, 1472", "2001:db8::99, 2001:db8:7::7, 1452"})
    void a_request_is_taken_and_replied_to_from_the_address_that_was_asked(String from, String to, int length) {
        boolean v6 = to.equals(OUTSIDE6);
        requests.open();
        host.receive(icmp(from, to, v6 ? 128 : 8, 0, 0x1234_0005, data(length)));
        EchoRequest request = requests.poll();
        assertThat(request).isNotNull();
        assertThat(request.source()).isEqualTo(IpAddress.parse(from));
        assertThat(request.destination()).isEqualTo(IpAddress.parse(to));
        assertThat(request.identifier()).isEqualTo(0x1234);
        assertThat(request.sequence()).isEqualTo(5);
        assertThat(request.timeToLive()).isEqualTo(64);
        assertThat(request.data()).isEqualTo(data(length));
        assertThat(requests.poll()).isNull();
        assertThat(requests.readiness()).isZero();
        assertThat(host.icmp.sendEchoReply(request, host.now)).isTrue();
        byte[] reply = host.sentOne();
        assertThat(slice(reply, v6 ? 40 : 20, reply.length))
                .isEqualTo(icmpMessage(to, from, v6 ? 129 : 0, 0, 0x1234_0005, data(length)));
        host.droppedNothing();
    }

    @Test
    void requests_and_octets_that_wait_are_bounded() {
        requests.open();
        for (int i = 0; i < EchoRequests.LIMIT + 3; i++) {
            host.receive(icmp(PEER, OUTSIDE, 8, 0, i, data(1)));
        }
        assertThat(host.drops.total(DropReason.RECEIVE_BUFFER_FULL)).isEqualTo(3);
        for (int i = 0; i < EchoRequests.LIMIT; i++) {
            EchoRequest request = requests.poll();
            assertThat(request).isNotNull();
            assertThat(request.sequence()).isEqualTo(i);
        }
        assertThat(requests.poll()).isNull();
        int fit = EchoRequests.LIMIT_OCTETS / 1_400;
        for (int i = 0; i < fit + 1; i++) {
            host.receive(icmp(PEER, OUTSIDE, 8, 0, i, data(1_400)));
        }
        assertThat(host.drops.total(DropReason.RECEIVE_BUFFER_FULL)).isEqualTo(4);
        assertThat(requests.poll()).isNotNull();
        host.receive(icmp(PEER, OUTSIDE, 8, 0, 9, data(1_400)));
        assertThat(host.drops.total(DropReason.RECEIVE_BUFFER_FULL)).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource({
        "NET_UNREACHABLE, 3, 0, 1, 0", "HOST_UNREACHABLE, 3, 1, 1, 3", "PROTOCOL_UNREACHABLE, 3, 2, 4, 1",
        "PORT_UNREACHABLE, 3, 3, 1, 4", "PACKET_TOO_BIG, 3, 4, 2, 0", "PROHIBITED, 3, 13, 1, 1",
        "TIME_EXCEEDED, 11, 0, 3, 0", "PARAMETER_PROBLEM, 12, 0, 4, 0"
    })
    void an_error_quotes_the_request_and_comes_from_whom_it_names(
            IcmpError.Kind kind, int type, int code, int type6, int code6) {
        int mtu = kind == IcmpError.Kind.PACKET_TOO_BIG ? 1_400 : 0;
        IcmpReport report = new IcmpReport(kind, mtu, IpAddress.parse("192.0.2.254"));
        Endpoint from = new Endpoint(IpAddress.parse(PEER), 0x1234);
        Endpoint to = new Endpoint(IpAddress.parse(OUTSIDE), 0);
        assertThat(host.icmp.sendReport(report, IpProtocol.ICMP, from, to, 5, host.now))
                .isTrue();
        byte[] error = host.sentOne();
        assertThat(slice(error, 12, 16)).isEqualTo(Frames.octets("192.0.2.254"));
        assertThat(u8(error, 20)).isEqualTo(type);
        assertThat(u8(error, 21)).isEqualTo(code);
        assertThat(Frames.i32(error, 24)).isEqualTo(mtu);
        assertThat(slice(error, 40, 48)).isEqualTo(Frames.concat(Frames.octets(PEER), Frames.octets(OUTSIDE)));
        assertThat(u8(error, 48)).isEqualTo(8);
        assertThat(Frames.i32(error, 52)).isEqualTo(0x1234_0005);

        Endpoint from6 = new Endpoint(IpAddress.parse(PEER6), 0x1234);
        Endpoint to6 = new Endpoint(IpAddress.parse(OUTSIDE6), 0);
        assertThat(host.icmp.sendReport(report, IpProtocol.ICMP, from6, to6, 5, host.now))
                .isTrue();
        byte[] error6 = host.sentOne();
        assertThat(slice(error6, 8, 24)).as("not of its family").isEqualTo(Frames.octets(OUTSIDE6));
        assertThat(u8(error6, 40)).isEqualTo(type6);
        assertThat(u8(error6, 41)).isEqualTo(code6);
        assertThat(u8(error6, 88)).isEqualTo(128);
        assertThat(Frames.i32(error6, 92)).isEqualTo(0x1234_0005);
    }

    @Test
    void errors_to_addresses_of_a_local_prefix_are_limited_too() {
        IcmpReport report = IcmpReport.of(IcmpError.Kind.PORT_UNREACHABLE);
        host.addresses.addLocalPrefix(IpAddress.Prefix.parse("0.0.0.0/0"));
        Endpoint from = new Endpoint(IpAddress.parse(PEER), 5_000);
        Endpoint to = new Endpoint(IpAddress.parse(OUTSIDE), 53);
        for (int i = 0; i < RateLimit.DESTINATION_BURST + 1; i++) {
            host.icmp.sendReport(report, IpProtocol.UDP, from, to, 0, host.now);
        }
        assertThat(host.sent()).hasSize(RateLimit.DESTINATION_BURST);
        host.droppedOnly(DropReason.RATE_LIMITED);
    }
}
