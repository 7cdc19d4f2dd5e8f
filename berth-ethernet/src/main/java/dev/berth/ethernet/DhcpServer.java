package dev.berth.ethernet;

import dev.berth.wire.Bytes;
import dev.berth.wire.DhcpMessage;
import dev.berth.wire.DhcpWriter;
import dev.berth.wire.EthernetHeader;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.UdpHeader;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The DHCPv4 server of a segment, for one port (RFC 2131 section 4.3). It gives out addresses of the segment's
/// subnet, and it is the only one there: it knows of each address whose it is. Guarded by the port.
final class DhcpServer {
    private static final long SECOND = 1_000_000_000L;
    private static final int LEAST_SECONDS = 60;
    private static final int DHCP_AT = EthernetHeader.LENGTH + Ipv4Header.MIN_LENGTH + UdpHeader.LENGTH;

    /// The port, as far as the server changes it.
    interface Guests {
        /// Lets a guest have a leased address; false if somebody on the network has it.
        boolean bind(int address, long linkLayer, long now);

        /// Takes it away.
        void unbind(int address);

        /// Whether a guest has an address and this link-layer address.
        boolean has(int address, long linkLayer);

        /// What the guest calls itself; only letters, digits and hyphens.
        void named(String name);
    }

    private final SegmentPlan plan;
    private final IpAddress.Prefix router;
    private final LeaseTable leases;
    private final Guests guests;
    private final PortTally tally;
    private final DhcpMessage message = new DhcpMessage();

    DhcpServer(SegmentPlan plan, LeaseTable leases, Guests guests, PortTally tally) {
        this.plan = plan;
        this.router = Objects.requireNonNull(plan.router4());
        this.leases = leases;
        this.guests = guests;
        this.tally = tally;
    }

    /// Works on a message.
    ///
    /// @param at where the DHCP message starts in the guest's frame
    /// @param linkLayer where the frame comes from
    /// @param reply where an answer is written, as a whole frame from 0 on
    /// @return octets of the answer; 0 for none, and then the reason was counted if nothing came of the message
    int accept(byte[] bytes, int at, int length, long linkLayer, byte[] reply, long now) {
        if (!message.parse(bytes, at, length)) {
            tally.drop(FrameDrop.MALFORMED);
            return 0;
        }
        if (message.hardware != linkLayer) {
            tally.drop(FrameDrop.SPOOFED);
            return 0;
        }
        int own = router.address().ipv4();
        if (message.relay != 0 || message.server != 0 && message.server != own) {
            if (message.type == DhcpMessage.REQUEST) {
                // RFC 2131 section 4.3.2: the client has chosen another server.
                leases.end(linkLayer, 0, guests, now);
            }
            tally.drop(FrameDrop.DHCP_NOT_OURS);
            return 0;
        }
        return switch (message.type) {
            case DhcpMessage.DISCOVER -> discover(bytes, reply, now);
            case DhcpMessage.REQUEST -> request(bytes, reply, now);
            case DhcpMessage.DECLINE -> decline(now);
            case DhcpMessage.RELEASE -> release(now);
            case DhcpMessage.INFORM -> inform(bytes, reply);
            default -> { // an offer, an acknowledgment: only servers send them
                tally.drop(FrameDrop.ROGUE);
                yield 0;
            }
        };
    }

    private int discover(byte[] bytes, byte[] reply, long now) {
        int address = leases.offer(message.hardware, message.requested, guests, now);
        if (address == 0) {
            tally.drop(FrameDrop.NO_LEASE);
            return 0;
        }
        return answer(bytes, reply, DhcpMessage.OFFER, address);
    }

    private int request(byte[] bytes, byte[] reply, long now) {
        boolean selecting = message.server != 0;
        int wanted = message.clientAddress != 0 ? message.clientAddress : message.requested;
        if (!selecting && message.clientAddress == 0 && plan.isForGuests(0, IpAddress.mapped(wanted))) {
            // RFC 2131 section 4.3.2, INIT-REBOOT: without a record the server remains silent.
            if (!leases.knows(message.hardware, guests, now)) {
                tally.drop(FrameDrop.DHCP_NOT_OURS);
                return 0;
            }
        }
        boolean renewing = message.clientAddress != 0;
        if (!leases.bind(message.hardware, wanted, guests, renewing, now, seconds() * SECOND)) {
            return refuse(bytes, reply, wanted);
        }
        if (!guests.bind(wanted, message.hardware, now)) {
            leases.end(message.hardware, wanted, guests, now);
            return refuse(bytes, reply, wanted);
        }
        tally.leases.increment();
        String name = name(bytes);
        if (name != null) {
            guests.named(name);
        }
        return answer(bytes, reply, DhcpMessage.ACK, wanted);
    }

    private int refuse(byte[] bytes, byte[] reply, int wanted) {
        tally.refusedLeases.increment();
        if (guests.has(wanted, message.hardware)) {
            guests.unbind(wanted);
        }
        return answer(bytes, reply, DhcpMessage.NAK, 0);
    }

    private int decline(long now) {
        if (leases.decline(message.hardware, message.requested, guests, now)) {
            guests.unbind(message.requested);
        } else {
            tally.drop(FrameDrop.DHCP_NOT_OURS);
        }
        return 0;
    }

    private int release(long now) {
        boolean used = guests.has(message.clientAddress, message.hardware);
        // A client that has come back to another port may give back what it has not used there yet.
        if (used || leases.isLeased(message.hardware, message.clientAddress, guests, now)) {
            if (used) {
                guests.unbind(message.clientAddress);
            }
            leases.end(message.hardware, message.clientAddress, guests, now);
        } else {
            tally.drop(FrameDrop.DHCP_NOT_OURS);
        }
        return 0;
    }

    private int inform(byte[] bytes, byte[] reply) {
        if (!guests.has(message.clientAddress, message.hardware)) {
            tally.drop(FrameDrop.SPOOFED);
            return 0;
        }
        return answer(bytes, reply, DhcpMessage.ACK, 0);
    }

    /// As long as the client asks for, within bounds.
    private int seconds() {
        long asked = message.leaseTime & 0xffff_ffffL;
        return asked == 0
                ? plan.leaseSeconds()
                : Math.clamp(asked, Math.min(LEAST_SECONDS, plan.leaseSeconds()), plan.leaseSeconds());
    }

    /// The client's name as far as it can be one of a host (RFC 1123 section 2.1); null otherwise.
    private @Nullable String name(byte[] bytes) {
        if (message.nameLength < 1 || message.nameLength > 63) {
            return null;
        }
        StringBuilder name = new StringBuilder(message.nameLength);
        for (int i = 0; i < message.nameLength; i++) {
            int c = Bytes.u8(bytes, message.nameAt + i);
            c = c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
            boolean alphanumeric = c >= 'a' && c <= 'z' || c >= '0' && c <= '9';
            if (!alphanumeric && (c != '-' || i == 0 || i == message.nameLength - 1)) {
                return null;
            }
            name.append((char) c);
        }
        return name.toString();
    }

    private int answer(byte[] bytes, byte[] reply, int type, int address) {
        int end = DhcpWriter.begin(reply, DHCP_AT, message, type, address);
        end = DhcpWriter.option32(
                reply, end, DhcpWriter.SERVER, router.address().ipv4());
        end = DhcpWriter.identifier(reply, end, message, bytes);
        if (type != DhcpMessage.NAK) {
            if (address != 0) {
                int seconds = seconds();
                end = DhcpWriter.option32(reply, end, DhcpWriter.LEASE_TIME, seconds);
                end = DhcpWriter.option32(reply, end, DhcpWriter.RENEWAL, seconds / 2);
                end = DhcpWriter.option32(reply, end, DhcpWriter.REBINDING, seconds / 8 * 7);
            }
            int mask = router.length() == 0 ? 0 : -1 << 32 - router.length();
            end = DhcpWriter.option32(reply, end, DhcpWriter.SUBNET_MASK, mask);
            end = DhcpWriter.option32(
                    reply, end, DhcpWriter.ROUTER, router.address().ipv4());
            if (router.broadcast() != -1) {
                end = DhcpWriter.option32(reply, end, DhcpWriter.BROADCAST_ADDRESS, router.broadcast());
            }
            if (!plan.dns4().isEmpty()) {
                end = DhcpWriter.option32(
                        reply,
                        end,
                        DhcpWriter.DNS_SERVER,
                        plan.dns4().getFirst().ipv4());
            }
            end = DhcpWriter.option16(reply, end, DhcpWriter.MTU, plan.mtu());
        }
        end = DhcpWriter.end(reply, end, DHCP_AT);
        return frame(reply, end, type, address);
    }

    /// Puts the headers before an answer. RFC 2131 section 4.1: to 'ciaddr' if there is one, else to all where the
    /// client asks for that, else to the address that it is to have; a refusal to all.
    private int frame(byte[] reply, int end, int type, int address) {
        int to = type == DhcpMessage.NAK
                ? -1
                : message.clientAddress != 0 ? message.clientAddress : message.broadcast ? -1 : address;
        int from = router.address().ipv4();
        EthernetHeader.write(
                reply, 0, to == -1 ? EthernetHeader.BROADCAST : message.hardware, plan.mac(), EthernetHeader.IPV4);
        int ip = EthernetHeader.LENGTH;
        Ipv4Header.write(reply, ip, 0, end - ip, 0, 0, 64, IpProtocol.UDP, from, to);
        int udp = ip + Ipv4Header.MIN_LENGTH;
        int length = end - udp;
        Bytes.put16(reply, udp + UdpHeader.SOURCE_PORT, DhcpMessage.SERVER_PORT);
        Bytes.put16(reply, udp + UdpHeader.DESTINATION_PORT, DhcpMessage.CLIENT_PORT);
        Bytes.put16(reply, udp + UdpHeader.DATAGRAM_LENGTH, length);
        Bytes.put16(reply, udp + UdpHeader.CHECKSUM, 0);
        long sum = InternetChecksum.pseudoHeaderSum(
                        false, 0, IpAddress.mapped(from), 0, IpAddress.mapped(to), IpProtocol.UDP, length)
                + InternetChecksum.payloadSum(reply, udp, length);
        int checksum = InternetChecksum.finish(sum);
        Bytes.put16(reply, udp + UdpHeader.CHECKSUM, checksum == 0 ? 0xffff : checksum);
        return end;
    }
}
