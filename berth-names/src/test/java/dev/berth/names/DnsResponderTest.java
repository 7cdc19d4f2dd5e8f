package dev.berth.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import dev.berth.wire.Bytes;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class DnsResponderTest {
    private static final int TXT = 16;

    private static final NameTable TABLE = NameTable.of(Map.of(
            "web.test", addresses("10.0.0.1", "10.0.0.2", "fd00::1"),
            "old", addresses("10.0.0.9"),
            "many.test",
                    IntStream.range(0, 100)
                            .mapToObj(i -> IpAddress.ofIpv4(0x0a01_0000 + i))
                            .toList()));

    private final DnsResponder responder = DnsResponder.of(TABLE);

    private static List<IpAddress> addresses(String... texts) {
        return Arrays.stream(texts).map(IpAddress::parse).toList();
    }

    private static Messages.Reply ask(DnsResponder responder, byte[] query, boolean stream) {
        byte[] answer = responder.answer(query, 0, query.length, stream);
        assertThat(answer).as("an answer").isNotNull();
        return Messages.read(answer);
    }

    private Messages.Reply ask(String name, int type) {
        return ask(responder, Messages.query(0x1234, name, type), false);
    }

    @Test
    void addresses_are_answered_by_family() {
        Messages.Reply reply = ask("web.test", DnsQuery.A);
        assertThat(reply.id()).isEqualTo(0x1234);
        assertThat(reply.rcode()).isEqualTo(DnsQuery.NOERROR);
        assertThat(reply.is(DnsQuery.QR)).isTrue();
        assertThat(reply.is(DnsQuery.AA)).isTrue();
        assertThat(reply.is(DnsQuery.RD)).isTrue();
        assertThat(reply.is(DnsQuery.TC)).isFalse();
        assertThat(reply.data()).containsExactly("10.0.0.1", "10.0.0.2");
        assertThat(reply.answers()).allMatch(answer -> answer.name().equals("web.test") && answer.timeToLive() == 0);
        assertThat(ask("web.test", DnsQuery.AAAA).data()).containsExactly("fd00::1");
        assertThat(ask("web.test", DnsQuery.ANY).data()).containsExactly("10.0.0.1", "10.0.0.2", "fd00::1");
    }

    @Test
    void the_case_of_the_question_is_kept() {
        Messages.Reply reply = ask("wEb.TesT", DnsQuery.A);
        assertThat(reply.question()).isEqualTo("wEb.TesT");
        assertThat(reply.data()).containsExactly("10.0.0.1", "10.0.0.2");
    }

    @Test
    void names_are_found_by_address() {
        assertThat(ask("1.0.0.10.in-addr.arpa", DnsQuery.PTR).data()).containsExactly("web.test");
        assertThat(ask("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", DnsQuery.PTR)
                        .data())
                .containsExactly("web.test");
        assertThat(ask("1.0.0.127.in-addr.arpa", DnsQuery.PTR).data()).containsExactly("localhost");
        assertThat(ask("7.0.0.10.in-addr.arpa", DnsQuery.PTR).rcode()).isEqualTo(DnsQuery.NXDOMAIN);
    }

    @Test
    void localhost_is_the_loopback_address() {
        assertThat(ask("localhost", DnsQuery.A).data()).containsExactly("127.0.0.1");
        assertThat(ask("app.LOCALHOST", DnsQuery.AAAA).data()).containsExactly("::1");
    }

    @Test
    void a_known_name_without_the_type_is_not_an_error() {
        for (int type : new int[] {DnsQuery.AAAA, TXT, DnsQuery.PTR}) {
            Messages.Reply reply = ask("old", type);
            assertThat(reply.rcode()).isEqualTo(DnsQuery.NOERROR);
            assertThat(reply.answers()).isEmpty();
            assertThat(reply.is(DnsQuery.AA)).isTrue();
        }
    }

    @Test
    void an_unknown_name_does_not_exist_or_is_refused() {
        assertThat(ask("nowhere.test", DnsQuery.A).rcode()).isEqualTo(DnsQuery.NXDOMAIN);
        Messages.Reply refused = ask(responder.refusingOthers(), Messages.query(1, "nowhere.test", DnsQuery.A), false);
        assertThat(refused.rcode()).isEqualTo(DnsQuery.REFUSED);
        assertThat(refused.is(DnsQuery.AA)).isFalse();
    }

    @Test
    void a_long_answer_is_cut_over_udp_and_whole_over_tcp() {
        byte[] query = Messages.query(7, "many.test", DnsQuery.A);
        Messages.Reply cut = ask(responder, query, false);
        assertThat(cut.is(DnsQuery.TC)).isTrue();
        assertThat(cut.answers()).isEmpty();
        Messages.Reply whole = ask(responder, query, true);
        assertThat(whole.is(DnsQuery.TC)).isFalse();
        assertThat(whole.answers()).hasSize(100);
    }

    @Test
    void edns_is_answered_with_edns_and_its_size_is_used_up_to_our_own() {
        NameTable forty =
                NameTable.of(Map.of("forty.test", TABLE.addresses("many.test").subList(0, 40)));
        Messages.Reply plain = ask(DnsResponder.of(forty), Messages.query(1, 0, "forty.test", 1, 0), false);
        assertThat(plain.is(DnsQuery.TC)).isTrue();
        assertThat(plain.edns()).isFalse();
        Messages.Reply large = ask(DnsResponder.of(forty), Messages.query(1, 0, "forty.test", 1, 4096), false);
        assertThat(large.is(DnsQuery.TC)).isFalse();
        assertThat(large.edns()).isTrue();
        assertThat(large.answers()).hasSize(40);
        Messages.Reply tiny = ask(DnsResponder.of(forty), Messages.query(1, 0, "forty.test", 1, 10), false);
        assertThat(tiny.is(DnsQuery.TC)).isTrue();
        assertThat(responder.answer(Messages.query(1, 0, "many.test", 1, 65_535), 0, 37, false))
                .hasSizeLessThanOrEqualTo(DnsResponder.MAX_DATAGRAM);
    }

    @Test
    void another_version_of_edns_is_refused_as_rfc_6891_says() {
        byte[] query = Messages.query(1, 0, "old", DnsQuery.A, 1232);
        query[query.length - 5] = 1;
        Messages.Reply reply = ask(responder, query, false);
        assertThat(reply.extendedRcode() << 4 | reply.rcode()).isEqualTo(DnsQuery.BADVERS);
        assertThat(reply.answers()).isEmpty();
    }

    @Test
    void what_is_no_query_has_no_answer() {
        byte[] query = Messages.query(1, "old", DnsQuery.A);
        assertThat(responder.answer(query, 0, 11, false)).isNull();
        query[2] |= (byte) 0x80;
        assertThat(responder.answer(query, 0, query.length, false)).isNull();
        assertThat(responder.asksUpstream(query, 0, query.length)).isFalse();
    }

    @Test
    void broken_and_unknown_kinds_of_queries_are_told_so() {
        byte[] query = Messages.query(1, "old", DnsQuery.A);
        assertThat(ask(responder, Arrays.copyOf(query, query.length - 1), false).rcode())
                .isEqualTo(DnsQuery.FORMERR);
        byte[] none = query.clone();
        Bytes.put16(none, 4, 0);
        assertThat(ask(responder, none, false).rcode()).isEqualTo(DnsQuery.FORMERR);
        byte[] more = query.clone();
        Bytes.put16(more, 10, 1);
        assertThat(ask(responder, more, false).rcode()).isEqualTo(DnsQuery.FORMERR);
        byte[] status = query.clone();
        status[2] |= 0x10;
        assertThat(ask(responder, status, false).rcode()).isEqualTo(DnsQuery.NOTIMP);
        byte[] chaos = query.clone();
        chaos[query.length - 1] = 3;
        assertThat(ask(responder, chaos, false).rcode()).isEqualTo(DnsQuery.NXDOMAIN);
    }

    @Test
    void others_are_asked_about_what_the_table_does_not_know() {
        byte[][] asked = new byte[1][];
        DnsResponder forwarding = responder.withUpstream(query -> {
            asked[0] = query;
            return ofUpstream(query, 30);
        });
        byte[] query = Messages.query(9, "example.test", DnsQuery.A);
        assertThat(forwarding.asksUpstream(query, 0, query.length)).isTrue();
        assertThat(ask(forwarding, query, false).answers()).hasSize(30 * 16 > 512 ? 0 : 30);
        assertThat(asked[0]).isEqualTo(query);
        byte[] own = Messages.query(9, "old", DnsQuery.A);
        assertThat(forwarding.asksUpstream(own, 0, own.length)).isFalse();
    }

    @Test
    void a_long_answer_of_others_is_cut_over_udp() {
        DnsResponder forwarding = responder.withUpstream(query -> ofUpstream(query, 100));
        byte[] query = Messages.query(9, "example.test", DnsQuery.A);
        Messages.Reply cut = ask(forwarding, query, false);
        assertThat(cut.is(DnsQuery.TC)).isTrue();
        assertThat(cut.answers()).isEmpty();
        assertThat(ask(forwarding, query, true).answers()).hasSize(100);
    }

    private static byte[] ofUpstream(byte[] query, int count) {
        byte[] asked = query.clone();
        NameTable theirs =
                NameTable.of(Map.of("example.test", TABLE.addresses("many.test").subList(0, count)));
        return DnsResponder.of(theirs).answer(asked, 0, asked.length, true);
    }

    @Test
    void an_upstream_that_fails_or_talks_nonsense_is_a_server_failure() {
        byte[] query = Messages.query(9, "example.test", DnsQuery.A);
        byte[] otherId = ofUpstream(Messages.query(10, "example.test", DnsQuery.A), 1);
        List<DnsUpstream> bad =
                List.of(_ -> null, _ -> new byte[5], asked -> asked, _ -> otherId, _ -> new byte[70_000], _ -> {
                    throw new IOException("nobody there");
                });
        for (DnsUpstream upstream : bad) {
            Messages.Reply reply = ask(responder.withUpstream(upstream), query, false);
            assertThat(reply.rcode()).isEqualTo(DnsQuery.SERVFAIL);
            assertThat(reply.question()).isEqualTo("example.test");
        }
    }

    @Test
    void the_time_to_live_can_be_chosen() {
        Messages.Reply reply = ask(responder.withTimeToLive(60), Messages.query(1, "old", 1), false);
        assertThat(reply.answers().getFirst().timeToLive()).isEqualTo(60);
        assertThatThrownBy(() -> responder.withTimeToLive(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void no_octets_make_it_fail() {
        Seeds.run(30_000, random -> {
            byte[] query = random.nextBoolean() ? damaged(random) : noise(random);
            byte[] copy = query.clone();
            boolean stream = random.nextBoolean();
            byte[] answer = responder.answer(query, 0, query.length, stream);
            assertThat(query).as("the query is left as it is").isEqualTo(copy);
            if (answer != null) {
                assertThat(answer.length).isBetween(DnsQuery.HEADER, stream ? 65_535 : DnsResponder.MAX_DATAGRAM);
                assertThat(Bytes.u16(answer, 0)).isEqualTo(Bytes.u16(query, 0));
                assertThat(Bytes.u16(answer, 2) & DnsQuery.QR).isNotZero();
                assertThat(responder.answer(answer, 0, answer.length, stream))
                        .as("an answer to an answer")
                        .isNull();
            }
        });
    }

    private static byte[] damaged(SplittableRandom random) {
        String[] names = {"web.test", "old", "many.test", "1.0.0.10.in-addr.arpa", "x.localhost", "nowhere"};
        byte[] query = Messages.query(
                random.nextInt(65_536), 0, names[random.nextInt(names.length)], 1, random.nextInt(2) * 1_232);
        for (int changes = random.nextInt(4); changes > 0; changes--) {
            query[random.nextInt(query.length)] = (byte) random.nextInt();
        }
        return Arrays.copyOf(query, random.nextInt(4) == 0 ? random.nextInt(query.length + 20) : query.length);
    }

    private static byte[] noise(SplittableRandom random) {
        byte[] query = new byte[random.nextInt(600)];
        random.nextBytes(query);
        return query;
    }
}
