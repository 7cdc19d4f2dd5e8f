package dev.berth.ethernet;

import dev.berth.wire.Bytes;
import dev.berth.wire.EthernetHeader;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A guest that the test plays: it sends what the test gives it, on the test's thread, and keeps what it is sent.
final class ScriptedGuest implements FrameCarrier {
    private final @Nullable PcapFile file;
    private final List<byte[]> received = new ArrayList<>();
    private @Nullable FrameReceiver network;
    private volatile boolean closed;

    ScriptedGuest(@Nullable PcapFile file) {
        this.file = file;
    }

    @Override
    public String name() {
        return "the test";
    }

    @Override
    public void start(FrameReceiver receiver) {
        network = receiver;
    }

    /// Sends a frame, and forgets what came before.
    ScriptedGuest sends(byte[] frame) {
        synchronized (received) {
            received.clear();
        }
        give(frame);
        return this;
    }

    /// Sends a frame.
    void give(byte[] frame) {
        FrameReceiver to = network;
        if (to == null || closed) {
            throw new AssertionError("The guest is not attached");
        }
        record(frame);
        to.frame(frame, 0, frame.length);
        to.endOfBatch();
    }

    private void record(byte[] frame) {
        if (file != null) {
            try {
                file.write(frame);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public boolean send(byte[] bytes, int at, int length) {
        byte[] frame = Arrays.copyOfRange(bytes, at, at + length);
        synchronized (received) {
            record(frame);
            received.add(frame);
        }
        return true;
    }

    List<byte[]> received() {
        synchronized (received) {
            return List.copyOf(received);
        }
    }

    /// What came and passes.
    List<byte[]> received(Predicate<byte[]> wanted) {
        return received().stream().filter(wanted).toList();
    }

    static boolean isArp(byte[] frame) {
        return Bytes.u16(frame, EthernetHeader.TYPE) == EthernetHeader.ARP;
    }

    static boolean isUdp(byte[] frame) {
        return Bytes.u16(frame, EthernetHeader.TYPE) == EthernetHeader.IPV4
                && frame[EthernetHeader.LENGTH + Ipv4Header.PROTOCOL] == IpProtocol.UDP;
    }

    static boolean isIpv6(byte[] frame) {
        return Bytes.u16(frame, EthernetHeader.TYPE) == EthernetHeader.IPV6;
    }

    @Override
    public void close() {
        closed = true;
    }
}
