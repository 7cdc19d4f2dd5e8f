package dev.berth.sockets;

import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;
import java.net.DatagramPacket;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/// How long a datagram a packet can take.
///
/// The JDK keeps that length apart from the length of the datagram received last, so that a packet can be used again
/// and again; but only its own code can see it ([JavaNet]): `setLength` from outside changes both. So where `java.net`
/// is closed, packets are remembered here with their room until the program sets another length or forgets them, and a
/// program that sets the very length that was received cannot be told from one that sets none.
///
/// One per socket; callers hold the packet's monitor, and one thread at a time receives.
final class PacketRooms {
    private static final class Room {
        private int room;
        private int length;
    }

    /// Of all sockets: a packet may go from one to another. Guarded by itself. A packet equals only itself.
    private static final Map<DatagramPacket, Room> ROOMS = new WeakHashMap<>();

    private @Nullable WeakReference<DatagramPacket> last;
    private Room lastRoom = new Room();

    /// The octets that the next datagram may have.
    int room(DatagramPacket packet) {
        VarHandle field = JavaNet.PACKET_ROOM;
        if (field != null) {
            return (int) field.get(packet);
        }
        int length = packet.getLength();
        Room known = find(packet);
        return known == null || known.length != length
                ? length
                : Math.min(known.room, packet.getData().length - packet.getOffset());
    }

    /// The packet holds a datagram of `length` octets now and had room for `room`.
    void received(DatagramPacket packet, int room, int length) {
        VarHandle field = JavaNet.PACKET_LENGTH;
        if (field != null) {
            field.set(packet, length);
            return;
        }
        packet.setLength(length);
        Room known = find(packet);
        if (known == null) {
            if (room == length) {
                return; // nothing to remember
            }
            known = new Room();
            synchronized (ROOMS) {
                ROOMS.put(packet, known);
            }
            remember(packet, known);
        }
        known.room = room;
        known.length = length;
    }

    private @Nullable Room find(DatagramPacket packet) {
        WeakReference<DatagramPacket> recent = last;
        if (recent != null && recent.refersTo(packet)) {
            return lastRoom;
        }
        Room found;
        synchronized (ROOMS) {
            found = ROOMS.get(packet);
        }
        if (found != null) {
            remember(packet, found);
        }
        return found;
    }

    private void remember(DatagramPacket packet, Room room) {
        last = new WeakReference<>(packet);
        lastRoom = room;
    }
}
