package dev.berth.stack.ip;

import dev.berth.wire.Bytes;
import dev.berth.wire.Ipv4Header;

/// The options of IPv4 headers (RFC 791 section 3.1, RFC 1122 section 3.2.1.8).
final class Ipv4Options {
    /// What [#check] returns for options that are refused without an answer.
    static final int REFUSED = -1;

    private static final int END_OF_LIST = 0;
    private static final int NO_OPERATION = 1;
    private static final int LOOSE_SOURCE_ROUTE = 131;
    private static final int STRICT_SOURCE_ROUTE = 137;

    private Ipv4Options() {}

    /// Checks the options of the header at `at`.
    ///
    /// @return 0 if the datagram is to be processed, [#REFUSED], or the offset in the header of an octet that is
    /// wrong
    static int check(byte[] bytes, int at, int headerLength) {
        int offset = Ipv4Header.MIN_LENGTH;
        while (offset < headerLength) {
            int type = Bytes.u8(bytes, at + offset);
            if (type == END_OF_LIST) {
                return 0;
            }
            if (type == NO_OPERATION) {
                offset++;
                continue;
            }
            if (offset + 1 >= headerLength) {
                return offset;
            }
            int length = Bytes.u8(bytes, at + offset + 1);
            if (length < 2 || offset + length > headerLength) {
                return offset + 1;
            }
            // Deviation: RFC 1122 section 3.2.1.8(c) wants source routes handled; RFC 7126 sections 4.3.5 and 4.4.5
            // advise to drop them, as today's systems do.
            if (type == LOOSE_SOURCE_ROUTE || type == STRICT_SOURCE_ROUTE) {
                return REFUSED;
            }
            // RFC 1122 section 3.2.1.8: "The IP and transport layer MUST each interpret those IP options that they
            // understand and silently ignore the others." None is understood.
            offset += length;
        }
        return 0;
    }
}
