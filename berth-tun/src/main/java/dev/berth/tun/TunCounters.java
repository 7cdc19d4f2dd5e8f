package dev.berth.tun;

/// What a [TunLink] has moved and dropped since it was opened. A packet that stands for several segments counts once.
///
/// @param receivedPackets packets handed to the host, including those that the host then dropped
/// @param receivedOctets their octets, without the virtio-net header
/// @param receivedMalformed packets from the kernel whose virtio-net header made no sense
/// @param transmittedPackets packets that the kernel took
/// @param transmittedOctets their octets, without the virtio-net header
/// @param droppedWhileDown packets dropped because the device was down, removed or closed
/// @param droppedQueueFull packets dropped because the kernel's queue stayed full
/// @param droppedRefused packets that the kernel refused as malformed, or that were too large
public record TunCounters(
        long receivedPackets,
        long receivedOctets,
        long receivedMalformed,
        long transmittedPackets,
        long transmittedOctets,
        long droppedWhileDown,
        long droppedQueueFull,
        long droppedRefused) {}
