package dev.berth.ports;

/// The ports of a range in an array, in no particular order but for this: those that are not in a set come first. So
/// one of them is drawn with one step, and a port changes sides with one exchange, however full the set is. 4 octets a
/// port of the range.
///
/// It pays where more than a 16th of the range is in use, which makes it 64 octets a port in use at most, and goes when
/// less than half of that is.
final class AbsentPorts {
    static final int PART = 16;

    private final int first;
    /// Port less `first`: first the absent ones, then the members.
    private final char[] order;
    /// Where each port is in `order`.
    private final char[] places;

    private int absent;

    /// The ports from `first` to `last`, with those of `members` taken.
    AbsentPorts(PortBitmap members, int first, int last) {
        this.first = first;
        int width = last - first + 1;
        order = new char[width];
        places = new char[width];
        absent = width;
        for (int i = 0; i < width; i++) {
            order[i] = (char) i;
            places[i] = (char) i;
        }
        for (int port = first; port <= last; port++) {
            if (members.contains(port)) {
                take(port);
            }
        }
    }

    /// Whether a range of `width` ports of which `absent` are free is worth an array.
    static boolean pay(int width, int absent) {
        return width - absent > width / PART;
    }

    /// Whether so many ports have left the set that the array is not worth its memory any more.
    boolean isHardlyUsed() {
        return order.length - absent < order.length / (2 * PART);
    }

    /// Whether this is about the ports from `from` to `to`.
    boolean isOf(int from, int to) {
        return from == first && to - from + 1 == order.length;
    }

    /// How many ports of the range are absent.
    int count() {
        return absent;
    }

    /// An absent port: each of the numbers below the count of them stands for another one.
    int at(int index) {
        return first + order[index];
    }

    /// A port that was absent is a member now.
    void take(int port) {
        int offset = port - first;
        if (offset >= 0 && offset < order.length) {
            exchange(offset, --absent);
        }
    }

    /// A port that was a member is absent now.
    void giveBack(int port) {
        int offset = port - first;
        if (offset >= 0 && offset < order.length) {
            exchange(offset, absent++);
        }
    }

    private void exchange(int offset, int place) {
        int from = places[offset];
        char other = order[place];
        order[from] = other;
        order[place] = (char) offset;
        places[other] = (char) from;
        places[offset] = (char) place;
    }
}
