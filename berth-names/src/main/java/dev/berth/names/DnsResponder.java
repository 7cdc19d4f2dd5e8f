package dev.berth.names;

import dev.berth.wire.Bytes;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Answers DNS queries from a [NameTable]: the octets of a query in, the octets of the answer out (RFC 1035, RFC 3596,
/// RFC 6891).
///
/// - Addresses (A, AAAA, ANY) of the names of the table, and names (PTR) of its addresses, with authority. A name that
///   is known but has nothing of the type that was asked for has an empty answer without error.
/// - `localhost` and names that end in `.localhost` are the loopback addresses (RFC 6761 section 6.3).
/// - Anything else goes to the [DnsUpstream] if there is one; otherwise it does not exist (NXDOMAIN), or is refused.
///
/// No negative answer has a SOA record, so that nobody remembers it (RFC 2308 section 5); records live 0 s unless
/// [#withTimeToLive] says otherwise: hosts come and go in a network of tests. The question, its letter case included,
/// is that of the query. No octets make it throw or loop. Immutable and thread-safe.
public final class DnsResponder {
    /// Octets of the largest answer over UDP, whatever the client takes: what fits into a packet of IPv6's smallest
    /// MTU, 1280, less headers.
    public static final int MAX_DATAGRAM = 1_232;

    private static final int MAX_STREAM = 65_535;
    private static final int OPT_RECORD = 11;
    private static final String LOCALHOST = "localhost";

    private final NameTable table;
    private final @Nullable DnsUpstream upstream;
    private final boolean refusing;
    private final int timeToLive;

    private DnsResponder(NameTable table, @Nullable DnsUpstream upstream, boolean refusing, int timeToLive) {
        this.table = table;
        this.upstream = upstream;
        this.refusing = refusing;
        this.timeToLive = timeToLive;
    }

    /// A responder for which names do not exist that `table` does not know.
    public static DnsResponder of(NameTable table) {
        return new DnsResponder(Objects.requireNonNull(table), null, false, 0);
    }

    /// The same, but what the table does not know goes to `other`.
    public DnsResponder withUpstream(DnsUpstream other) {
        return new DnsResponder(table, Objects.requireNonNull(other), false, timeToLive);
    }

    /// The same, but refuses what the table does not know, so that clients go to their next name server.
    public DnsResponder refusingOthers() {
        return new DnsResponder(table, null, true, timeToLive);
    }

    /// The same with another time for which answers may be kept.
    ///
    /// @param seconds 0 or more
    public DnsResponder withTimeToLive(int seconds) {
        if (seconds < 0) {
            throw new IllegalArgumentException("A time to live is 0 s or more, not " + seconds);
        }
        return new DnsResponder(table, upstream, refusing, seconds);
    }

    /// Whether [#answer] of this query is going to ask the upstream, and so may block.
    public boolean asksUpstream(byte[] query, int from, int length) {
        DnsQuery read = upstream == null ? null : DnsQuery.read(query, from, length);
        return read != null && read.rcode() == DnsQuery.NOERROR && find(read) == null;
    }

    /// The answer to a query.
    ///
    /// @param stream whether it came over TCP, where an answer may have 65,535 octets; over UDP it has at most what
    ///     the query says, and [#MAX_DATAGRAM]: a longer one is cut down to its head, with the bit TC
    /// @return null if there is nothing to say: no query, or one whose answer would be an answer to an answer
    public byte @Nullable [] answer(byte[] query, int from, int length, boolean stream) {
        Objects.checkFromIndexSize(from, length, query.length);
        DnsQuery read = DnsQuery.read(query, from, length);
        if (read == null) {
            return null;
        }
        int limit = stream ? MAX_STREAM : Math.min(read.payload(), MAX_DATAGRAM);
        if (read.rcode() != DnsQuery.NOERROR) {
            return head(query, from, read, read.rcode(), false);
        }
        Found found = find(read);
        if (found != null) {
            return known(query, from, read, found, limit);
        }
        if (upstream != null) {
            return forwarded(upstream, query, from, length, read, limit);
        }
        // RFC 1035 section 4.1.1: that a name does not exist is "meaningful only for responses from an authoritative
        // name server"; without an upstream this one knows all there is.
        return head(query, from, read, refusing ? DnsQuery.REFUSED : DnsQuery.NXDOMAIN, !refusing);
    }

    /// What is known of a name: its addresses, or the name it points to, or neither where only the name is known.
    private record Found(
            List<IpAddress> addresses, @Nullable String pointer) {}

    private @Nullable Found find(DnsQuery query) {
        String name = query.name();
        if (name == null || query.dnsClass() != DnsQuery.IN && query.dnsClass() != DnsQuery.ANY) {
            return null;
        }
        if (name.equals(LOCALHOST) || name.endsWith("." + LOCALHOST)) {
            return new Found(List.of(IpAddress.LOOPBACK_IPV4, IpAddress.LOOPBACK_IPV6), null);
        }
        IpAddress address = DnsName.reverse(name);
        if (address != null) {
            String pointer = address.isLoopback() ? LOCALHOST : table.name(address);
            return pointer == null || DnsName.write(pointer) == null ? null : new Found(List.of(), pointer);
        }
        List<IpAddress> addresses = table.addresses(name);
        return addresses.isEmpty() ? null : new Found(addresses, null);
    }

    private byte[] known(byte[] query, int from, DnsQuery read, Found found, int limit) {
        int type = read.type();
        boolean any = type == DnsQuery.ANY;
        byte[] head = head(query, from, read, DnsQuery.NOERROR, true);
        int options = read.edns() ? OPT_RECORD : 0;
        byte[] answer = Arrays.copyOf(head, Math.max(head.length, limit));
        int at = head.length - options;
        int count = 0;
        for (IpAddress address : found.addresses) {
            if (any || type == (address.isIpv4() ? DnsQuery.A : DnsQuery.AAAA)) {
                at = record(answer, at, limit - options, typeOf(address), address.octets());
                count++;
            }
        }
        byte[] pointer = found.pointer == null ? null : DnsName.write(found.pointer);
        if (pointer != null && (any || type == DnsQuery.PTR)) {
            at = record(answer, at, limit - options, DnsQuery.PTR, pointer);
            count++;
        }
        if (at < 0) {
            // RFC 2181 section 9: a set of records that does not fit is left out, and TC says so; the client comes
            // again over TCP.
            Bytes.put16(head, 2, Bytes.u16(head, 2) | DnsQuery.TC);
            return head;
        }
        Bytes.put16(answer, 6, count);
        System.arraycopy(head, head.length - options, answer, at, options);
        return Arrays.copyOf(answer, at + options);
    }

    private static int typeOf(IpAddress address) {
        return address.isIpv4() ? DnsQuery.A : DnsQuery.AAAA;
    }

    /// Writes a record whose name is that of the question (RFC 1035 section 4.1.3, 4.1.4).
    ///
    /// @return where the next one goes; -1 if this one or one before it did not fit
    private int record(byte[] answer, int at, int limit, int type, byte[] data) {
        if (at < 0 || at + 12 + data.length > limit) {
            return -1;
        }
        Bytes.put16(answer, at, 0xc000 | DnsQuery.HEADER);
        Bytes.put16(answer, at + 2, type);
        Bytes.put16(answer, at + 4, DnsQuery.IN);
        Bytes.put32(answer, at + 6, timeToLive);
        Bytes.put16(answer, at + 10, data.length);
        System.arraycopy(data, 0, answer, at + 12, data.length);
        return at + 12 + data.length;
    }

    /// An answer without records but the OPT record that a query with one is owed.
    private static byte[] head(byte[] query, int from, DnsQuery read, int rcode, boolean authoritative) {
        int question = read.questionLength();
        byte[] answer = new byte[DnsQuery.HEADER + question + (read.edns() ? OPT_RECORD : 0)];
        System.arraycopy(query, from, answer, 0, 2);
        int flags = DnsQuery.QR
                | read.flags() & (DnsQuery.OPCODE | DnsQuery.RD)
                | DnsQuery.RA
                | (authoritative ? DnsQuery.AA : 0)
                | rcode & 0xf;
        Bytes.put16(answer, 2, flags);
        if (question > 0) {
            Bytes.put16(answer, 4, 1);
            System.arraycopy(query, from + DnsQuery.HEADER, answer, DnsQuery.HEADER, question);
        }
        if (read.edns()) {
            // RFC 6891 section 6.1.2: the root as the name, the payload size as the class, and in the place of the
            // time to live the upper bits of the RCODE, the version and flags.
            int at = DnsQuery.HEADER + question;
            Bytes.put16(answer, 10, 1);
            Bytes.put16(answer, at + 1, DnsQuery.OPT);
            Bytes.put16(answer, at + 3, MAX_DATAGRAM);
            answer[at + 5] = (byte) (rcode >>> 4);
        }
        return answer;
    }

    private static byte[] forwarded(DnsUpstream to, byte[] query, int from, int length, DnsQuery read, int limit) {
        byte[] answer;
        try {
            answer = to.ask(Arrays.copyOfRange(query, from, from + length));
        } catch (IOException e) {
            System.getLogger("dev.berth.names")
                    .log(System.Logger.Level.DEBUG, () -> "No answer about " + read.name() + ": " + e.getMessage());
            answer = null;
        }
        // The client compares all of this too; an answer to another question would only make it wait.
        if (answer == null
                || answer.length < DnsQuery.HEADER
                || answer.length > MAX_STREAM
                || Bytes.u16(answer, 0) != Bytes.u16(query, from)
                || (Bytes.u16(answer, 2) & DnsQuery.QR) == 0) {
            return head(query, from, read, DnsQuery.SERVFAIL, false);
        }
        if (answer.length <= limit) {
            return answer;
        }
        byte[] cut = head(query, from, read, Bytes.u16(answer, 2) & 0xf, false);
        Bytes.put16(cut, 2, Bytes.u16(cut, 2) | DnsQuery.TC);
        return cut;
    }
}
