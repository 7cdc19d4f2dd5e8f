/// Linux TUN devices as links of a host, through the foreign function interface of Java.
///
/// [dev.berth.tun.TunLink] attaches a host to the kernel's network: packets that the kernel routes to the device
/// reach the host, and packets of the host reach the kernel. It uses the device's virtio-net header, so that one
/// packet of up to 65,535 octets stands for many segments in both directions and nobody computes a checksum over
/// bytes that never leave the machine.
package dev.berth.tun;
