package dev.berth.ports;

import org.jspecify.annotations.Nullable;

/// When two sockets may be bound to the same port: the rules of a platform, as data.
///
/// Two bindings of one port *meet* if a packet could belong to both. How they meet decides, with the flags of both
/// ([PortSharing]), whether the newcomer is admitted. `docs/BIND_RULES.md` has the tables, where they come from, and
/// the test of each row.
///
/// What the platforms say about users is not here: a Berth host has one user. Where a kernel lets only sockets of one
/// user share (Linux for `SO_REUSEPORT`, FreeBSD, Windows with its access check), all count as that user's.
public enum BindRules {
    /// Linux: whoever shares must say so on both sides; which of the two covers more makes no difference.
    LINUX(
            PortSharing.REUSE_ADDRESS | PortSharing.REUSE_PORT,
            PortSharing.REUSE_PORT,
            new Table(
                    PortSharing.REUSE_ADDRESS | PortSharing.REUSE_PORT | PortSharing.LISTENS,
                    admitting(Admission.BOTH_REUSE_PORT, Admission.BOTH_REUSE_ADDRESS_NOBODY_LISTENS),
                    admitting(Admission.BOTH_REUSE_PORT, Admission.BOTH_REUSE_ADDRESS_NOBODY_LISTENS),
                    admitting(Admission.BOTH_REUSE_PORT, Admission.BOTH_REUSE_ADDRESS_NOBODY_LISTENS),
                    admitting(Admission.BOTH_REUSE_PORT, Admission.BOTH_REUSE_ADDRESS_NOBODY_LISTENS)),
            new Table(
                    PortSharing.REUSE_ADDRESS | PortSharing.REUSE_PORT,
                    admitting(Admission.BOTH_REUSE_PORT, Admission.BOTH_REUSE_ADDRESS),
                    admitting(Admission.BOTH_REUSE_PORT, Admission.BOTH_REUSE_ADDRESS),
                    admitting(Admission.BOTH_REUSE_PORT, Admission.BOTH_REUSE_ADDRESS),
                    admitting(Admission.BOTH_REUSE_PORT, Admission.BOTH_REUSE_ADDRESS))),
    /// FreeBSD: a newcomer with any flag may bind beside what covers more or less than it does, and beside
    /// connections; exact duplicates need `SO_REUSEPORT` or `SO_REUSEPORT_LB` on both sides.
    FREEBSD(
            PortSharing.REUSE_ADDRESS | PortSharing.REUSE_PORT | PortSharing.REUSE_PORT_BALANCED,
            PortSharing.REUSE_PORT_BALANCED,
            new Table(
                    PortSharing.REUSE_PORT | PortSharing.REUSE_PORT_BALANCED | PortSharing.CLOSED,
                    admitting(
                            Admission.BOTH_REUSE_PORT,
                            Admission.BOTH_REUSE_PORT_BALANCED,
                            Admission.EARLIER_CLOSED_NEWCOMER_SHARES),
                    admitting(Admission.NEWCOMER_SHARES),
                    admitting(Admission.NEWCOMER_SHARES),
                    admitting(Admission.ALWAYS)),
            new Table(
                    PortSharing.REUSE_ADDRESS | PortSharing.REUSE_PORT | PortSharing.REUSE_PORT_BALANCED,
                    admitting(
                            Admission.BOTH_REUSE_PORT,
                            Admission.BOTH_REUSE_PORT_BALANCED,
                            Admission.BOTH_SHARE_A_GROUP),
                    admitting(Admission.NEWCOMER_SHARES),
                    admitting(Admission.NEWCOMER_SHARES),
                    admitting(Admission.ALWAYS))),
    /// Windows: an address and the wildcard exist side by side unless the one that is to be intruded upon, or the
    /// wildcard that comes later, says `SO_EXCLUSIVEADDRUSE`; exact duplicates need `SO_REUSEADDR` on both sides.
    WINDOWS(
            PortSharing.REUSE_ADDRESS | PortSharing.EXCLUSIVE_USE,
            0,
            new Table(
                    PortSharing.REUSE_ADDRESS | PortSharing.EXCLUSIVE_USE | PortSharing.CLOSED,
                    admitting(Admission.BOTH_REUSE_ADDRESS, Admission.EARLIER_CLOSED_NOBODY_EXCLUSIVE),
                    admitting(Admission.EARLIER_NOT_EXCLUSIVE),
                    admitting(Admission.NEWCOMER_NOT_EXCLUSIVE),
                    admitting(Admission.BOTH_REUSE_ADDRESS, Admission.EARLIER_CLOSED_NOBODY_EXCLUSIVE)),
            new Table(
                    PortSharing.REUSE_ADDRESS | PortSharing.EXCLUSIVE_USE,
                    admitting(Admission.BOTH_REUSE_ADDRESS),
                    admitting(Admission.EARLIER_NOT_EXCLUSIVE),
                    admitting(Admission.NEWCOMER_NOT_EXCLUSIVE),
                    admitting(Admission.BOTH_REUSE_ADDRESS)));

    /// How an earlier binding and a newcomer meet, as the number of an octet of [#excluding].
    static final int SAME = 0;
    /// The newcomer has one address, the earlier binding is a wildcard that covers it.
    static final int IN_WILDCARD = 1;
    /// The newcomer is a wildcard, the earlier binding has one of the addresses it covers.
    static final int OVER_ADDRESS = 2;
    /// One of them is 0.0.0.0, the other `::` for both families.
    static final int OTHER_FAMILY = 3;

    /// Classes of bindings that a port counts.
    static final int CLASSES = 8;

    private final int known;
    private final int balancing;

    @SuppressWarnings("ImmutableEnumChecker") // what it fills late is always the same
    private final Table tcp;

    @SuppressWarnings("ImmutableEnumChecker")
    private final Table udp;

    BindRules(int known, int balancing, Table tcp, Table udp) {
        this.known = known | PortSharing.IPV6_ONLY;
        this.balancing = balancing;
        this.tcp = tcp;
        this.udp = udp;
    }

    /// The flags of [PortSharing] that the platform has; a bind with others is refused.
    public int knownFlags() {
        return known;
    }

    /// The flag with which those that listen on the same address and port get their parts of the flows; 0 if the
    /// platform has none. Without it, the one that came last gets all.
    public int balancingFlag() {
        return balancing;
    }

    /// Whether connected UDP endpoints that share a port may have the same remote end, too. FreeBSD refuses it;
    /// Microsoft's documentation does not say, so it is refused as well.
    public boolean sharesTuples() {
        return this == LINUX;
    }

    /// How a connect fails when another flow has the same ends: Linux finds no address, FreeBSD says that the address
    /// is in use.
    PortError takenTuple() {
        return this == LINUX ? PortError.ADDRESS_NOT_AVAILABLE : PortError.ADDRESS_IN_USE;
    }

    /// Whether two TCP listeners that meet must both share the port by [PortSharing#REUSE_PORT], however they came to
    /// be bound beside each other.
    boolean comparesListeners() {
        return this == LINUX;
    }

    /// Whether connections without a binding keep a newcomer out.
    boolean clientsExclude(int newcomer) {
        return this != FREEBSD || !Admission.shares(newcomer);
    }

    /// The class of a binding: its flags, and the states of [PortSharing], as far as the rules look at them.
    int classOf(Transport transport, int flags) {
        return Integer.compress(flags, table(transport).seen);
    }

    /// The classes that keep a newcomer with these flags out, one bit each; an octet for each way to meet.
    ///
    /// @param group the newcomer binds a multicast group
    int excluding(Transport transport, int newcomer, boolean group) {
        return table(transport).excluding()[newcomer + (group ? PortSharing.ALL + 1 : 0)];
    }

    private static Admission[] admitting(Admission... admissions) {
        return admissions;
    }

    private Table table(Transport transport) {
        return transport == Transport.TCP ? tcp : udp;
    }

    /// What may let a newcomer in.
    private enum Admission {
        ALWAYS,
        BOTH_REUSE_ADDRESS,
        BOTH_REUSE_ADDRESS_NOBODY_LISTENS,
        BOTH_REUSE_PORT,
        BOTH_REUSE_PORT_BALANCED,
        BOTH_SHARE_A_GROUP,
        NEWCOMER_SHARES,
        NEWCOMER_NOT_EXCLUSIVE,
        EARLIER_NOT_EXCLUSIVE,
        EARLIER_CLOSED_NEWCOMER_SHARES,
        EARLIER_CLOSED_NOBODY_EXCLUSIVE;

        /// The classes of a table that this lets a newcomer stand beside, one bit each.
        int beside(int newcomer, boolean group, Table table) {
            boolean newcomerShares = shares(newcomer);
            return switch (this) {
                case ALWAYS -> EVERY_CLASS;
                case BOTH_REUSE_ADDRESS -> both(newcomer, PortSharing.REUSE_ADDRESS, table);
                case BOTH_REUSE_ADDRESS_NOBODY_LISTENS ->
                    both(newcomer, PortSharing.REUSE_ADDRESS, table) & ~table.having(PortSharing.LISTENS);
                case BOTH_REUSE_PORT -> both(newcomer, PortSharing.REUSE_PORT, table);
                case BOTH_REUSE_PORT_BALANCED -> both(newcomer, PortSharing.REUSE_PORT_BALANCED, table);
                case BOTH_SHARE_A_GROUP -> group && newcomerShares ? table.having(SHARING) : 0;
                case NEWCOMER_SHARES -> newcomerShares ? EVERY_CLASS : 0;
                case NEWCOMER_NOT_EXCLUSIVE -> isExclusive(newcomer) ? 0 : EVERY_CLASS;
                case EARLIER_NOT_EXCLUSIVE -> ~table.having(PortSharing.EXCLUSIVE_USE);
                case EARLIER_CLOSED_NEWCOMER_SHARES -> newcomerShares ? table.having(PortSharing.CLOSED) : 0;
                case EARLIER_CLOSED_NOBODY_EXCLUSIVE ->
                    isExclusive(newcomer)
                            ? 0
                            : table.having(PortSharing.CLOSED) & ~table.having(PortSharing.EXCLUSIVE_USE);
            };
        }

        private static int both(int newcomer, int flag, Table table) {
            return (newcomer & flag) == 0 ? 0 : table.having(flag);
        }

        private static boolean isExclusive(int flags) {
            return (flags & PortSharing.EXCLUSIVE_USE) != 0;
        }

        static boolean shares(int flags) {
            return (flags & SHARING) != 0;
        }
    }

    /// Flags and states of [PortSharing].
    private static final int FLAGS = 7;

    private static final int EVERY_CLASS = (1 << CLASSES) - 1;

    /// The flags with which a socket shares its port.
    private static final int SHARING =
            PortSharing.REUSE_ADDRESS | PortSharing.REUSE_PORT | PortSharing.REUSE_PORT_BALANCED;

    /// The rules of one transport: which flags and states of earlier bindings matter, at most three, and who is
    /// admitted by the way the two meet.
    private static final class Table {
        final int seen;

        // By SAME, IN_WILDCARD, OVER_ADDRESS and OTHER_FAMILY
        private final Admission[][] admitted;

        // By the number of the flag's bit: the classes with that flag, one bit each
        private final int[] having = new int[FLAGS];

        /// Filled when first needed, by whoever comes first: most JVMs need one platform's. All fill in the same.
        private int @Nullable [] excluding;

        Table(int seen, Admission[] same, Admission[] inWildcard, Admission[] overAddress, Admission[] otherFamily) {
            this.seen = seen;
            admitted = new Admission[][] {same, inWildcard, overAddress, otherFamily};
            for (int c = 0; c < CLASSES; c++) {
                int flags = Integer.expand(c, seen);
                for (int flag = 0; flag < FLAGS; flag++) {
                    having[flag] |= (flags >>> flag & 1) << c;
                }
            }
        }

        /// The classes with any of `flags`, one bit each.
        int having(int flags) {
            int classes = 0;
            for (int rest = flags; rest != 0; rest &= rest - 1) {
                classes |= having[Integer.numberOfTrailingZeros(rest)];
            }
            return classes;
        }

        int[] excluding() {
            int[] table = excluding;
            if (table == null) {
                table = fill();
                excluding = table;
            }
            return table;
        }

        private int[] fill() {
            int[] table = new int[2 * (PortSharing.ALL + 1)];
            for (int i = 0; i < table.length; i++) {
                for (int meeting = 0; meeting < admitted.length; meeting++) {
                    int beside = 0;
                    for (Admission admission : admitted[meeting]) {
                        beside |= admission.beside(i & PortSharing.ALL, i > PortSharing.ALL, this);
                    }
                    table[i] |= (~beside & EVERY_CLASS) << 8 * meeting;
                }
            }
            return table;
        }
    }
}
