package dev.berth.host;

import dev.berth.wire.Endpoint;

/// A connection sent segments again.
///
/// @param local its local end
/// @param remote its remote end
/// @param state the name of its state, as RFC 9293 writes it
/// @param segments how many segments
/// @param octets octets of data in them; a SYN or FIN has none
public record Retransmission(Endpoint local, Endpoint remote, String state, int segments, int octets) {}
