package dev.berth.wire;

/// The TCP header of RFC 9293 section 3.1, read and written in place.
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |          Source Port          |       Destination Port        |
/// |                        Sequence Number                        |
/// |                    Acknowledgment Number                      |
/// |  Data |       |C|E|U|A|P|R|S|F|                               |
/// | Offset| Rsrvd |W|C|R|C|S|S|Y|I|            Window             |
/// |       |       |R|E|G|K|H|T|N|N|                               |
/// |           Checksum            |         Urgent Pointer        |
/// |                           [Options]                           |
/// ```
public final class TcpHeader {
    /// Octets without options.
    public static final int MIN_LENGTH = 20;
    /// Octets with all 40 of options.
    public static final int MAX_LENGTH = 60;

    /// Offset of the source port.
    public static final int SOURCE_PORT = 0;
    /// Offset of the destination port.
    public static final int DESTINATION_PORT = 2;
    /// Offset of the sequence number.
    public static final int SEQUENCE = 4;
    /// Offset of the acknowledgment number.
    public static final int ACKNOWLEDGMENT = 8;
    /// Offset of the data offset, in units of four octets, in the high half of the octet.
    public static final int DATA_OFFSET = 12;
    /// Offset of the control bits.
    public static final int FLAGS = 13;
    /// Offset of the window, unscaled.
    public static final int WINDOW = 14;
    /// Offset of the checksum.
    public static final int CHECKSUM = 16;
    /// Offset of the urgent pointer.
    public static final int URGENT_POINTER = 18;

    /// No more data from sender.
    public static final int FIN = 0x01;
    /// Synchronize sequence numbers.
    public static final int SYN = 0x02;
    /// Reset the connection.
    public static final int RST = 0x04;
    /// Push function.
    public static final int PSH = 0x08;
    /// Acknowledgment field is significant.
    public static final int ACK = 0x10;
    /// Urgent pointer field is significant.
    public static final int URG = 0x20;
    /// ECN-Echo, RFC 3168.
    public static final int ECE = 0x40;
    /// Congestion Window Reduced, RFC 3168.
    public static final int CWR = 0x80;

    private TcpHeader() {}

    /// Octets of header and options at `at`: 20 to 60 in a valid segment, 0 to 60 in any.
    public static int headerLength(byte[] bytes, int at) {
        return (Bytes.u8(bytes, at + DATA_OFFSET) >>> 4) << 2;
    }

    /// The control bits at `at`.
    public static int flags(byte[] bytes, int at) {
        return Bytes.u8(bytes, at + FLAGS);
    }
}
