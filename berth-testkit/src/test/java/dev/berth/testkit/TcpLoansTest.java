package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.tcp.Loans;
import dev.berth.stack.tcp.ReceivedView;
import dev.berth.stack.tcp.SendSpace;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.Tcp;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpError;
import dev.berth.stack.tcp.TcpListener;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Sending and receiving without a copy, between whose two steps anything may happen.
class TcpLoansTest {
    private static final int LARGE = 65_536;

    private Pair pair = new Pair(1);
    private TcpListener listener = pair.listen(80);
    private Tcb near = pair.connect(Pair.SERVER, 80);
    private Tcb far = pair.accept(listener, 1);
    private final SendSpace space = new SendSpace();
    private final ReceivedView view = new ReceivedView();
    private int written;
    private int read;

    /// Another pair than the one that every test begins with.
    private void begin(Pair other) {
        end();
        pair = other;
        listener = pair.listen(80);
        near = pair.connect(Pair.SERVER, 80);
        far = pair.accept(listener, 600);
        written = 0;
        read = 0;
    }

    @AfterEach
    void end() {
        pair.client.tcp().abort(near, pair.wire.now());
        pair.server.tcp().abort(far, pair.wire.now());
        pair.unlisten(listener);
        pair.wire.heal();
        pair.wire.run(400 * Pair.SECOND);
        pair.assertNothingLeft();
        assertThat(pair.client.tcp().memory()).isZero();
        assertThat(pair.server.tcp().memory()).isZero();
    }

    private Loans sending() {
        return pair.client.tcp().loans();
    }

    private Loans receiving() {
        return pair.server.tcp().loans();
    }

    private void fill(int count) {
        assertThat(count).isLessThanOrEqualTo(space.length());
        for (int i = 0; i < count; i++) {
            space.bytes()[space.from() + i] = Pair.pattern(written++);
        }
    }

    private int append(int count) {
        fill(count);
        return sending().append(near, space, count);
    }

    private void check(byte[] bytes, int from, int length) {
        for (int i = 0; i < length; i++) {
            if (bytes[from + i] != Pair.pattern(read++)) {
                throw new AssertionError("Octet " + (read - 1) + " is wrong");
            }
        }
    }

    private void readRest() {
        assertThat(pair.wire.runUntil(
                        () -> {
                            pair.server.tcp().receive(far, this::check, 1 << 20);
                            return read == written;
                        },
                        600 * Pair.SECOND))
                .isTrue();
    }

    @Test
    void what_is_filled_arrives() {
        assertThat(sending().lend(near, space, LARGE)).isBetween(32_768, LARGE);
        assertThat(append(30_000)).isEqualTo(30_000);
        assertThat(space.isLent()).isFalse();
        readRest();
    }

    @Test
    void a_second_loan_goes_on_where_the_first_ended() {
        int room = sending().lend(near, space, LARGE);
        byte[] first = space.bytes();
        int from = space.from();
        append(10_000);
        assertThat(sending().lend(near, space, LARGE)).isBetween(room - 10_000 - 1_460, room - 10_000);
        assertThat(space.bytes()).isSameAs(first);
        assertThat(space.from()).isEqualTo(from + 10_000);
        append(5_000);
        readRest();
    }

    @Test
    void a_few_octets_do_not_hold_a_large_chunk() {
        sending().lend(near, space, LARGE);
        append(2_000);
        assertThat(pair.client.tcp().memory()).isBetween(2_000L, 4_096L);
        readRest();
    }

    @Test
    void a_loan_that_is_given_back_leaves_nothing() {
        sending().lend(near, space, LARGE);
        assertThat(pair.client.tcp().memory()).isPositive();
        assertThat(sending().append(near, space, 0)).isZero();
        assertThat(space.isLent()).isFalse();
        assertThat(pair.client.tcp().memory()).isZero();
        pair.transfer(pair.client, near, pair.server, far, 100_000, 10);
    }

    @Test
    void there_is_no_room_while_the_buffer_is_full() {
        int room;
        while ((room = sending().lend(near, space, LARGE)) > 0) {
            append(room);
        }
        assertThat(room).isZero();
        assertThat(space.isLent()).isFalse();
        readRest();
        assertThat(sending().lend(near, space, 1)).isEqualTo(1);
        append(1);
        readRest();
    }

    @Test
    void what_others_write_meanwhile_does_not_touch_the_loan() {
        SendSpace second = new SendSpace();
        sending().lend(near, space, LARGE);
        append(20_000);
        readRest();
        sending().lend(near, space, 30_000);
        append(3_000);
        int room = sending().lend(near, space, 30_000); // of the chunk that is queued
        byte[] ordinary = new byte[3_000];
        for (int i = 0; i < ordinary.length; i++) {
            ordinary[i] = Pair.pattern(written++);
        }
        ByteSource source = (bytes, at, count) -> System.arraycopy(ordinary, 0, bytes, at, count);
        assertThat(pair.client.tcp().send(near, source, ordinary.length)).isEqualTo(ordinary.length);
        assertThat(sending().lend(near, second, 30_000)).isPositive();
        append(room);
        assertThat(sending().append(near, second, 0)).isZero();
        readRest();
    }

    @Test
    void a_loan_of_a_chunk_that_was_acknowledged_meanwhile_goes_on() {
        sending().lend(near, space, LARGE);
        append(20_000);
        sending().lend(near, space, 10_000);
        fill(10_000);
        pair.wire.run(Pair.SECOND);
        assertThat(near.unacknowledged()).isZero();
        assertThat(sending().append(near, space, 10_000)).isEqualTo(10_000);
        readRest();
    }

    @Test
    void a_reset_takes_neither_loan_nor_view_away() {
        sending().lend(near, space, LARGE);
        append(20_000);
        pair.wire.run(Pair.SECOND);
        int there = receiving().view(far, view, LARGE);
        sending().lend(near, space, LARGE);
        pair.server.tcp().abort(far, pair.wire.now());
        pair.wire.run(Pair.SECOND);
        assertThat(near.error()).isEqualTo(TcpError.RESET);
        assertThat(append(10_000)).isEqualTo(Tcp.NOT_OPEN);
        assertThat(space.isLent()).isFalse();
        assertThat(sending().lend(near, space, LARGE)).isEqualTo(Tcp.NOT_OPEN);
        assertThat(there).isEqualTo(20_000);
        int total = 0;
        for (int i = 0; i < view.count(); i++) {
            check(view.bytes(i), view.from(i), view.length(i));
            total += view.length(i);
        }
        assertThat(total).isEqualTo(20_000);
        receiving().consume(far, view, there);
        assertThat(view.count()).isZero();
        assertThat(receiving().view(far, view, LARGE)).isEqualTo(Tcp.NOT_OPEN);
    }

    @Test
    void the_window_opens_for_what_is_consumed_only() {
        int room;
        while ((room = sending().lend(near, space, LARGE)) > 0) {
            append(room);
            pair.wire.run(Pair.SECOND / 10);
        }
        int held = far.readable();
        assertThat(receiving().view(far, view, 1 << 20)).isEqualTo(Math.min(held, view.length()));
        receiving().consume(far, view, 0);
        pair.wire.run(Pair.SECOND);
        assertThat(far.readable()).isBetween(held, held + 20); // probes of the closed window bring an octet each
        held = far.readable();
        receiving().view(far, view, 100);
        assertThat(view.length()).isEqualTo(100);
        check(view.bytes(0), view.from(0), 60);
        receiving().consume(far, view, 60);
        assertThat(far.readable()).isEqualTo(held - 60);
        readRest();
    }

    @Test
    void the_end_of_the_stream_is_told_as_by_a_read() {
        assertThat(receiving().view(far, view, 1)).isZero();
        sending().lend(near, space, LARGE);
        append(100);
        pair.client.tcp().shutdownOutput(near);
        assertThat(sending().lend(near, space, LARGE)).isEqualTo(Tcp.NOT_OPEN);
        pair.wire.run(Pair.SECOND);
        assertThat(receiving().view(far, view, LARGE)).isEqualTo(100);
        receiving().consume(far, view, 100);
        assertThat(receiving().view(far, view, LARGE)).isEqualTo(Tcp.END_OF_STREAM);
    }

    @Test
    void a_view_ends_before_the_urgent_octet_and_is_not_changed_by_one_that_comes() {
        ByteSource source = (bytes, at, count) -> fill(bytes, at, count);
        pair.client.tcp().send(near, source, 100);
        pair.wire.run(Pair.SECOND);
        assertThat(receiving().view(far, view, LARGE)).isEqualTo(100);
        pair.client.tcp().sendUrgent(near, source, 50);
        pair.client.tcp().send(near, source, 10);
        pair.wire.run(Pair.SECOND);
        check(view.bytes(0), view.from(0), 100);
        receiving().consume(far, view, 100);
        assertThat(receiving().view(far, view, LARGE)).isEqualTo(49);
        check(view.bytes(0), view.from(0), 49);
        receiving().consume(far, view, 49);
        read++; // the urgent octet, which is in no stream
        assertThat(receiving().view(far, view, LARGE)).isEqualTo(10);
        check(view.bytes(0), view.from(0), 10);
        receiving().consume(far, view, 10);
    }

    @Test
    void what_another_has_read_meanwhile_is_not_consumed_twice() {
        ByteSource source = (bytes, at, count) -> fill(bytes, at, count);
        pair.client.tcp().send(near, source, 10);
        pair.wire.run(Pair.SECOND);
        receiving().view(far, view, LARGE);
        // The other reads them first, and more comes.
        pair.server.tcp().receive(far, this::check, 4);
        pair.client.tcp().send(near, source, 10);
        pair.wire.run(Pair.SECOND);
        receiving().consume(far, view, 10);
        assertThat(far.readable()).isEqualTo(10);
        read = 10;
        readRest();
    }

    private void fill(byte[] bytes, int at, int count) {
        for (int i = 0; i < count; i++) {
            bytes[at + i] = Pair.pattern(written++);
        }
    }

    @Test
    void steps_in_the_wrong_order_are_refused() {
        sending().lend(near, space, 100);
        assertThatThrownBy(() -> sending().lend(near, space, 100)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> sending().append(near, space, 101)).isInstanceOf(IndexOutOfBoundsException.class);
        sending().append(near, space, 0);
        assertThatThrownBy(() -> sending().append(near, space, 0)).isInstanceOf(IllegalStateException.class);
        sending().lend(near, space, 100);
        append(100);
        pair.wire.run(Pair.SECOND);
        receiving().view(far, view, 100);
        assertThatThrownBy(() -> receiving().view(far, view, 100)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> receiving().consume(far, view, 101)).isInstanceOf(IndexOutOfBoundsException.class);
        receiving().consume(far, view, 100);
    }

    @Test
    void any_mixture_of_steps_moves_the_stream() {
        Seeds.run(30, random -> {
            TcpConfig tcp = TcpConfig.DEFAULT.withNoDelay(random.nextBoolean());
            int mtu = random.nextBoolean() ? 1_500 : 65_520;
            begin(new Pair(StackConfig.DEFAULT.withTcp(tcp), mtu, random.nextLong()));
            pair.wire.fault((packet, direction, r) -> r.nextInt(100) < 2 ? -1 : r.nextInt(10) == 0 ? 3_000_000L : 0);
            for (int step = 0; step < 400; step++) {
                sendSome(random);
                receiveSome(random);
            }
            if (space.isLent()) {
                sending().append(near, space, 0);
            }
            if (view.count() > 0) {
                receiving().consume(far, view, 0);
            }
            pair.wire.heal();
            readRest();
        });
    }

    private void sendSome(SplittableRandom random) {
        int most = 1 + random.nextInt(random.nextBoolean() ? LARGE : 3_000);
        if (space.isLent()) {
            int count = random.nextInt(space.length() + 1);
            assertThat(append(count)).isEqualTo(count);
        } else if (random.nextInt(4) == 0) {
            pair.client.tcp().send(near, this::fill, most);
        } else {
            sending().lend(near, space, most);
        }
        if (random.nextInt(3) > 0) {
            pair.wire.run(random.nextInt(3_000_000));
        }
    }

    private void receiveSome(SplittableRandom random) {
        NetStack server = pair.server;
        int most = 1 + random.nextInt(200_000);
        if (view.count() > 0) {
            int left = random.nextInt(3) == 0 ? random.nextInt(view.length() + 1) : view.length();
            int taken = left;
            for (int i = 0; left > 0; i++) {
                int part = Math.min(left, view.length(i));
                check(view.bytes(i), view.from(i), part);
                left -= part;
            }
            receiving().consume(far, view, taken);
        } else if (random.nextInt(4) == 0) {
            ByteSink sink = this::check;
            server.tcp().receive(far, sink, most);
        } else {
            receiving().view(far, view, most);
        }
    }
}
