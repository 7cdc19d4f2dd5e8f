package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.check.Seeds;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpFeatures;
import dev.berth.stack.tcp.TcpInfo;
import dev.berth.testkit.Siege.Bot;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.TcpHeader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/// One attack after the other: each time, honest clients are served as if nothing were, every octet of theirs is right,
/// memory stays within its bound, and nothing is left when it is over.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SiegeTest {
    private static final byte[] NONE = {};
    private static final int TURNS = 1_500;
    private static final int FLOWS = 2_000;

    /// What honest clients get done without an attack.
    private static int inPeace(int turns) {
        return new Siege(new SplittableRandom(1), TcpConfig.DEFAULT, FLOWS).run(turns, (siege, turn) -> {});
    }

    /// Runs an attack of which the honest clients notice no more than that they get half as much done.
    private static void withstand(TcpConfig config, int flows, Siege.Attack attack, Consumer<Siege> after) {
        int expected = inPeace(TURNS);
        assertThat(expected).isGreaterThan(100);
        Seeds.run(1, random -> {
            Siege siege = new Siege(random, config, flows);
            int done = siege.run(TURNS, attack);
            after.accept(siege);
            assertThat(done).as("conversations, of %s in peace", expected).isGreaterThan(expected / 2);
            siege.end(700);
        });
    }

    private static void withstand(Siege.Attack attack, Consumer<Siege> after) {
        withstand(TcpConfig.DEFAULT, FLOWS, attack, after);
    }

    /// For each turn, something is done to each connection of an honest client.
    private static Siege.Attack onVictims(BiConsumer<Siege, Tcb> deed) {
        return (siege, turn) -> {
            for (Tcb victim : siege.honest()) {
                deed.accept(siege, victim);
            }
        };
    }

    private static TcpInfo status(Siege siege, Tcb tcb) {
        return siege.server().tcp().info(tcb, 0);
    }

    // From outside: somebody who does not see the connections

    @Test
    @Requirement("5961-01")
    void resets_that_hit_the_window_end_no_connection() {
        withstand(
                onVictims((siege, victim) -> {
                    int next = status(siege, victim).rcvNxt();
                    siege.forge(victim, TcpHeader.RST, next + 1 + siege.random.nextInt(60_000), 0, 0);
                    siege.forge(victim, TcpHeader.RST, siege.random.nextInt() | 1, 0, 0);
                }),
                siege -> assertThat(siege.attackPackets()).isGreaterThan(2_000));
    }

    @Test
    @Requirement("5961-05")
    void syns_for_open_connections_end_none() {
        withstand(
                onVictims((siege, victim) -> {
                    siege.forge(victim, TcpHeader.SYN, siege.random.nextInt(), 0, 0);
                    siege.forge(victim, TcpHeader.SYN, status(siege, victim).rcvNxt(), 0, 0);
                }),
                siege -> assertThat(siege.attackPackets()).isGreaterThan(2_000));
    }

    @Test
    @Requirement("5961-07")
    void forged_data_in_the_window_reach_no_reader() {
        withstand(
                onVictims((siege, victim) -> {
                    TcpInfo status = status(siege, victim);
                    int ack = status.sndNxt() + 1 + siege.random.nextInt(1 << 30);
                    for (int i = 0; i < 3; i++) {
                        int seq = status.rcvNxt() + siege.random.nextInt(60_000);
                        siege.forge(victim, TcpHeader.ACK, seq, ack, 500);
                    }
                }),
                siege -> assertThat(siege.attackPackets()).isGreaterThan(3_000));
    }

    @Test
    @Requirement("5927-01")
    void icmp_blackmail_neither_ends_nor_slows_connections() {
        withstand(
                onVictims((siege, victim) -> {
                    for (int code : new int[] {2, 3, 4}) {
                        siege.raw(new ScriptCodec()
                                .icmp(
                                        3,
                                        code,
                                        68,
                                        siege.random.nextInt(),
                                        Siege.CLIENT,
                                        Pair.SERVER,
                                        victim.remotePort(),
                                        80));
                        // and with the right number, as by somebody on the path
                        siege.raw(new ScriptCodec()
                                .icmp(
                                        3,
                                        code == 4 ? 3 : code,
                                        68,
                                        status(siege, victim).sndUna(),
                                        Siege.CLIENT,
                                        Pair.SERVER,
                                        victim.remotePort(),
                                        80));
                    }
                }),
                siege -> assertThat(siege.server().drops().total(DropReason.ICMP_IGNORED))
                        .isGreaterThan(1_000));
    }

    @Test
    void an_ack_storm_dies_out() {
        withstand(
                onVictims((siege, victim) -> {
                    TcpInfo status = status(siege, victim);
                    for (int i = 0; i < 20; i++) {
                        siege.forge(victim, TcpHeader.ACK, status.rcvNxt() - 100_000, status.sndNxt(), 0);
                        siege.forge(victim, TcpHeader.ACK, status.rcvNxt(), status.sndNxt() + 100_000, 0);
                    }
                }),
                siege -> {
                    assertThat(siege.attackPackets()).isGreaterThan(30_000);
                    assertThat(siege.server().drops().total(DropReason.RATE_LIMITED))
                            .isGreaterThan(siege.attackPackets() / 2);
                });
    }

    @Test
    void keep_alives_and_urgent_pointers_without_end_are_only_counted() {
        withstand(
                (siege, turn) -> {
                    recruit(siege, turn, 20, 65_535);
                    for (Bot bot : siege.bots.values()) {
                        if (bot.open) {
                            siege.send(bot, TcpHeader.ACK, bot.sndNxt - 1, bot.rcvNxt, 65_535, NONE, 0);
                            siege.send(bot, TcpHeader.ACK | TcpHeader.URG, bot.sndNxt, bot.rcvNxt, 65_535, NONE, 0);
                            siege.send(bot, TcpHeader.ACK | TcpHeader.URG, bot.sndNxt, bot.rcvNxt, 65_535, NONE, 1);
                            bot.sndNxt++;
                        }
                    }
                },
                siege -> {
                    assertThat(siege.attackPackets()).isGreaterThan(50_000);
                    assertThat(siege.answerPackets()).isLessThan(siege.attackPackets());
                });
    }

    // From inside: other ends that do not play by the rules

    private static void recruit(Siege siege, int turn, int most, int window, byte... options) {
        if (turn % 5 == 0 && siege.bots.size() < most) {
            siege.bot(window, options);
        }
    }

    @Test
    void acknowledgments_of_what_has_not_arrived_yet_do_no_harm() {
        withstand(
                (siege, turn) -> {
                    recruit(siege, turn, 100, 65_535);
                    for (Bot bot : siege.bots.values()) {
                        for (int ahead = 0; ahead < 4 && bot.open; ahead++) {
                            int ack = bot.rcvNxt + ahead * 14_600;
                            siege.send(bot, TcpHeader.ACK, bot.sndNxt, ack, 65_535, NONE, 0);
                        }
                    }
                },
                siege -> assertThat(siege.attackPackets()).isGreaterThan(100_000));
    }

    private static byte[] sack(int... edges) {
        ByteBuffer options = ByteBuffer.allocate(4 + 4 * edges.length);
        options.put((byte) 1).put((byte) 1).put((byte) 5).put((byte) (2 + 4 * edges.length));
        for (int edge : edges) {
            options.putInt(edge);
        }
        return options.array();
    }

    private static final byte[] ASK_FOR_A_COOKIE = {2, 4, 5, (byte) 0xb4, 34, 2, 1, 1};
    private static final byte[] SACK_PERMITTED = {2, 4, 5, (byte) 0xb4, 4, 2, 1, 1};

    @Test
    void selective_acknowledgments_that_are_never_made_good_hold_nothing_for_ever() {
        withstand(
                (siege, turn) -> {
                    recruit(siege, turn, 60, 65_535, SACK_PERMITTED);
                    for (Bot bot : siege.bots.values()) {
                        if (bot.open && bot.rcvNxt - bot.iss > 2_000) {
                            byte[] all = sack(bot.iss + 1_461, bot.rcvNxt);
                            siege.send(bot, TcpHeader.ACK, bot.sndNxt, bot.iss + 1, 65_535, all, 0);
                        }
                    }
                },
                siege -> {
                    assertThat(siege.sessions()).isGreaterThan(60);
                    // They go on answering, but acknowledge nothing more.
                    for (int minute = 0; minute < 20; minute++) {
                        siege.run(1, (same, turn) -> {
                            for (Bot bot : same.bots.values()) {
                                same.send(bot, TcpHeader.ACK, bot.sndNxt, bot.iss + 1, 65_535, NONE, 0);
                            }
                        });
                        siege.pair.wire.run(60 * Pair.SECOND);
                    }
                    siege.run(1, (same, turn) -> {});
                    assertThat(siege.sessions()).isLessThanOrEqualTo(8);
                });
    }

    @Test
    void crafted_sack_blocks_neither_make_long_lists_nor_hold_up_others() {
        withstand(
                (siege, turn) -> {
                    recruit(siege, turn, 40, 65_535, SACK_PERMITTED);
                    for (Bot bot : siege.bots.values()) {
                        if (!bot.open || bot.rcvNxt - bot.iss < 10_000) {
                            continue;
                        }
                        for (int i = 0; i < 8; i++) {
                            int[] edges = new int[8];
                            for (int block = 0; block < 4; block++) {
                                int left = bot.iss + 3 + 2 * siege.random.nextInt((bot.rcvNxt - bot.iss - 4) / 2);
                                edges[2 * block] = left;
                                edges[2 * block + 1] = left + 1;
                            }
                            siege.send(bot, TcpHeader.ACK, bot.sndNxt, bot.iss + 2, 65_535, sack(edges), 0);
                        }
                    }
                },
                siege -> assertThat(siege.attackPackets()).isGreaterThan(300_000));
    }

    @Test
    void a_tiny_mss_costs_packets_of_its_own_connection_only() {
        byte[] tiny = {2, 4, 0, 1};
        withstand(
                (siege, turn) -> {
                    recruit(siege, turn, 100, 65_535, tiny);
                    acknowledgeAll(siege, 65_535);
                },
                // 88 octets each, not one
                siege -> assertThat(siege.answerPackets()).isLessThan(100 * (Siege.PAGE / 88 + 100)));
    }

    private static void acknowledgeAll(Siege siege, int window) {
        for (Bot bot : siege.bots.values()) {
            if (bot.open) {
                siege.acknowledge(bot, window);
            }
        }
    }

    @Test
    void tiny_windows_get_no_more_segments_than_they_send_acks() {
        withstand(
                (siege, turn) -> {
                    recruit(siege, turn, 100, 3);
                    acknowledgeAll(siege, 1 + turn % 3);
                },
                siege -> assertThat(siege.answerPackets()).isLessThanOrEqualTo(siege.attackPackets()));
    }

    @Test
    void windows_that_shrink_behind_what_was_sent_confuse_nobody() {
        withstand(
                (siege, turn) -> {
                    recruit(siege, turn, 100, 65_535);
                    for (Bot bot : siege.bots.values()) {
                        if (bot.open) {
                            int window = siege.random.nextInt(3) == 0 ? 0 : siege.random.nextInt(20_000);
                            int ack = bot.iss + 1 + (bot.rcvNxt - bot.iss - 1) / 2;
                            siege.send(bot, TcpHeader.ACK, bot.sndNxt, ack, window, NONE, 0);
                        }
                    }
                },
                siege -> assertThat(siege.attackPackets()).isGreaterThan(50_000));
    }

    @Test
    @Requirement("MUST-37")
    void closed_windows_hold_their_share_of_memory_and_give_way_when_it_is_scarce() {
        withstand(
                (siege, turn) -> {
                    for (int i = 0; i < 2 && siege.bots.size() < 1_000; i++) {
                        siege.bot(0);
                    }
                    if (turn % 100 == 0) {
                        acknowledgeAll(siege, 0);
                    }
                },
                siege -> {
                    assertThat(siege.mostMemory()).isGreaterThan(Siege.MEMORY / 2);
                    // Their probes are answered, so that only the want of memory ends them.
                    siege.run(2_500, (same, turn) -> {
                        if (turn % 100 == 0) {
                            acknowledgeAll(same, 0);
                        }
                    });
                    assertThat(siege.bots.values().stream()
                                    .filter(bot -> bot.reset)
                                    .count())
                            .isPositive();
                });
    }

    @Test
    void slow_readers_hold_their_share_of_memory_and_no_more() {
        withstand(
                (siege, turn) -> {
                    for (int i = 0; i < 2 && siege.bots.size() < 600; i++) {
                        siege.bot(10);
                    }
                    if (turn % 50 == 0) {
                        acknowledgeAll(siege, 10);
                    }
                },
                siege -> assertThat(siege.mostMemory()).isGreaterThan(Siege.MEMORY / 2));
    }

    /// With a window that would do for more, and an octet acknowledged now and then: for each its own memory is well
    /// spent, as it costs it nothing.
    @Test
    void readers_that_take_next_to_nothing_are_ended_when_memory_is_scarce() {
        withstand(
                (siege, turn) -> {
                    for (int i = 0; i < 2 && siege.bots.size() < 600; i++) {
                        siege.bot(1_000);
                    }
                    drip(siege, turn);
                },
                siege -> {
                    assertThat(siege.mostMemory()).isGreaterThan(Siege.MEMORY / 2);
                    assertThat(siege.bots.values().stream()
                                    .filter(bot -> bot.reset)
                                    .count())
                            .isZero();
                    siege.run(35_000, SiegeTest::drip);
                    assertThat(siege.bots.values().stream()
                                    .filter(bot -> bot.reset)
                                    .count())
                            .isPositive();
                    assertThat(siege.server().tcp().memory()).isLessThan(Siege.MEMORY * 4 / 5);
                });
    }

    private static void drip(Siege siege, int turn) {
        if (turn % 100 > 0) {
            return;
        }
        for (Bot bot : siege.bots.values()) {
            if (bot.open && !bot.reset) {
                int ack = Math.min(bot.rcvNxt - bot.iss, 1 + ++bot.taken) + bot.iss;
                siege.send(bot, TcpHeader.ACK, bot.sndNxt, ack, 1_000, NONE, 0);
            }
        }
    }

    @Test
    void data_beyond_holes_are_given_up_when_memory_is_scarce() {
        withstand(
                (siege, turn) -> {
                    recruit(siege, turn, 300, 65_535);
                    for (Bot bot : siege.bots.values()) {
                        if (bot.open && bot.port % 2 == turn % 2) {
                            int hole = bot.sndNxt + 1_000 + siege.random.nextInt(60) * 1_000;
                            siege.send(bot, TcpHeader.ACK, hole, bot.rcvNxt, 65_535, NONE, 900);
                        }
                    }
                },
                siege -> assertThat(siege.mostMemory()).isGreaterThan(Siege.MEMORY / 2));
    }

    @Test
    void fragments_that_are_never_completed_take_a_bounded_place() {
        withstand(
                (siege, turn) -> {
                    for (int i = 0; i < 30; i++) {
                        siege.raw(fragment(siege.random));
                    }
                },
                siege -> assertThat(siege.attackPackets()).isGreaterThan(40_000));
    }

    /// A fragment of IPv4 that is not the first, of a datagram of its own, of 1,400 octets.
    private static byte[] fragment(SplittableRandom random) {
        byte[] packet = new byte[1_420];
        int offset = 0x2000 | 1 + random.nextInt(4_000);
        Ipv4Header.write(
                packet,
                0,
                0,
                1_420,
                random.nextInt(65_536),
                offset,
                64,
                IpProtocol.TCP,
                0x0b00_0001 + random.nextInt(1 << 20),
                (int) Pair.SERVER.lo());
        return packet;
    }

    // Connections that do not end

    @Test
    void closing_connections_of_those_who_never_close_end_by_themselves() {
        withstand(
                (siege, turn) -> {
                    siege.serviceCloses = true;
                    recruit(siege, turn, 300, 65_535);
                    for (Bot bot : siege.bots.values()) {
                        int kind = bot.address % 3;
                        if (!bot.open || bot.port == 0) {
                            continue;
                        }
                        if (kind == 0) {
                            siege.acknowledge(bot, 65_535); // FIN-WAIT-2: it takes all, and closes never
                        } else if (kind == 1) {
                            // CLOSING: it closes, and acknowledges the data but not the FIN
                            int end = Math.min(bot.rcvNxt - bot.iss - 1, Siege.PAGE) + bot.iss + 1;
                            siege.send(bot, TcpHeader.ACK | TcpHeader.FIN, bot.sndNxt, end, 65_535, NONE, 0);
                        } else {
                            siege.acknowledge(bot, turn % 10); // FIN-WAIT-1: its window is tiny, the FIN is stuck
                        }
                    }
                },
                siege -> {
                    assertThat(siege.server().tcp().ports().flowCount()).isGreaterThan(150);
                    siege.pair.wire.run(1_000 * Pair.SECOND);
                    List<Bot> left = new ArrayList<>(siege.bots.values());
                    left.removeIf(bot -> siege.flow(bot) == null);
                    assertThat(left).isEmpty();
                });
    }

    @Test
    void last_acknowledgments_that_never_come_are_not_waited_for() {
        withstand(
                (siege, turn) -> {
                    recruit(siege, turn, 300, 65_535);
                    for (Bot bot : siege.bots.values()) {
                        if (bot.open) {
                            // It closes first, and acknowledges the page but never the FIN that answers.
                            int end = Math.min(bot.rcvNxt - bot.iss - 1, Siege.PAGE) + bot.iss + 1;
                            siege.send(bot, TcpHeader.ACK | TcpHeader.FIN, bot.sndNxt, end, 65_535, NONE, 0);
                        }
                    }
                },
                siege -> {
                    assertThat(siege.server().tcp().ports().flowCount()).isGreaterThan(150);
                    siege.pair.wire.run(1_000 * Pair.SECOND);
                    assertThat(siege.bots.values()).allMatch(bot -> siege.flow(bot) == null);
                });
    }

    @Test
    void time_waits_have_a_bound() {
        int most = (int) (Siege.MEMORY / 512);
        withstand(
                TcpConfig.DEFAULT,
                most + 500,
                (siege, turn) -> {
                    siege.serviceCloses = true;
                    for (Bot bot : List.copyOf(siege.bots.values())) {
                        if (bot.finished) {
                            siege.send(bot, TcpHeader.ACK | TcpHeader.FIN, bot.sndNxt, bot.rcvNxt, 65_535, NONE, 0);
                            siege.bots.values().remove(bot);
                        } else if (bot.open) {
                            siege.acknowledge(bot, 65_535);
                        }
                    }
                    for (int i = 0; i < 16; i++) {
                        siege.bot(65_535);
                    }
                },
                siege ->
                        assertThat(siege.server().tcp().ports().timeWaitCount()).isEqualTo(most));
    }

    @Test
    void fast_open_takes_no_more_than_its_queue() {
        TcpConfig config = TcpConfig.DEFAULT.withFeatures(TcpFeatures.DEFAULT.withFastOpen(false, 10));
        withstand(
                config,
                FLOWS,
                (siege, turn) -> {
                    // Cookies of its own and guesses: neither makes more than a SYN does.
                    for (int i = 0; i < 20; i++) {
                        byte[] guess = ByteBuffer.allocate(16)
                                .putInt(0x0204_05b4)
                                .putShort((short) 0x220a)
                                .putLong(siege.random.nextLong())
                                .putShort((short) 0x0101)
                                .array();
                        Bot bot = siege.bot(65_535, guess);
                        siege.bots.values().remove(bot); // it never answers
                    }
                },
                siege -> assertThat(siege.server().tcp().ports().flowCount()).isLessThan(200));
    }

    /// Who has addresses of its own has cookies for them, and data of its SYNs would be delivered at once.
    @Test
    void fast_open_with_right_cookies_takes_no_more_than_its_queue() {
        TcpConfig config = TcpConfig.DEFAULT.withFeatures(TcpFeatures.DEFAULT.withFastOpen(false, 10));
        int[] most = {0};
        withstand(
                config,
                FLOWS,
                (siege, turn) -> {
                    if (turn < 20) {
                        siege.bot(65_535, ASK_FOR_A_COOKIE);
                        return;
                    }
                    List<Bot> known = new ArrayList<>(siege.bots.values());
                    known.removeIf(bot -> bot.cookie == null);
                    assertThat(known).as("bots with a cookie").hasSizeGreaterThan(15);
                    int bots = 0;
                    for (Bot bot : known) {
                        byte[] options = ByteBuffer.allocate(16)
                                .putInt(0x0204_05b4)
                                .putShort((short) 0x220a)
                                .put(bot.cookie)
                                .putShort((short) 0x0101)
                                .array();
                        // Another port each time; nothing follows the SYN.
                        siege.silent(bot, 2_000 + turn, options, 500);
                        bots++;
                    }
                    assertThat(bots).isPositive();
                    int accepted = siege.sessions();
                    most[0] = Math.max(most[0], accepted);
                },
                siege -> {
                    assertThat(siege.attackPackets()).isGreaterThan(20_000);
                    // The clients', the twenty that fetched cookies, and the queue.
                    assertThat(most[0]).isBetween(10, 4 + 20 + 10 + 10);
                    assertThat(siege.server().tcp().ports().flowCount()).isLessThan(500);
                });
    }
}
