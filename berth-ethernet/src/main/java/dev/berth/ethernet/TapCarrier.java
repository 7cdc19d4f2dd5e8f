package dev.berth.ethernet;

import dev.berth.tun.FrameInput;
import dev.berth.tun.TapDevice;

/// A TAP device as a carrier: the guest is the kernel of a network namespace, or whatever is bridged to the device.
/// Frames that the kernel's queue has no room for are dropped.
final class TapCarrier implements FrameCarrier {
    private final TapDevice device;

    TapCarrier(TapDevice device) {
        this.device = device;
    }

    @Override
    public String name() {
        return device.name();
    }

    @Override
    public void start(FrameReceiver frames) {
        device.start(new FrameInput() {
            @Override
            public void frame(int sender, byte[] bytes, int length) {
                frames.frame(bytes, 0, length);
            }

            @Override
            public void endOfBatch() {
                frames.endOfBatch();
            }

            @Override
            public void ended(String reason) {
                frames.ended(reason);
            }
        });
    }

    @Override
    public boolean send(byte[] bytes, int at, int length) {
        return device.write(bytes, at, length);
    }

    @Override
    public void close() {
        device.close();
    }
}
