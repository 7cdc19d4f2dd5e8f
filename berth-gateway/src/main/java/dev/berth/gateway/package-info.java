/// A gateway between hosts in memory and the sockets of the kernel: user-mode NAT for flows that leave, published
/// ports for flows that come in.
package dev.berth.gateway;
