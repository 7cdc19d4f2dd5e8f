/// Packet bytes: header layouts, checksums, addresses, and the buffers that packets live in. No threads, no clock, no
/// I/O.
package dev.berth.wire;
