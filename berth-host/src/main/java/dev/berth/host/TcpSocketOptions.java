package dev.berth.host;

import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpInfo;
import dev.berth.stack.tcp.TcpState;
import java.io.IOException;
import java.net.SocketException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The options of a [TcpSocket]. They may be changed before there is a connection and while there is one.
public abstract sealed class TcpSocketOptions extends DataSocket permits TcpSocketWriting {
    // In flags; a boolean for each would make the object larger
    static final int ERROR_REPORTED = 1;
    static final int INPUT_SHUT = 2;
    static final int OUTPUT_SHUT = 4;

    byte flags; // under the host's lock

    /// The settings; under the host's lock.
    TcpConfig config;

    private boolean quickAck = true; // under the host's lock
    int lingerSeconds = -1; // under the host's lock

    TcpSocketOptions(Host host, StackMonitor monitor, TcpConfig config) {
        super(host, monitor);
        this.config = config;
    }

    /// The connection, or null before there is one.
    abstract @Nullable Tcb connectionOrNull();

    /// True if nothing becomes of the connection any more: its object never leaves these states. Without the lock.
    final boolean isOver() {
        Tcb connection = connectionOrNull();
        return connection != null
                && (connection.state() == TcpState.TIME_WAIT || connection.state() == TcpState.CLOSED);
    }

    final boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /// True after [TcpSocket#shutdownInput].
    public final boolean isInputShutdown() {
        return has(INPUT_SHUT);
    }

    /// True after [TcpSocket#shutdownOutput].
    public final boolean isOutputShutdown() {
        return has(OUTPUT_SHUT);
    }

    private void configure(UnaryOperator<TcpConfig> change) throws SocketException {
        long now = enter();
        try {
            requireOpen();
            config = change.apply(config);
            Tcb connection = connectionOrNull();
            if (connection != null) {
                monitor.stack().tcp().configure(connection, config, now);
            }
        } finally {
            monitor.exit();
        }
    }

    private TcpConfig config() throws SocketException {
        requireOpen();
        return config;
    }

    /// TCP_NODELAY: small segments do not wait for acknowledgments (Nagle off).
    public void noDelay(boolean value) throws IOException {
        configure(c -> c.withNoDelay(value));
    }

    /// TCP_NODELAY: small segments do not wait for acknowledgments (Nagle off).
    public boolean noDelay() throws IOException {
        return config().noDelay();
    }

    /// How the connection finds out how much may be in flight; may be changed at any time. By default, that of the
    /// host's settings.
    public void congestionControl(TcpConfig.Congestion algorithm) throws IOException {
        configure(c -> c.withCongestion(algorithm));
    }

    /// How the connection finds out how much may be in flight.
    public TcpConfig.Congestion congestionControl() throws IOException {
        return config().congestion();
    }

    /// SO_KEEPALIVE: an idle connection is probed.
    public void keepAlive(boolean value) throws IOException {
        configure(c -> c.withKeepAlive(value));
    }

    /// SO_KEEPALIVE: an idle connection is probed.
    public boolean keepAlive() throws IOException {
        return config().keepAlive();
    }

    /// Data may ride on the SYN (RFC 7413): with a server's cookie, connect returns at once, and the SYN goes out
    /// with the first data. Before connecting.
    public void fastOpen(boolean value) throws IOException {
        configure(c ->
                c.withFeatures(c.features().withFastOpen(value, c.features().fastOpenQueue())));
    }

    /// Data may ride on the SYN.
    public boolean fastOpen() throws IOException {
        return config().features().fastOpen();
    }

    /// How long what was written may stay unacknowledged, in milliseconds; 0 for the default.
    public void userTimeoutMillis(int value) throws IOException {
        configure(c -> c.withUserTimeout(value));
    }

    /// How long what was written may stay unacknowledged, in milliseconds; 0 for the default.
    public int userTimeoutMillis() throws IOException {
        return config().userTimeoutMillis();
    }

    /// SO_OOBINLINE: urgent octets are part of the stream; otherwise they are thrown away.
    public void urgentInline(boolean value) throws IOException {
        configure(c -> c.withFeatures(c.features().withUrgentInline(value)));
    }

    /// SO_OOBINLINE: urgent octets are part of the stream; otherwise they are thrown away.
    public boolean urgentInline() throws IOException {
        return config().features().urgentInline();
    }

    /// SO_SNDBUF, in octets; setting it ends the tuning of the buffer.
    public void sendBufferSize(int value) throws IOException {
        configure(c -> c.withBuffers(value, c.receiveBuffer())
                .withFeatures(c.features().withTuning(false, c.features().tuneReceive())));
    }

    /// SO_SNDBUF, in octets.
    public int sendBufferSize() throws IOException {
        return config().sendBuffer();
    }

    /// SO_RCVBUF, in octets; setting it ends the tuning of the buffer.
    public void receiveBufferSize(int value) throws IOException {
        configure(c -> c.withBuffers(c.sendBuffer(), value)
                .withFeatures(c.features().withTuning(c.features().tuneSend(), false)));
    }

    /// SO_RCVBUF, in octets.
    public int receiveBufferSize() throws IOException {
        return config().receiveBuffer();
    }

    /// IP_TOS: DS field of sent packets, 0 to 255. The ECN bits, the low two, are TCP's own (RFC 3168 section 6.1),
    /// and what is set of them is dropped, as Linux does.
    public void trafficClass(int value) throws IOException {
        configure(c -> c.withHeader(value & ~0b11, c.timeToLive()));
    }

    /// IP_TOS: DS field of sent packets.
    public int trafficClass() throws IOException {
        return config().trafficClass();
    }

    /// TCP_KEEPIDLE: seconds of silence before the first probe.
    public void keepIdleSeconds(int value) throws IOException {
        configure(c -> c.withKeepAliveTimes(value, c.keepIntervalSeconds(), c.keepCount()));
    }

    /// TCP_KEEPIDLE: seconds of silence before the first probe.
    public int keepIdleSeconds() throws IOException {
        return config().keepIdleSeconds();
    }

    /// TCP_KEEPINTERVAL: seconds between probes.
    public void keepIntervalSeconds(int value) throws IOException {
        configure(c -> c.withKeepAliveTimes(c.keepIdleSeconds(), value, c.keepCount()));
    }

    /// TCP_KEEPINTERVAL: seconds between probes.
    public int keepIntervalSeconds() throws IOException {
        return config().keepIntervalSeconds();
    }

    /// TCP_KEEPCOUNT: unanswered probes after which the connection is dead.
    public void keepCount(int value) throws IOException {
        configure(c -> c.withKeepAliveTimes(c.keepIdleSeconds(), c.keepIntervalSeconds(), value));
    }

    /// TCP_KEEPCOUNT: unanswered probes after which the connection is dead.
    public int keepCount() throws IOException {
        return config().keepCount();
    }

    /// TCP_QUICKACK: the next segments are acknowledged at once, as at the start of a connection; false lets ACKs
    /// wait. Not for ever, as on Linux: the connection goes its own way later. Without a connection it says how one
    /// begins.
    public void quickAck(boolean value) throws IOException {
        enter();
        try {
            requireOpen();
            Tcb connection = connectionOrNull();
            quickAck = value;
            if (connection != null) {
                monitor.stack().tcp().quickAck(connection, value);
            }
        } finally {
            monitor.exit();
        }
    }

    /// TCP_QUICKACK: whether the next segment is acknowledged at once.
    public boolean quickAck() throws IOException {
        long now = enter();
        try {
            requireOpen();
            Tcb connection = connectionOrNull();
            return connection == null
                    ? quickAck
                    : monitor.stack().tcp().info(connection, now).quickAcks() > 0;
        } finally {
            monitor.exit();
        }
    }

    /// The connection was made: it begins as was said. Under the host's lock.
    /// True if there is nothing for [#beginQuickAck] to do.
    final boolean beginsWithQuickAck() {
        return quickAck;
    }

    final void beginQuickAck(Tcb connection) {
        if (!quickAck) {
            monitor.stack().tcp().quickAck(connection, false);
        }
    }

    /// SO_LINGER: seconds that [#close] waits for acknowledgments; 0 resets the connection, -1 (the default) does not
    /// wait.
    public void lingerSeconds(int value) throws IOException {
        requireOpen();
        lingerSeconds = Math.max(-1, value);
    }

    /// SO_LINGER.
    public int lingerSeconds() throws IOException {
        requireOpen();
        return lingerSeconds;
    }

    /// Octets up to the end of urgent data that were not read, 0 if there is none.
    public final int urgent() throws IOException {
        enter();
        try {
            requireOpen();
            return connection().urgent();
        } finally {
            monitor.exit();
        }
    }

    /// Everything that is known of the connection.
    public final TcpInfo info() throws IOException {
        long now = enter();
        try {
            requireOpen();
            return monitor.stack().tcp().info(connection(), now);
        } finally {
            monitor.exit();
        }
    }

    /// Under the host's lock.
    final Tcb connection() throws SocketException {
        Tcb connection = connectionOrNull();
        if (connection == null) {
            throw new SocketException("Not connected");
        }
        return connection;
    }
}
