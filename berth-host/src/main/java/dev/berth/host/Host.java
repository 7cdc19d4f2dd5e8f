package dev.berth.host;

import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.List;

/// A running TCP/IP host.
public final class Host implements AutoCloseable {
    /// Builds a host.
    public static final class Builder {
        /// The link of the addresses that follow.
        public Builder link(Link link) {
            throw new UnsupportedOperationException();
        }

        /// An address.
        public Builder address(IpAddress.Prefix address) {
            throw new UnsupportedOperationException();
        }

        /// A route through the present link.
        public Builder route(IpAddress.Prefix destination) {
            throw new UnsupportedOperationException();
        }

        /// Builds and starts the links.
        public Host start() throws IOException {
            throw new UnsupportedOperationException();
        }
    }

    ///
    public static Builder builder(String name) {
        throw new UnsupportedOperationException();
    }

    ///
    public String name() {
        throw new UnsupportedOperationException();
    }

    ///
    public List<IpAddress> addresses() {
        throw new UnsupportedOperationException();
    }

    ///
    public TcpSocket openTcpSocket() {
        throw new UnsupportedOperationException();
    }

    ///
    public TcpAcceptor openTcpAcceptor() {
        throw new UnsupportedOperationException();
    }

    ///
    public UdpSocket openUdpSocket() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
