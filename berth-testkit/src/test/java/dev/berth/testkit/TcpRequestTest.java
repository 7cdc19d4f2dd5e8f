package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.ports.PortBinding;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.icmp.Unreachable;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.tcp.TcpRequest;
import dev.berth.stack.tcp.TcpRequests;
import dev.berth.stack.tcp.TcpState;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Listeners that ask before they answer a SYN.
class TcpRequestTest {
    private static final int LIMIT = 3;
    private static final long PATIENCE = 20 * Pair.SECOND;

    private final Pair pair = new Pair(7);
    private final TcpRequests requests = pair.server.tcp().requests();
    private final TcpListener listener = pair.listen(80);

    TcpRequestTest() {
        requests.require(listener, LIMIT, PATIENCE);
    }

    private TcpRequest request() {
        pair.wire.pump();
        pair.wire.run(Pair.SECOND / 10);
        return Objects.requireNonNull(requests.poll(listener), "a request");
    }

    private void settle() {
        pair.wire.pump();
        pair.wire.run(Pair.SECOND / 10);
    }

    private int flows() {
        return pair.server.tcp().ports().flowCount();
    }

    @Test
    void a_syn_is_answered_when_it_is_admitted_and_its_repetitions_are_no_requests() {
        Tcb client = pair.connect(Pair.SERVER, 80);
        TcpRequest request = request();
        pair.wire.run(8 * Pair.SECOND);
        assertThat(client.state()).isEqualTo(TcpState.SYN_SENT);
        assertThat(requests.poll(listener)).isNull();
        assertThat(request.local()).isEqualTo(new Endpoint(Pair.SERVER, 80));
        assertThat(request.remote()).isEqualTo(client.local());
        assertThat(listener.waiting()).isZero();

        Tcb server = Objects.requireNonNull(requests.admit(request, null, pair.wire.now()));
        assertThat(server.state()).isEqualTo(TcpState.SYN_RECEIVED);
        settle();
        assertThat(client.state()).isEqualTo(TcpState.ESTABLISHED);
        assertThat(server.state()).isEqualTo(TcpState.ESTABLISHED);
        pair.transfer(pair.client, client, pair.server, server, 300_000, 30);
        pair.transfer(pair.server, server, pair.client, client, 300_000, 30);
        assertThat(requests.admit(request, null, pair.wire.now())).isNull();
        assertThat(requests.refuse(request, pair.wire.now())).isFalse();
    }

    @Test
    void a_refused_one_gets_a_reset() {
        Tcb client = pair.connect(Pair.SERVER6, 80);
        assertThat(requests.refuse(request(), pair.wire.now())).isTrue();
        settle();
        assertThat(client.error()).isEqualTo(TcpError.REFUSED);
        assertThat(flows()).isZero();
        assertThat(pair.server.timers()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Unreachable.class)
    void an_unreachable_one_gets_an_icmp_error(Unreachable what) {
        Tcb client = pair.connect(what.ordinal() % 2 == 0 ? Pair.SERVER : Pair.SERVER6, 80);
        assertThat(pair.server.unreachable(request(), what, pair.wire.now())).isTrue();
        settle();
        assertThat(pair.client.icmp().errorsReceived()).isEqualTo(1);
        assertThat(client.error())
                .isEqualTo(
                        switch (what) {
                            case NETWORK -> TcpError.NO_ROUTE;
                            case HOST, PROHIBITED -> TcpError.UNREACHABLE;
                            case PORT -> TcpError.REFUSED;
                        });
        assertThat(flows()).isZero();
    }

    @Test
    void an_ignored_one_comes_again() {
        Tcb client = pair.connect(Pair.SERVER, 80);
        TcpRequest first = request();
        assertThat(requests.ignore(first)).isNotNegative();
        assertThat(first.isPending()).isFalse();
        pair.wire.run(2 * Pair.SECOND);
        TcpRequest second = request();
        assertThat(second.remote()).isEqualTo(first.remote());
        requests.admit(second, null, pair.wire.now());
        settle();
        assertThat(client.state()).isEqualTo(TcpState.ESTABLISHED);
    }

    @Test
    void no_more_wait_than_may_and_no_cookie_answers_the_others() {
        for (int i = 0; i < 80; i++) {
            pair.connect(Pair.SERVER, 80);
        }
        settle();
        assertThat(flows()).isEqualTo(LIMIT);
        assertThat(pair.server.drops().total(DropReason.BACKLOG_FULL)).isEqualTo(80 - LIMIT);
        assertThat(pair.server.tcp().synCookiesSent()).isZero();
        requests.refuse(request(), pair.wire.now());
        pair.wire.run(4 * Pair.SECOND);
        assertThat(flows()).isEqualTo(LIMIT);
    }

    @Test
    void one_that_is_not_decided_is_forgotten() {
        pair.connect(Pair.SERVER, 80);
        TcpRequest request = request();
        pair.wire.run(PATIENCE);
        assertThat(request.isPending()).isFalse();
        assertThat(requests.admit(request, null, pair.wire.now())).isNull();
        assertThat(pair.server.unreachable(request, Unreachable.HOST, pair.wire.now()))
                .isFalse();
        assertThat(flows()).isZero();
        pair.wire.run(30 * Pair.SECOND);
        assertThat(requests.poll(listener)).as("the SYN again").isNotNull();
    }

    @Test
    void a_listener_that_closes_refuses_those_that_wait() {
        Tcb seen = pair.connect(Pair.SERVER, 80);
        TcpRequest request = request();
        Tcb unseen = pair.connect(Pair.SERVER, 80);
        settle();
        pair.unlisten(listener);
        settle();
        assertThat(seen.error()).isEqualTo(TcpError.REFUSED);
        assertThat(unseen.error()).isEqualTo(TcpError.REFUSED);
        assertThat(request.isPending()).isFalse();
        assertThat(flows()).isZero();
        assertThat(pair.server.buffersInUse()).isZero();
    }

    @Test
    void a_listener_on_every_port_gets_what_no_other_has() throws PortUnavailableException {
        PortBinding<TcpListener> rest = pair.server.tcp().ports().bindEveryPort("gateway", pair.wire.now());
        TcpListener all = pair.server.tcp().listen(rest, 5, TcpConfig.DEFAULT);
        Tcb specific = pair.connect(Pair.SERVER, 80);
        Tcb other = pair.connect(Pair.SERVER, 81);
        settle();
        assertThat(specific.state()).isEqualTo(TcpState.SYN_SENT);
        assertThat(other.state()).isEqualTo(TcpState.ESTABLISHED);
        Tcb accepted = pair.accept(all, 1);
        assertThat(accepted.localPort()).isEqualTo(81);
        pair.unlisten(all);
        pair.server.tcp().abort(accepted, pair.wire.now());
        settle();
        assertThat(other.error()).isEqualTo(TcpError.RESET);
        assertThat(rest.flowCount()).isZero();
        Tcb refused = pair.connect(Pair.SERVER, 82);
        settle();
        assertThat(refused.error()).isEqualTo(TcpError.REFUSED);
    }
}
