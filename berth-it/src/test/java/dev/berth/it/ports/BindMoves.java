package dev.berth.it.ports;

import java.util.ArrayList;
import java.util.List;

/// All pairs of sockets on one port: what the first is bound to, its flags and its state, what the second wants to be
/// bound to and its flags; then, who gets what comes in.
final class BindMoves {
    /// What a socket may be bound to.
    enum Place {
        ADDRESS_4("4", "10.0.0.1", ""),
        OTHER_4("4", "10.0.0.2", ""),
        ANY_4("4", "0.0.0.0", ""),
        ADDRESS_6("6", "fd00::1", ""),
        OTHER_6("6", "fd00::2", ""),
        ANY_6("6", "::", "6"),
        DUAL("6", "::", "");

        final String family;
        final String address;
        final String only;

        Place(String family, String address, String only) {
            this.family = family;
            this.address = address;
            this.only = only;
        }

        /// The addresses of the host from which it can be reached, other than those that only [#OTHER_4] has.
        List<String> reached() {
            return switch (this) {
                case ADDRESS_4, OTHER_4, ADDRESS_6, OTHER_6 -> List.of(address);
                case ANY_4 -> List.of("10.0.0.1");
                case ANY_6 -> List.of("fd00::1");
                case DUAL -> List.of("10.0.0.1", "fd00::1");
            };
        }

        String flags(String sharing) {
            return (sharing + only).isEmpty() ? "-" : sharing + only;
        }
    }

    /// A list of moves, and what tells it apart from the others.
    ///
    /// @param name for people, and for the list of differences
    /// @param moves as `kernel_sockets.py` takes them
    record Case(String name, String moves) {}

    private static final List<String> SHARING = List.of("", "a", "p", "ap");
    private static final List<Place> FIRST =
            List.of(Place.ADDRESS_4, Place.ANY_4, Place.ADDRESS_6, Place.ANY_6, Place.DUAL);
    /// Every case has a port of its own: TIME-WAIT of the one before must not matter.
    private static final int FIRST_PORT = 5_000;

    private static final int PEER_PORT = 4_000;

    private final List<Case> cases = new ArrayList<>();
    private int port = FIRST_PORT;

    private BindMoves() {}

    static List<Case> tcp() {
        BindMoves moves = new BindMoves();
        for (Place place : FIRST) {
            for (String sharing : SHARING) {
                moves.tcpFirst(place, sharing);
            }
        }
        for (String family : List.of("4", "6")) {
            for (String sharing : SHARING) {
                moves.tcpClients(family, sharing);
            }
        }
        return moves.cases;
    }

    /// Two bound TCP sockets that connect to the same remote end, and a socket that connects to itself.
    static List<Case> tcpOnOneTuple() {
        BindMoves moves = new BindMoves();
        for (Place place : FIRST) {
            for (String sharing : SHARING) {
                for (String local : place.reached()) {
                    moves.oneTcpTuple(place, sharing, local);
                }
            }
        }
        return moves.cases;
    }

    private void oneTcpTuple(Place place, String sharing, String local) {
        String version = local.contains(":") ? "6" : "4";
        StringBuilder text = new StringBuilder(peer("q", "tcp", version));
        for (String name : List.of("a", "b")) {
            text.append(";open ")
                    .append(name)
                    .append(" tcp ")
                    .append(place.family)
                    .append(" ");
            text.append(place.flags(sharing))
                    .append(";bind ")
                    .append(name)
                    .append(" ")
                    .append(place.address);
            text.append(" PORT");
        }
        String to = " " + peerAddress(version) + " 4000";
        String who = place + " " + name(sharing);
        if (!sharing.isEmpty()) {
            add(who + " both connected-" + version, text + ";connect a" + to + ";connect b" + to + ";accept q c");
            String waiting = ";connect a" + to + ";accept q c;finish a c;connect b" + to;
            add(who + " connected-" + version + " after time-wait", text + waiting);
        }
        String self = "open a tcp " + place.family + " " + place.flags(sharing) + ";bind a " + place.address + " PORT;"
                + "connect a " + local + " PORT";
        add(who + " connected-" + version + " to itself", self);
    }

    private void tcpFirst(Place place, String sharing) {
        String bound = "open a tcp " + place.family + " " + place.flags(sharing) + ";bind a " + place.address + " PORT";
        String who = place + " " + name(sharing);
        tcpSeconds(who + " bound", bound, ";listen a;who", true);
        tcpSeconds(who + " listening", bound + ";listen a", "", true);
        for (String local : place.reached()) {
            String version = local.contains(":") ? "6" : "4";
            String connected =
                    bound + ";" + peer("q", "tcp", version) + ";connect a " + peerAddress(version) + " 4000;accept q c";
            tcpSeconds(who + " connected-" + version, connected, "", false);
            tcpSeconds(who + " connected-" + version + " time-wait", connected + ";finish a c", "", false);
            String accepted = bound + ";listen a;open k tcp " + version + " -;connect k " + local + " PORT;accept a c";
            tcpSeconds(who + " serving-" + version, accepted, "", false);
            tcpSeconds(who + " served-" + version, accepted + ";close a", "", false);
            tcpSeconds(who + " served-" + version + " time-wait", accepted + ";close a;finish c k", "", false);
        }
    }

    private void tcpClients(String version, String sharing) {
        String flags = sharing.isEmpty() ? "-" : sharing;
        String client = "open a tcp " + version + " " + flags + ";" + peer("q", "tcp", version) + ";connect a "
                + peerAddress(version) + " 4000;accept q c";
        for (Place second : Place.values()) {
            for (String other : SHARING) {
                // The address that the client got is that of the peer, which is the host itself.
                String address = second.address.replace("10.0.0.1", "10.0.0.9").replace("fd00::1", "fd00::9");
                String bind = ";open b tcp " + second.family + " " + second.flags(other) + ";bind b " + address + " @a";
                String name = "client-" + version + " " + name(sharing);
                add(name + ", " + second + " " + name(other), client + bind);
            }
        }
    }

    private void tcpSeconds(String first, String moves, String then, boolean asks) {
        for (Place second : Place.values()) {
            for (String other : SHARING) {
                String bind = ";open b tcp " + second.family + " " + second.flags(other) + ";bind b " + second.address
                        + " PORT;listen b";
                add(first + ", " + second + " " + name(other), moves + bind + then + (asks ? knock("tcp") : ""));
            }
        }
    }

    /// Lets every address of the host be called, and asks who heard it.
    private static String knock(String kind) {
        StringBuilder text = new StringBuilder();
        int i = 0;
        for (String address : List.of("10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2")) {
            String name = "k" + i++;
            String version = address.contains(":") ? "6" : "4";
            text.append(";open ")
                    .append(name)
                    .append(" ")
                    .append(kind)
                    .append(" ")
                    .append(version)
                    .append(" -");
            text.append(kind.equals("tcp") ? ";connect " : ";send ")
                    .append(name)
                    .append(" ")
                    .append(address);
            text.append(" PORT;who");
        }
        return text.toString();
    }

    static List<Case> udp() {
        BindMoves moves = new BindMoves();
        for (Place place : FIRST) {
            for (String sharing : SHARING) {
                moves.udpFirst(place, sharing);
            }
        }
        return moves.cases;
    }

    private void udpFirst(Place place, String sharing) {
        String bound = "open a udp " + place.family + " " + place.flags(sharing) + ";bind a " + place.address + " PORT";
        String who = place + " " + name(sharing);
        for (Place second : Place.values()) {
            for (String other : SHARING) {
                String bind = ";open b udp " + second.family + " " + second.flags(other) + ";bind b " + second.address
                        + " PORT";
                String pair = ", " + second + " " + name(other);
                add(who + " bound" + pair, bound + bind + knock("udp"));
                for (String local : place.reached()) {
                    String version = local.contains(":") ? "6" : "4";
                    String connected =
                            bound + ";" + peer("s", "udp", version) + ";connect a " + peerAddress(version) + " 4000";
                    // The connected socket answers from the address that the connect chose.
                    String at = place.address.equals(local) ? local : peerAddress(version);
                    add(
                            who + " connected-" + version + pair,
                            connected + bind + ";send s " + at + " PORT;who" + knock("udp"));
                }
            }
        }
    }

    /// Two or three sockets on one UDP port that connect to the same remote end, in every order.
    static List<Case> udpOnOneTuple() {
        BindMoves moves = new BindMoves();
        for (Place place : FIRST) {
            for (String sharing : List.of("a", "p", "ap")) {
                for (String local : place.reached()) {
                    for (String order : List.of("a b", "b a", "a b c", "b a c", "b c a", "c b a", "a c", "c a")) {
                        moves.oneTuple(place, sharing, local, order);
                    }
                }
            }
        }
        return moves.cases;
    }

    private void oneTuple(Place place, String sharing, String local, String order) {
        String version = local.contains(":") ? "6" : "4";
        String to = place.address.equals(local) ? local : peerAddress(version);
        StringBuilder text = new StringBuilder(peer("s", "udp", version));
        for (String name : List.of("a", "b", "c")) {
            text.append(";open ")
                    .append(name)
                    .append(" udp ")
                    .append(place.family)
                    .append(" ");
            text.append(place.flags(sharing))
                    .append(";bind ")
                    .append(name)
                    .append(" ")
                    .append(place.address);
            text.append(" PORT");
        }
        String send = ";send s " + to + " PORT;who";
        String[] names = order.split(" ");
        for (String name : names) {
            text.append(";connect ")
                    .append(name)
                    .append(" ")
                    .append(peerAddress(version))
                    .append(" 4000")
                    .append(send);
        }
        for (int i = names.length - 1; i > 0; i--) {
            text.append(";close ").append(names[i]).append(send);
        }
        add(place + " " + name(sharing) + " connected-" + version + " in the order " + order, text.toString());
    }

    private void add(String name, String moves) {
        cases.add(new Case(name, moves.replace("PORT", Integer.toString(port++))));
    }

    private static String name(String sharing) {
        return sharing.isEmpty() ? "-" : sharing;
    }

    private static String peerAddress(String version) {
        return version.equals("4") ? "10.0.0.9" : "fd00::9";
    }

    private static String peer(String name, String kind, String version) {
        return "open " + name + " " + kind + " " + version + " a;bind " + name + " " + peerAddress(version) + " "
                + PEER_PORT + (kind.equals("tcp") ? ";listen " + name : "");
    }
}
