package dev.berth.stack.tcp;

import dev.berth.ports.Flow;
import dev.berth.ports.PortTable;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.ip.DropCounters;
import dev.berth.stack.ip.PathMtu;
import dev.berth.wire.DropReason;

/// What ICMP says of a segment that this host sent: RFC 9293 section 3.9.2.2, with the checks of RFC 5927, since
/// anybody can say it.
final class IcmpArrives {
    private final Tcp tcp;
    private final PortTable<TcpListener> ports;
    private final PathMtu pathMtu;
    private final ListenArrives listens;
    private final DropCounters drops;

    IcmpArrives(Tcp tcp, PortTable<TcpListener> ports, PathMtu pathMtu, ListenArrives listens, DropCounters drops) {
        this.tcp = tcp;
        this.ports = ports;
        this.pathMtu = pathMtu;
        this.listens = listens;
        this.drops = drops;
    }

    void arrived(IcmpError error, long now) {
        Flow flow = ports.lookup(
                error.localHi(),
                error.localLo(),
                error.localPort(),
                error.remoteHi(),
                error.remoteLo(),
                error.remotePort());
        boolean heeded = switch (flow) {
            case Tcb tcb -> connection(tcb, error, now);
            case SynEntry entry -> listens.icmpError(entry, error);
            case null, default -> false;
        };
        if (!heeded) {
            drops.count(DropReason.ICMP_IGNORED);
        }
    }

    private boolean connection(Tcb tcb, IcmpError error, long now) {
        // RFC 5927 section 4.1: the quoted sequence number must be one of data in flight.
        int seq = error.sequence();
        if (SeqNum.lt(seq, tcb.sndUna) || SeqNum.geq(seq, tcb.sndNxt)) {
            return false;
        }
        switch (error.kind()) {
            case PACKET_TOO_BIG -> {
                if (!PathProbing.isBelieved(tcb, error)) {
                    return true;
                }
                pathMtu.lower(error.remoteHi(), error.remoteLo(), error.mtu(), error.quotedLength(), now);
                if (tcb.state.isSynchronized()) {
                    tcb.pending |= Tcb.SEND; // output sees what has changed
                    tcp.markDirty(tcb);
                }
            }
            // SHLD-26: "TCP implementations SHOULD abort the connection".
            case PORT_UNREACHABLE, PROTOCOL_UNREACHABLE -> reported(tcb, TcpError.REFUSED);
            case NET_UNREACHABLE -> reported(tcb, TcpError.NO_ROUTE);
            case HOST_UNREACHABLE, PROHIBITED, TIME_EXCEEDED -> reported(tcb, TcpError.UNREACHABLE);
            case PARAMETER_PROBLEM -> tcb.extras().softError = TcpError.UNREACHABLE;
        }
        return true;
    }

    /// The destination cannot be reached, or not at present.
    ///
    /// RFC 9293 section 3.9.2.2, of codes 0, 1 and 5 and of Time Exceeded: "Since these Unreachable messages indicate
    /// soft error conditions, a TCP implementation MUST NOT abort the connection (MUST-56), and it SHOULD make the
    /// information available to the application (SHLD-25)." And further: "Note that [35], Section 4 describes
    /// widespread implementation behavior that treats soft errors as hard errors during connection establishment."
    ///
    /// Deviation: so they end a connect here, as on Linux, whose connect fails with EHOSTUNREACH or ENETUNREACH on the
    /// first such message. A program that has another address to try shall not wait two minutes, and a Java program
    /// expects its NoRouteToHostException. In the synchronized states neither kind ends anything: hard errors are only
    /// hints there (RFC 5927 section 5.2).
    private void reported(Tcb tcb, TcpError error) {
        if (tcb.state == TcpState.SYN_SENT) {
            tcp.fail(tcb, error);
        } else {
            tcb.extras().softError = error == TcpError.REFUSED ? TcpError.UNREACHABLE : error;
        }
    }
}
