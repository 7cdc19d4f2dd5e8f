/// Packet capture: reading and writing pcapng files, and a link that records what passes through it.
package dev.berth.capture;
