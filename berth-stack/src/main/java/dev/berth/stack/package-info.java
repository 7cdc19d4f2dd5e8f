/// A TCP/IP host as a pure state machine: IPv4, IPv6, ICMP, UDP, TCP, timers, routes and snapshots.
package dev.berth.stack;
