package dev.berth.sockets;

import dev.berth.host.Host;
import dev.berth.host.HostSocket;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.net.SocketOptions;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// What `java.net.Socket` and `ServerSocket` do, on a host.
///
/// One thread at a time reads or accepts, and one writes; closing waits for neither. An interrupt ends the wait of a
/// virtual thread, not that of a platform thread.
public class BerthSocketImpl extends SocketImpl {
    private static final int NEW = 0;
    private static final int UNCONNECTED = 1;
    private static final int CONNECTING = 2;
    private static final int CONNECTED = 3;
    private static final int CLOSED = 4;

    private static final String SOCKET_CLOSED = "Socket closed";

    private final Host host;
    private final boolean server;
    private final TimedLock readLock = new TimedLock();
    private final ReentrantLock writeLock = new ReentrantLock();
    private final Object stateLock = new Object();

    private volatile int state = NEW;
    private volatile int timeoutMillis;
    private volatile boolean inputClosed;
    private volatile boolean outputClosed;
    private volatile @Nullable TcpSocket connection;
    private volatile @Nullable TcpAcceptor acceptor;

    /// What the last read was, for the thread that holds the read lock: the end and a reset stay.
    private boolean ended;

    private boolean reset;

    /// @param server true for a `ServerSocket`
    public BerthSocketImpl(Host host, boolean server) {
        this.host = Objects.requireNonNull(host);
        this.server = server;
    }

    /// The host that the socket is on.
    final Host host() {
        return host;
    }

    @Override
    protected void create(boolean stream) throws IOException {
        if (!stream) {
            throw new IOException("Datagram socket creation not supported");
        }
        synchronized (stateLock) {
            if (state != NEW) {
                throw new IOException("Already created");
            }
            if (server) {
                TcpAcceptor opened = host.openTcpAcceptor();
                opened.reuseAddress(true); // as the JDK has it for listening sockets on all but Windows
                acceptor = opened;
            } else {
                connection = host.openTcpSocket();
            }
            state = UNCONNECTED;
        }
    }

    private void ensureOpen() throws SocketException {
        if (state == NEW) {
            throw new SocketException("Socket not created");
        }
        if (state == CLOSED) {
            throw new SocketException(SOCKET_CLOSED);
        }
    }

    private TcpSocket connected() throws SocketException {
        TcpSocket socket = connection;
        if (state == CLOSED) {
            throw new SocketException(SOCKET_CLOSED);
        }
        if (state != CONNECTED || socket == null) {
            throw new SocketException("Not connected");
        }
        return socket;
    }

    private TcpSocket connection() throws SocketException {
        ensureOpen();
        TcpSocket socket = connection;
        if (socket == null) {
            throw new SocketException("Not a client socket");
        }
        return socket;
    }

    private TcpAcceptor acceptor() throws SocketException {
        ensureOpen();
        TcpAcceptor socket = acceptor;
        if (socket == null) {
            throw new SocketException("Not a server socket");
        }
        return socket;
    }

    private HostSocket either() throws SocketException {
        return server ? acceptor() : connection();
    }

    // ---- connecting

    @Override
    protected void connect(String name, int remotePort) throws IOException {
        connect(new InetSocketAddress(name, remotePort), 0);
    }

    @Override
    protected void connect(InetAddress remoteAddress, int remotePort) throws IOException {
        connect(new InetSocketAddress(remoteAddress, remotePort), 0);
    }

    @Override
    protected void connect(SocketAddress remote, int millis) throws IOException {
        if (!(remote instanceof InetSocketAddress inet)) {
            throw new IOException("Unsupported address type");
        }
        if (inet.isUnresolved()) {
            throw new UnknownHostException(inet.getHostName());
        }
        try {
            long nanos = readLock.lock(millis, "Connect timed out");
            try {
                TcpSocket socket = beginConnect(inet);
                socket.connect(Addresses.remote(inet.getAddress(), inet.getPort()), nanos);
                endConnect(socket);
            } finally {
                readLock.unlock();
            }
        } catch (SocketTimeoutException e) {
            close();
            throw e;
        } catch (InterruptedIOException e) {
            close();
            throw closedByInterrupt(e);
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private TcpSocket beginConnect(InetSocketAddress remote) throws SocketException {
        synchronized (stateLock) {
            String refusal = switch (state) {
                case NEW -> "Not created";
                case CONNECTING -> "Connection in progress";
                case CONNECTED -> "Already connected";
                case CLOSED -> SOCKET_CLOSED;
                default -> null;
            };
            if (refusal != null) {
                throw new SocketException(refusal);
            }
            state = CONNECTING;
            address = remote.getAddress();
            port = remote.getPort();
            return connection();
        }
    }

    private void endConnect(TcpSocket socket) throws SocketException {
        synchronized (stateLock) {
            if (state == CLOSED) {
                throw new SocketException(SOCKET_CLOSED);
            }
            localport = localPort(socket);
            state = CONNECTED;
        }
    }

    private static int localPort(HostSocket socket) {
        Endpoint end = socket.local();
        return end == null ? 0 : end.port();
    }

    private static SocketException closedByInterrupt(InterruptedIOException cause) {
        SocketException closed = new SocketException("Closed by interrupt");
        closed.initCause(cause);
        return closed;
    }

    // ---- binding and accepting

    @Override
    protected void bind(InetAddress localAddress, int localPort) throws IOException {
        synchronized (stateLock) {
            HostSocket socket = either();
            if (localport != 0) {
                throw new SocketException("Already bound");
            }
            socket.bind(Addresses.local(localAddress, localPort, false));
            address = localAddress;
            localport = localPort(socket);
        }
    }

    @Override
    protected void listen(int backlog) throws IOException {
        synchronized (stateLock) {
            TcpAcceptor socket = acceptor();
            if (localport == 0) {
                throw new SocketException("Not bound");
            }
            socket.listen(backlog < 1 ? 50 : backlog);
        }
    }

    @Override
    protected void accept(SocketImpl into) throws IOException {
        BerthSocketImpl accepted = (BerthSocketImpl) into;
        if (accepted.state != NEW) {
            throw new SocketException("Not a newly created SocketImpl");
        }
        TcpSocket socket;
        long nanos = readLock.lock(timeoutMillis, "Accept timed out");
        try {
            TcpAcceptor listening = acceptor();
            if (localport == 0) {
                throw new SocketException("Not bound");
            }
            socket = listening.accept(nanos);
        } finally {
            readLock.unlock();
        }
        accepted.take(socket);
    }

    private void take(TcpSocket socket) {
        synchronized (stateLock) {
            Endpoint remote = Objects.requireNonNull(socket.remote());
            connection = socket;
            localport = localPort(socket);
            address = Addresses.inetAddress(remote.address(), false);
            port = remote.port();
            state = CONNECTED;
        }
    }

    // ---- reading and writing

    @Override
    protected InputStream getInputStream() {
        return new Input();
    }

    @Override
    protected OutputStream getOutputStream() {
        return new Output();
    }

    private int read(byte[] bytes, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        if (length == 0) {
            return 0;
        }
        long nanos = readLock.lock(timeoutMillis, "Read timed out");
        try {
            if (ended) {
                return -1;
            }
            TcpSocket socket = connected();
            if (reset) {
                throw new SocketException(Failures.RESET);
            }
            int n = inputClosed ? -1 : socket.read(bytes, from, length, nanos);
            ended = n < 0;
            return n;
        } catch (SocketException e) {
            throw failed(e, true);
        } finally {
            readLock.unlock();
        }
    }

    private void write(byte[] bytes, int from, int length) throws IOException {
        Objects.checkFromIndexSize(from, length, bytes.length);
        if (length == 0) {
            return;
        }
        writeLock.lock();
        try {
            connected().write(bytes, from, length);
        } catch (SocketException e) {
            throw failed(e, false);
        } finally {
            writeLock.unlock();
        }
    }

    /// What a read or write fails with, when the host has said why.
    private SocketException failed(SocketException failure, boolean reading) {
        if (state == CLOSED) {
            return SOCKET_CLOSED.equals(failure.getMessage()) ? failure : new SocketException(SOCKET_CLOSED);
        }
        if (reading && Failures.isReset(failure)) {
            reset = true;
        }
        return failure;
    }

    @Override
    protected int available() throws IOException {
        TcpSocket socket = connected();
        return inputClosed ? 0 : socket.available();
    }

    @Override
    protected void close() throws IOException {
        synchronized (stateLock) {
            if (state == CLOSED) {
                return;
            }
            state = CLOSED;
        }
        TcpAcceptor listening = acceptor;
        if (listening != null) {
            listening.close();
        }
        TcpSocket socket = connection;
        if (socket != null) {
            Closing.close(socket);
        }
    }

    @Override
    protected void shutdownInput() throws IOException {
        synchronized (stateLock) {
            TcpSocket socket = connected();
            if (!inputClosed) {
                inputClosed = true;
                socket.shutdownInput();
            }
        }
    }

    @Override
    protected void shutdownOutput() throws IOException {
        synchronized (stateLock) {
            TcpSocket socket = connected();
            if (!outputClosed) {
                outputClosed = true;
                socket.shutdownOutput();
            }
        }
    }

    @Override
    protected boolean supportsUrgentData() {
        return true;
    }

    @Override
    protected void sendUrgentData(int data) throws IOException {
        writeLock.lock();
        try {
            if (writeUrgent(connected(), data) == TcpSocket.UNAVAILABLE) {
                throw new SocketException("No buffer space available");
            }
        } finally {
            writeLock.unlock();
        }
    }

    private int writeUrgent(TcpSocket socket, int octet) throws IOException {
        try {
            return socket.tryWriteUrgent(octet);
        } catch (SocketException e) {
            // The JDK has the words of the kernel here, in a plain IOException.
            throw state == CLOSED ? new SocketException(SOCKET_CLOSED) : new IOException(e.getMessage(), e);
        }
    }

    // ---- options

    @Override
    protected Set<SocketOption<?>> supportedOptions() {
        return server ? AcceptorOptions.SERVER_SOCKET.names() : HostOptions.SOCKET_NAMES;
    }

    @Override
    protected <T> void setOption(SocketOption<T> name, T value) throws IOException {
        synchronized (stateLock) {
            if (server) {
                AcceptorOptions.SERVER_SOCKET.check(name, value);
                AcceptorOptions.SERVER_SOCKET.set(acceptor(), name, value);
            } else {
                HostOptions.TCP.check(name, value);
                HostOptions.TCP.set(connection(), name, value);
            }
        }
    }

    @Override
    protected <T> T getOption(SocketOption<T> name) throws IOException {
        synchronized (stateLock) {
            return server
                    ? AcceptorOptions.SERVER_SOCKET.get(acceptor(), name)
                    : HostOptions.TCP.get(connection(), name);
        }
    }

    @Override
    public void setOption(int id, Object value) throws SocketException {
        ensureOpen();
        if (id != SocketOptions.SO_TIMEOUT) {
            NumberedOptions.set(id, value, this::setOption);
            return;
        }
        int millis = NumberedOptions.integer(value, "SO_TIMEOUT");
        if (millis < 0) {
            throw new SocketException("timeout < 0");
        }
        timeoutMillis = millis;
    }

    @Override
    public Object getOption(int id) throws SocketException {
        ensureOpen();
        return switch (id) {
            case SocketOptions.SO_TIMEOUT -> timeoutMillis;
            case SocketOptions.SO_BINDADDR -> {
                Endpoint end = either().local();
                yield end == null ? Addresses.anyLocal() : Addresses.inetAddress(end.address(), false);
            }
            default -> NumberedOptions.get(id, this::getOption);
        };
    }

    /// The stream of what comes in.
    private final class Input extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] octet = new byte[1];
            return read(octet, 0, 1) > 0 ? octet[0] & 0xff : -1;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            return BerthSocketImpl.this.read(bytes, from, length);
        }

        @Override
        public int available() throws IOException {
            return BerthSocketImpl.this.available();
        }

        @Override
        public void close() throws IOException {
            BerthSocketImpl.this.close();
        }
    }

    /// The stream of what goes out.
    private final class Output extends OutputStream {
        @Override
        public void write(int octet) throws IOException {
            write(new byte[] {(byte) octet}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            BerthSocketImpl.this.write(bytes, from, length);
        }

        @Override
        public void close() throws IOException {
            BerthSocketImpl.this.close();
        }
    }
}
