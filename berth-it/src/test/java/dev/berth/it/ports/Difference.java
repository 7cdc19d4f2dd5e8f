package dev.berth.it.ports;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where Berth differs from the kernel on purpose; `docs/BIND_RULES.md` says the same to people. A difference is one of
/// these only if the answers are just those that are written here.
enum Difference {
    /// A socket that was bound to the wildcard holds only its local address on Linux once it is connected, and the
    /// connections of a closed server only theirs. Berth keeps the wildcard until the last flow of the binding is gone:
    /// a disconnect gives back what was bound, and nobody can have taken it meanwhile.
    WILDCARD_STAYS_RESERVED {
        @Override
        boolean explains(Match match) {
            return match.firstIsWildcard()
                    && (match.state.startsWith("connected") || match.state.startsWith("served"))
                    && match.is("bind b", "ok", "EADDRINUSE");
        }
    },
    /// A client's connection without a bind keeps the flags of its socket on Linux. In Berth it has none: nobody binds
    /// beside it.
    CLIENTS_SHARE_WITH_NOBODY {
        @Override
        boolean explains(Match match) {
            return match.first.startsWith("client") && match.bothShare() && match.is("bind b", "ok", "EADDRINUSE");
        }
    },
    /// Linux keeps 0.0.0.0 away from the port of an IPv6 client that did not bind, although no packet could belong to
    /// both. Berth does not.
    IPV6_CLIENTS_ARE_NO_IPV4 {
        @Override
        boolean explains(Match match) {
            return match.first.equals("client-6")
                    && match.second.equals("ANY_4")
                    && !match.bothShare()
                    && match.is("bind b", "EADDRINUSE", "ok");
        }
    },
    /// Which of several with SO_REUSEPORT gets a flow is a matter of the hash.
    ANOTHER_HASH {
        @Override
        boolean explains(Match match) {
            return match.first.equals(match.second)
                    && match.flags.contains("p")
                    && match.otherFlags.contains("p")
                    && (match.is("who", "a", "b") || match.is("who", "b", "a"));
        }
    },
    /// `::` for IPv6 alone and `::` for both rank alike on Linux for IPv6, and the order in a list decides. In Berth
    /// the
    /// one for IPv6 alone is the more specific.
    IPV6_ONLY_IS_MORE_SPECIFIC {
        @Override
        boolean explains(Match match) {
            return (match.first + match.second).matches("ANY_6DUAL|DUALANY_6")
                    && match.bothShare()
                    && match.is("who", match.first.equals("DUAL") ? "a" : "b", match.first.equals("DUAL") ? "b" : "a");
        }
    },
    /// Linux puts IPv6 sockets with SO_REUSEPORT behind those without. In Berth the one that came last gets the
    /// datagrams, in both families.
    REUSE_PORT_COMES_LAST_IN_IPV6 {
        @Override
        boolean explains(Match match) {
            return match.first.equals(match.second)
                    && match.first.matches("ADDRESS_6|ANY_6|DUAL")
                    && match.flags.equals("a")
                    && match.otherFlags.equals("ap")
                    && match.is("who", "a", "b");
        }
    };

    private static final Pattern NAME =
            Pattern.compile("(?<first>\\S+) (?<flags>\\S+)(?<state>.*), (?<second>\\S+) (?<other>\\S+)");

    /// A pair of sockets, and where the answers differ first.
    record Match(
            String first,
            String flags,
            String state,
            String second,
            String otherFlags,
            String move,
            String kernel,
            String berth) {
        boolean is(String where, String onKernel, String onBerth) {
            return move.equals(where) && kernel.equals(onKernel) && berth.equals(onBerth);
        }

        boolean firstIsWildcard() {
            return first.startsWith("ANY") || first.equals("DUAL");
        }

        boolean bothShare() {
            return flags.contains("a") && otherFlags.contains("a") || flags.contains("p") && otherFlags.contains("p");
        }
    }

    abstract boolean explains(Match match);

    /// The reason why the answers to a case differ, in all moves that differ; null if there is none.
    static @Nullable Difference of(BindMoves.Case tried, List<String> kernel, List<String> berth) {
        Matcher name = NAME.matcher(tried.name());
        if (!name.matches()) {
            return null;
        }
        String[] moves = tried.moves().split(";");
        Difference found = null;
        for (int i = 0; i < moves.length; i++) {
            String move = moves[i];
            if (!kernel.get(i).equals(berth.get(i))) {
                Difference here = of(name, move, kernel.get(i), berth.get(i));
                if (here == null || found != null && found != here) {
                    return null;
                }
                found = here;
                if (move.startsWith("bind")) {
                    return here; // there are not the same sockets any more
                }
            }
        }
        return found;
    }

    private static @Nullable Difference of(Matcher name, String move, String kernel, String berth) {
        String[] words = move.split(" ");
        Match match = new Match(
                name.group("first"),
                name.group("flags"),
                name.group("state").strip(),
                name.group("second"),
                name.group("other"),
                words.length > 1 ? words[0] + " " + words[1] : words[0],
                kernel,
                berth);
        for (Difference difference : values()) {
            if (difference.explains(match)) {
                return difference;
            }
        }
        return null;
    }
}
