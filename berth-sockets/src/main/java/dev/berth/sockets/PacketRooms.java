package dev.berth.sockets;

import java.lang.ref.WeakReference;
import java.net.DatagramPacket;
import org.jspecify.annotations.Nullable;

/// How long a datagram a packet can take.
///
/// The JDK keeps that length apart from the length of the datagram received last, so that a packet can be used again
/// and again; but only its own code can see it: `setLength` from outside changes both. So the last packet of a socket
/// is
/// remembered here with its room, until the program sets another length.
final class PacketRooms {
    private @Nullable WeakReference<DatagramPacket> last;
    private int lastRoom;
    private int lastLength;

    /// The octets that the next datagram may have.
    int room(DatagramPacket packet) {
        WeakReference<DatagramPacket> known = last;
        int length = packet.getLength();
        boolean again = known != null && known.refersTo(packet) && length == lastLength;
        return again ? Math.min(lastRoom, packet.getData().length - packet.getOffset()) : length;
    }

    /// The packet holds a datagram of `length` octets now and had room for `room`.
    void received(DatagramPacket packet, int room, int length) {
        packet.setLength(length);
        WeakReference<DatagramPacket> known = last;
        if (known == null || !known.refersTo(packet)) {
            last = new WeakReference<>(packet);
        }
        lastRoom = room;
        lastLength = length;
    }
}
