/// User-mode NAT and published ports: hosts in memory on one side, the sockets of the kernel on the other.
package dev.berth.gateway;
