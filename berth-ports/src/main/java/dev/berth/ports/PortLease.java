package dev.berth.ports;

import java.util.ArrayList;
import java.util.List;

/// The ports that a host may choose from because it got them for itself: a set of blocks of a port space that several
/// hosts share behind one address (RFC 6346), as a gateway or a provider leases them out. Immutable.
///
/// [PortTable#lease] applies it to a table in use.
///
/// @param blocks the blocks, in any order; they may overlap; not empty
public record PortLease(List<PortRange> blocks) {
    /// Every port: no restriction.
    public static final PortLease EVERYTHING = new PortLease(List.of(PortRange.ALL));

    /// @throws IllegalArgumentException if there is no block
    public PortLease {
        blocks = List.copyOf(blocks);
        if (blocks.isEmpty()) {
            throw new IllegalArgumentException("A lease has at least one block of ports");
        }
    }

    /// A lease of these blocks.
    ///
    /// @throws IllegalArgumentException if there is no block
    public static PortLease of(PortRange... blocks) {
        return new PortLease(List.of(blocks));
    }

    /// The port set of one of the hosts that share an address by MAP (RFC 7597 section 5.1): "the port number is
    /// split into" an index of `offsetBits` bits, which is not 0 if it has any bits, a port-set identifier of
    /// `idBits` bits and the position in the block. So the set consists of 2^`offsetBits` - 1 blocks (one if that is
    /// 0) of 2^(16 - `offsetBits` - `idBits`) ports each.
    ///
    /// @param offsetBits *a* of the RFC, 0 to 15; 6 keeps the ports below 1024 out
    /// @param idBits *k* of the RFC, 0 to 16 - `offsetBits`
    /// @param id the identifier (PSID), 0 to 2^`idBits` - 1
    /// @throws IllegalArgumentException if a number is out of its range
    public static PortLease portSet(int offsetBits, int idBits, int id) {
        if (offsetBits < 0 || offsetBits > 15 || idBits < 0 || idBits > 16 - offsetBits) {
            throw new IllegalArgumentException("A port has 16 bits: the offset takes 0 to 15 of them and the "
                    + "identifier what is left at most, not " + offsetBits + " and " + idBits);
        }
        if (id < 0 || id >= 1 << idBits) {
            throw new IllegalArgumentException(
                    "An identifier of " + idBits + " bits is 0 to " + ((1 << idBits) - 1) + ", not " + id);
        }
        int positionBits = 16 - offsetBits - idBits;
        List<PortRange> blocks = new ArrayList<>();
        for (int offset = offsetBits == 0 ? 0 : 1; offset < 1 << offsetBits; offset++) {
            int first = offset << idBits + positionBits | id << positionBits;
            blocks.add(new PortRange(first, first + (1 << positionBits) - 1));
        }
        return new PortLease(blocks);
    }

    /// One bit a port.
    long[] words() {
        return words(blocks);
    }

    static long[] words(List<PortRange> ranges) {
        long[] words = new long[PortRange.PORTS / 64];
        for (PortRange range : ranges) {
            int firstWord = range.first() / 64;
            int lastWord = range.last() / 64;
            for (int i = firstWord; i <= lastWord; i++) {
                long mask = i == firstWord ? -1L << range.first() : -1L;
                words[i] |= i == lastWord ? mask & ~(-2L << range.last()) : mask;
            }
        }
        return words;
    }

    /// `49152-49407, 50000`.
    @Override
    public String toString() {
        String text = blocks.toString();
        return text.substring(1, text.length() - 1);
    }
}
