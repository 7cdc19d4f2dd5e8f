package dev.berth.names;

import dev.berth.wire.Bytes;
import org.jspecify.annotations.Nullable;

/// A query as it came (RFC 1035 section 4.1): its header, its one question and its EDNS option, or what is wrong with
/// it.
///
/// @param flags the second 16 bits of the header
/// @param rcode [#NOERROR], or what the answer has to say of a query that cannot be served
/// @param name the name of the question in lower case; null if it could not be read
/// @param type QTYPE
/// @param dnsClass QCLASS
/// @param questionLength octets of the question, from octet 12 on; 0 if it could not be read
/// @param edns the query has an OPT record (RFC 6891)
/// @param payload octets of the largest answer over UDP that the sender takes
record DnsQuery(
        int flags,
        int rcode,
        @Nullable String name,
        int type,
        int dnsClass,
        int questionLength,
        boolean edns,
        int payload) {
    static final int HEADER = 12;

    // Flags, RFC 1035 section 4.1.1
    static final int QR = 0x8000;
    static final int AA = 0x0400;
    static final int TC = 0x0200;
    static final int RD = 0x0100;
    static final int RA = 0x0080;
    static final int OPCODE = 0x7800;

    // RCODEs, RFC 1035 section 4.1.1, RFC 6891 section 9
    static final int NOERROR = 0;
    static final int FORMERR = 1;
    static final int SERVFAIL = 2;
    static final int NXDOMAIN = 3;
    static final int NOTIMP = 4;
    static final int REFUSED = 5;
    static final int BADVERS = 16;

    // TYPEs and CLASSes, RFC 1035 section 3.2, RFC 3596 section 2.1
    static final int A = 1;
    static final int PTR = 12;
    static final int AAAA = 28;
    static final int OPT = 41;
    static final int ANY = 255;
    static final int IN = 1;

    /// The largest answer over UDP without EDNS (RFC 1035 section 4.2.1).
    static final int PLAIN_PAYLOAD = 512;

    private static final int RECORD_FIXED = 10; // TYPE, CLASS, TTL, RDLENGTH

    /// Reads a query.
    ///
    /// @return null for what must not be answered at all: too short for a header, or an answer itself
    static @Nullable DnsQuery read(byte[] message, int from, int length) {
        if (length < HEADER || (Bytes.u16(message, from + 2) & QR) != 0) {
            return null;
        }
        int flags = Bytes.u16(message, from + 2);
        if ((flags & OPCODE) != 0) {
            return failed(flags, NOTIMP);
        }
        int end = from + length;
        int question = from + HEADER;
        int behind = DnsName.skip(message, question, end);
        String name = DnsName.read(message, from, question, end);
        // One question: nobody ever said what more would mean (RFC 9619).
        if (Bytes.u16(message, from + 4) != 1 || name == null || behind < 0 || behind + 4 > end) {
            return failed(flags, FORMERR);
        }
        int type = Bytes.u16(message, behind);
        int dnsClass = Bytes.u16(message, behind + 2);
        DnsQuery plain =
                new DnsQuery(flags, NOERROR, name, type, dnsClass, behind + 4 - question, false, PLAIN_PAYLOAD);
        return plain.withOptions(message, from, end);
    }

    private static DnsQuery failed(int flags, int rcode) {
        return new DnsQuery(flags, rcode, null, 0, 0, 0, false, PLAIN_PAYLOAD);
    }

    /// Looks for the OPT record among those behind the question. There are at most as many steps as octets: each
    /// record has eleven at least.
    private DnsQuery withOptions(byte[] message, int from, int end) {
        long before = (long) Bytes.u16(message, from + 6) + Bytes.u16(message, from + 8);
        long records = before + Bytes.u16(message, from + 10);
        DnsQuery found = this;
        int at = from + HEADER + questionLength;
        for (long i = 0; i < records; i++) {
            int fixed = DnsName.skip(message, at, end);
            if (fixed < 0 || fixed + RECORD_FIXED > end) {
                return with(FORMERR, false, PLAIN_PAYLOAD);
            }
            int next = fixed + RECORD_FIXED + Bytes.u16(message, fixed + 8);
            if (next > end) {
                return with(FORMERR, false, PLAIN_PAYLOAD);
            }
            if (i >= before && Bytes.u16(message, fixed) == OPT) {
                // RFC 6891 section 6.1.1: more than one OPT record, or one with a name, is a format error.
                if (found.edns || fixed != at + 1) {
                    return with(FORMERR, true, PLAIN_PAYLOAD);
                }
                // Section 6.2.3: sizes below 512 count as 512. Section 6.1.3: only version 0 is known here.
                int payload = Math.max(PLAIN_PAYLOAD, Bytes.u16(message, fixed + 2));
                int version = Bytes.u8(message, fixed + 5);
                found = with(version == 0 ? NOERROR : BADVERS, true, payload);
            }
            at = next;
        }
        return found;
    }

    private DnsQuery with(int newRcode, boolean hasOptions, int size) {
        return new DnsQuery(flags, newRcode, name, type, dnsClass, questionLength, hasOptions, size);
    }
}
