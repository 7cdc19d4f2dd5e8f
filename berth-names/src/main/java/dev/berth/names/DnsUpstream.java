package dev.berth.names;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Somebody else who answers DNS queries: a real name server behind a gateway, for example. Asked from several
/// threads; may block, but should give up after a few seconds, since whoever asked does so too.
@FunctionalInterface
public interface DnsUpstream {
    /// Asks.
    ///
    /// @param query the octets of the query as the client sent them, without the length that TCP puts before them
    /// @return the octets of the whole answer, not cut to any size; null if there is none
    /// @throws IOException if nobody could be asked: the client is told "server failure"
    byte @Nullable [] ask(byte[] query) throws IOException;
}
