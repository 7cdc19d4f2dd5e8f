package dev.berth.stack.icmp;

import static dev.berth.stack.script.Frames.data;
import static dev.berth.stack.script.Frames.icmp;
import static dev.berth.stack.script.Frames.icmpMessage;
import static dev.berth.stack.script.Frames.slice;
import static dev.berth.stack.script.Frames.u16;
import static dev.berth.stack.script.Frames.u8;
import static dev.berth.stack.script.ScriptHost.A;
import static dev.berth.stack.script.ScriptHost.A6;
import static dev.berth.stack.script.ScriptHost.B;
import static dev.berth.stack.script.ScriptHost.FAR;
import static dev.berth.stack.script.ScriptHost.PEER;
import static dev.berth.stack.script.ScriptHost.PEER6;
import static dev.berth.stack.script.ScriptHost.hi;
import static dev.berth.stack.script.ScriptHost.lo;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.script.Frames;
import dev.berth.stack.script.ScriptHost;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Echo requests of this host, RFC 1122 section 3.2.2.6 and RFC 4443 section 4.
class EchoClientTest {
    private final ScriptHost host = new ScriptHost();
    private final EchoClient echo = host.icmp.echo();
    private final EchoEndpoint endpoint = opened();

    @AfterEach
    void nothing_leaks() {
        echo.close(endpoint);
        host.close();
    }

    private EchoEndpoint opened() {
        EchoEndpoint made = echo.open();
        assertThat(made).isNotNull();
        return made;
    }

    private int send(EchoEndpoint from, String to, int length) {
        return echo.send(from, hi(to), lo(to), length, 0, host.now);
    }

    /// The reply that a well-behaved host gives to `request`.
    private static byte[] reply(byte[] request) {
        boolean v4 = request[0] >>> 4 == 4;
        int at = v4 ? 20 : 40;
        byte[] body = slice(request, at + 8, request.length);
        int rest = Frames.i32(request, at + 4);
        return v4 ? icmp(PEER, A, 0, 0, rest, body) : icmp(PEER6, A6, 129, 0, rest, body);
    }

    @Requirement("1122-047")
    @ParameterizedTest
    @CsvSource({
        "10.0.0.99, 0",
        "10.0.0.99, 1",
        "10.0.0.99, 56",
        "10.0.0.99, 1472",
        "2001:db8::99, 0",
        "2001:db8::99, 57",
        "2001:db8::99, 1452"
    })
    void a_request_is_sent_and_its_reply_is_told(String peer, int length) {
        boolean v4 = peer.equals(PEER);
        int sequence = echo.send(endpoint, hi(peer), lo(peer), length, 17, host.now);
        assertThat(sequence).isZero();
        byte[] request = host.sentOne();
        int at = v4 ? 20 : 40;
        assertThat(request).hasSize(at + 8 + length);
        assertThat(u8(request, v4 ? 8 : 7)).as("hops").isEqualTo(17);
        assertThat(u16(request, at)).isEqualTo((v4 ? 8 : 128) << 8);
        assertThat(u16(request, at + 4)).isEqualTo(endpoint.identifier());
        assertThat(u16(request, at + 6)).isZero();
        byte[] message = slice(request, at, request.length);
        assertThat(v4 ? Frames.checksum(message) : Frames.transportChecksum(A6, PEER6, 58, message))
                .isZero();
        assertThat(endpoint.readiness()).isEqualTo(Readiness.WRITABLE);
        host.now += 12_345_678;
        host.receive(reply(request));
        assertThat(endpoint.readiness()).isEqualTo(Readiness.READABLE | Readiness.WRITABLE);
        EchoReply told = endpoint.poll();
        assertThat(told).isEqualTo(new EchoReply(0, IpAddress.parse(peer), 64, length, 12_345_678, null));
        assertThat(endpoint.poll()).isNull();
        host.droppedNothing();
    }

    @Requirement("1122-050")
    @Test
    void every_user_gets_the_replies_to_its_own_requests() {
        List<EchoEndpoint> users = new ArrayList<>(List.of(endpoint));
        Set<Integer> identifiers = new HashSet<>(Set.of(endpoint.identifier()));
        for (int i = 0; i < 20; i++) {
            EchoEndpoint user = opened();
            users.add(user);
            identifiers.add(user.identifier());
        }
        assertThat(identifiers).hasSize(21);
        for (int round = 0; round < 3; round++) {
            for (EchoEndpoint user : users) {
                assertThat(send(user, PEER, 32)).isEqualTo(round);
            }
        }
        List<byte[]> requests = host.sent();
        for (int i = requests.size() - 1; i >= 0; i--) {
            host.receive(reply(requests.get(i)));
        }
        for (EchoEndpoint user : users) {
            for (int round = 2; round >= 0; round--) {
                EchoReply told = user.poll();
                assertThat(told).isNotNull();
                assertThat(told.sequence()).isEqualTo(round);
            }
            assertThat(user.poll()).isNull();
            echo.close(user);
        }
        assertThat(echo.users()).isZero();
        host.droppedNothing();
    }

    @Test
    void a_second_reply_and_one_that_nobody_asked_for_are_ignored() {
        send(endpoint, PEER, 16);
        byte[] right = reply(host.sentOne());
        byte[] body = slice(right, 28, right.length);
        int rest = Frames.i32(right, 24);
        host.receive(
                icmp(PEER, A, 0, 0, rest ^ 0x1_0000, body), // another identifier
                icmp(PEER, A, 0, 0, rest ^ 1, body), // another number
                icmp(FAR, A, 0, 0, rest, body), // from somebody else
                icmp(PEER, A, 0, 0, rest, data(16)), // other data
                icmp(PEER, A, 0, 0, rest, slice(body, 0, 15)),
                icmp(PEER, A, 0, 0, rest, new byte[0]));
        assertThat(endpoint.poll()).isNull();
        host.receive(right);
        assertThat(endpoint.poll()).isNotNull();
        host.receive(right);
        assertThat(endpoint.poll()).isNull();
        assertThat(host.drops.total(DropReason.ICMP_IGNORED)).isEqualTo(7);
    }

    @Requirement("1122-050")
    @ParameterizedTest
    @CsvSource({"3, 1, HOST_UNREACHABLE", "3, 13, PROHIBITED", "11, 0, TIME_EXCEEDED", "3, 4, PACKET_TOO_BIG"})
    void an_error_about_a_request_is_told_with_who_sent_it(int type, int code, IcmpError.Kind kind) {
        send(endpoint, PEER, 8);
        byte[] request = host.sentOne();
        host.now += 5;
        host.receive(icmp(FAR, A, type, code, 0, slice(request, 0, 28)));
        EchoReply told = endpoint.poll();
        assertThat(told).isEqualTo(new EchoReply(0, IpAddress.parse(FAR), 64, 8, 5, kind));
        host.receive(icmp(FAR, A, type, code, 0, slice(request, 0, 28)));
        assertThat(endpoint.poll()).isNull();
        host.droppedOnly(DropReason.ICMP_IGNORED);
    }

    @Test
    void an_error_over_ipv6_is_told_too() {
        send(endpoint, PEER6, 8);
        host.receive(icmp(PEER6, A6, 3, 0, 0, host.sentOne()));
        EchoReply told = endpoint.poll();
        assertThat(told).isNotNull();
        assertThat(told.error()).isEqualTo(IcmpError.Kind.TIME_EXCEEDED);
    }

    @Test
    void errors_about_what_was_not_asked_are_ignored() {
        send(endpoint, PEER, 8);
        byte[] request = host.sentOne();
        byte[] other = request.clone();
        other[25] ^= 1; // the identifier
        byte[] answer = request.clone();
        answer[20] = 0; // quotes a reply
        byte[] elsewhere = request.clone();
        elsewhere[19] ^= 1; // the destination
        host.receive(
                icmp(FAR, A, 11, 0, 0, other),
                icmp(FAR, A, 11, 0, 0, answer),
                icmp(FAR, A, 11, 0, 0, elsewhere),
                icmp(FAR, B, 11, 0, 0, request),
                icmp(FAR, A, 11, 0, 0, slice(request, 0, 27)));
        assertThat(endpoint.poll()).isNull();
        assertThat(host.drops.total(DropReason.ICMP_IGNORED)).isEqualTo(5);
    }

    @Test
    void large_requests_are_fragmented_and_their_replies_come_together() {
        send(endpoint, PEER, 20_000);
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        for (byte[] fragment : host.sent()) {
            message.write(fragment, 20, fragment.length - 20);
        }
        byte[] request = message.toByteArray();
        byte[] answer = icmpMessage(PEER, A, 0, 0, Frames.i32(request, 4), slice(request, 8, request.length));
        for (int at = 0; at < answer.length; at += 1_400) {
            int end = Math.min(answer.length, at + 1_400);
            int more = end < answer.length ? Frames.MORE : 0;
            host.receive(Frames.ipv4(PEER, A, 1, slice(answer, at, end), 5, at / 8 | more, new byte[0]));
        }
        EchoReply told = endpoint.poll();
        assertThat(told).isNotNull();
        assertThat(told.length()).isEqualTo(20_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {A, B, "127.0.0.1", A6, "::1"})
    void the_host_answers_itself(String self) {
        assertThat(send(endpoint, self, 100)).isZero();
        host.loop();
        host.sentNothing();
        EchoReply told = endpoint.poll();
        assertThat(told).isNotNull();
        assertThat(told.source()).isEqualTo(IpAddress.parse(self));
        assertThat(told.error()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"224.0.0.1", "255.255.255.255", "10.0.0.255", "0.0.0.0", "::", "ff02::1"})
    void many_are_not_asked(String destination) {
        assertThat(send(endpoint, destination, 8)).isEqualTo(EchoClient.NO_ROUTE);
        host.sentNothing();
    }

    @Test
    void what_cannot_be_sent_is_said() {
        assertThat(send(endpoint, PEER, 65_508)).isEqualTo(EchoClient.TOO_LONG);
        assertThat(send(endpoint, PEER6, 65_528)).isEqualTo(EchoClient.TOO_LONG);
        assertThat(send(endpoint, PEER, -1)).isEqualTo(EchoClient.TOO_LONG);
        assertThat(send(endpoint, PEER, 65_507)).isZero();
        host.sent();
        host.nic.egressLimit(0);
        assertThat(send(endpoint, PEER, 8)).isEqualTo(EchoClient.NOT_SENT);
        host.nic.egressLimit(10);
        host.routes.remove(IpAddress.Prefix.parse("0.0.0.0/0"), host.nic);
        assertThat(send(endpoint, FAR, 8)).isEqualTo(EchoClient.NO_ROUTE);
    }

    @Test
    void a_user_who_never_looks_costs_no_more_than_its_share() {
        List<byte[]> requests = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            assertThat(send(endpoint, PEER, 8)).isEqualTo(i);
            byte[] request = host.sentOne();
            requests.add(request);
            host.receive(reply(request));
        }
        assertThat(host.drops.total(DropReason.RECEIVE_BUFFER_FULL)).isEqualTo(200 - EchoEndpoint.OUTSTANDING);
        for (int i = 0; i < EchoEndpoint.OUTSTANDING; i++) {
            EchoReply told = endpoint.poll();
            assertThat(told).isNotNull();
            assertThat(told.sequence()).isEqualTo(i);
        }
        assertThat(endpoint.poll()).isNull();
        host.receive(reply(requests.get(100))); // too old to be remembered
        assertThat(endpoint.poll()).isNull();
        assertThat(host.drops.total(DropReason.ICMP_IGNORED)).isEqualTo(1);
    }

    @Test
    void numbers_wrap_around_and_identifiers_run_out() {
        endpoint.nextSequence = 65_535;
        assertThat(send(endpoint, PEER, 0)).isEqualTo(65_535);
        assertThat(send(endpoint, PEER, 0)).isZero();
        for (byte[] request : host.sent()) {
            host.receive(reply(request));
            assertThat(endpoint.poll()).isNotNull();
        }
        List<EchoEndpoint> users = new ArrayList<>();
        for (int i = 1; i < 65_536; i++) {
            users.add(opened());
        }
        assertThat(echo.open()).isNull();
        EchoEndpoint last = users.removeLast();
        echo.close(last);
        echo.close(last);
        assertThat(opened().identifier()).isEqualTo(last.identifier());
    }

    @Test
    void after_the_close_nobody_is_told() {
        send(endpoint, PEER, 8);
        byte[] request = host.sentOne();
        echo.close(endpoint);
        host.receive(reply(request));
        assertThat(endpoint.poll()).isNull();
        host.droppedOnly(DropReason.ICMP_IGNORED);
    }
}
