package dev.berth.tun;

import dev.berth.wire.Bytes;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.UdpHeader;
import java.nio.ByteOrder;

/// The virtio-net header that goes before every packet of a TUN device with `IFF_VNET_HDR`: what is still to be done
/// about the packet's checksum and segmentation (virtio 1.2 section 5.1.6, `struct virtio_net_hdr`). Numbers are in
/// the order of the machine.
///
/// ```
/// +----------+----------+---------------------+---------------------+
/// |  flags   | gso_type |       hdr_len       |      gso_size       |
/// +----------+----------+---------------------+---------------------+
/// |     csum_start      |     csum_offset     |
/// +---------------------+---------------------+
/// ```
final class VnetHeader {
    /// Octets of the header, without the count of buffers that only rings of a virtual machine have.
    static final int LENGTH = 10;

    static final int NEEDS_CSUM = 1;
    static final int DATA_VALID = 2;
    static final int GSO_NONE = 0;
    static final int GSO_TCPV4 = 1;
    static final int GSO_TCPV6 = 4;
    static final int GSO_UDP_L4 = 5;
    static final int GSO_ECN = 0x80;

    private static final int FLAGS = 0;
    private static final int GSO_TYPE = 1;
    private static final int HDR_LEN = 2;
    private static final int GSO_SIZE = 4;
    private static final int CSUM_START = 6;
    private static final int CSUM_OFFSET = 8;

    private static final boolean REVERSED = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private VnetHeader() {}

    /// Applies the header at `at` of `bytes` to a packet whose octets are in place already.
    ///
    /// @return false if the header makes no sense for the packet
    static boolean read(byte[] bytes, int at, Packet packet) {
        int flags = bytes[at + FLAGS];
        int gso = bytes[at + GSO_TYPE] & ~GSO_ECN & 0xff;
        if ((flags & NEEDS_CSUM) != 0) {
            if (!readChecksum(bytes, at, packet)) {
                return false;
            }
        } else {
            packet.checksum = (flags & DATA_VALID) != 0 ? Packet.CHECKSUM_VERIFIED : Packet.CHECKSUM_COMPLETE;
        }
        if (gso == GSO_NONE) {
            return true;
        }
        packet.segmentSize = u16(bytes, at + GSO_SIZE);
        return packet.segmentSize > 0 && (gso == GSO_TCPV4 || gso == GSO_TCPV6 || gso == GSO_UDP_L4);
    }

    /// The field holds the sum of the pseudo-header. For TCP and UDP that is a partial checksum; for anything else,
    /// the checksum is completed here, as a receiver would have to know how.
    private static boolean readChecksum(byte[] bytes, int at, Packet packet) {
        int transportAt = packet.start + u16(bytes, at + CSUM_START);
        int offset = u16(bytes, at + CSUM_OFFSET);
        int field = transportAt + offset;
        if (field + 2 > packet.end) {
            return false;
        }
        packet.transportAt = transportAt;
        switch (offset) {
            case TcpHeader.CHECKSUM -> packet.protocol = IpProtocol.TCP;
            case UdpHeader.CHECKSUM -> packet.protocol = IpProtocol.UDP;
            default -> {
                long sum = InternetChecksum.payloadSum(packet.bytes, transportAt, packet.end - transportAt);
                Bytes.put16(packet.bytes, field, InternetChecksum.finish(sum));
                packet.checksum = Packet.CHECKSUM_COMPLETE;
                return true;
            }
        }
        packet.checksum = Packet.CHECKSUM_PARTIAL;
        return true;
    }

    /// Writes the header for `packet` to `bytes` at `at`. A packet that stands for several segments has a
    /// partial checksum; with any other it goes to the kernel as the one large packet that it is.
    static void write(byte[] bytes, int at, Packet packet) {
        Bytes.put64(bytes, at, 0);
        put16(bytes, at + CSUM_OFFSET, 0);
        int field = packet.checksum == Packet.CHECKSUM_PARTIAL ? packet.checksumAt() : -1;
        if (field < 0) {
            return;
        }
        int transport = packet.transportAt - packet.start;
        bytes[at + FLAGS] = NEEDS_CSUM;
        put16(bytes, at + CSUM_START, transport);
        put16(bytes, at + CSUM_OFFSET, field - packet.transportAt);
        if (packet.segmentSize == 0) {
            return;
        }
        int headers = transport;
        int gso;
        if (packet.protocol == IpProtocol.TCP) {
            headers += TcpHeader.headerLength(packet.bytes, packet.transportAt);
            gso = Bytes.u8(packet.bytes, packet.start) >>> 4 == 6 ? GSO_TCPV6 : GSO_TCPV4;
            if ((TcpHeader.flags(packet.bytes, packet.transportAt) & TcpHeader.CWR) != 0) {
                gso |= GSO_ECN;
            }
        } else {
            headers += UdpHeader.LENGTH;
            gso = GSO_UDP_L4;
        }
        if (packet.length() - headers > packet.segmentSize) {
            bytes[at + GSO_TYPE] = (byte) gso;
            put16(bytes, at + HDR_LEN, headers);
            put16(bytes, at + GSO_SIZE, packet.segmentSize);
        }
    }

    private static int u16(byte[] bytes, int at) {
        int value = Bytes.u16(bytes, at);
        return REVERSED ? Short.reverseBytes((short) value) & 0xffff : value;
    }

    private static void put16(byte[] bytes, int at, int value) {
        Bytes.put16(bytes, at, REVERSED ? Short.reverseBytes((short) value) : value);
    }
}
