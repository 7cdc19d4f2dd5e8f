package dev.berth.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// One client of a [SocksProxy] until it has what it wants: SOCKS version 5 (RFC 1928, RFC 1929) and the CONNECT
/// method of HTTP (RFC 9110 section 9.3.6), told apart by the first octet. A virtual thread of its own reads,
/// connects and answers; the sweep of the proxy ends it when it takes too long.
final class ProxyClient {
    private static final int VERSION = 5;
    private static final int NO_AUTHENTICATION = 0;
    private static final int NAME_AND_PASSWORD = 2;
    private static final int NO_METHOD = 0xff;
    private static final int NEGOTIATION_VERSION = 1;
    private static final int CONNECT = 1;
    private static final int UDP_ASSOCIATE = 3;
    private static final int IPV4 = 1;
    private static final int NAME = 3;
    private static final int IPV6 = 4;
    private static final int LONGEST_REQUEST = 8 * 1024;
    private static final int MOST_DRAINED = 64 * 1024;

    private final SocksProxy proxy;
    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocate(LONGEST_REQUEST).limit(0);
    private volatile @Nullable TcpSocket inside;
    private volatile @Nullable SocksUdp datagrams;
    private volatile boolean ended;
    private boolean answered;
    private volatile long deadline;

    ProxyClient(SocksProxy proxy, SocketChannel channel, long deadline) {
        this.proxy = proxy;
        this.channel = channel;
        this.deadline = deadline;
    }

    /// When the sweep is to end it, as [System#nanoTime] has it.
    long deadline() {
        return deadline;
    }

    /// What it relays datagrams with, if it does.
    @Nullable
    SocksUdp datagrams() {
        return datagrams;
    }

    /// Serves the client until its connection is carried on, or there is nothing more to do for it.
    void run() {
        boolean carried = false;
        try {
            int first = octet();
            if (first == VERSION) {
                carried = socks();
            } else if (first >= 'A' && first <= 'Z') {
                carried = http(first);
            } else {
                proxy.tally().malformed.increment();
            }
        } catch (EOFException e) {
            proxy.tally().malformed.increment();
        } catch (IOException e) {
            SocksProxy.LOGGER.log(System.Logger.Level.DEBUG, "A client of the proxy went away: {0}", e.getMessage());
        } finally {
            proxy.done(this);
            if (!carried) {
                end();
            }
        }
    }

    /// Ends it from another thread.
    void end() {
        ended = true;
        SocksProxy.close(channel);
        TcpSocket socket = inside;
        if (socket != null) {
            socket.abort();
        }
        SocksUdp relay = datagrams;
        if (relay != null) {
            relay.close();
        }
    }

    // SOCKS

    private boolean socks() throws IOException {
        byte[] methods = octets(octet());
        int method = proxy.password() == null ? NO_AUTHENTICATION : NAME_AND_PASSWORD;
        boolean offered = false;
        for (byte each : methods) {
            offered |= (each & 0xff) == method;
        }
        write(VERSION, offered ? method : NO_METHOD);
        if (!offered) {
            // RFC 1928 section 3: "If the selected METHOD is X'FF', none of the methods listed by the client are
            // acceptable, and the client MUST close the connection."
            proxy.tally().unauthorised.increment();
            drain();
            return false;
        }
        if (method == NAME_AND_PASSWORD && !negotiated()) {
            return false;
        }
        int version = octet();
        int command = octet();
        octet(); // reserved
        try {
            if (version != VERSION) {
                throw new ProxyFailure.Refusal(ProxyFailure.MALFORMED);
            }
            String destination = destination();
            int port = octet() << 8 | octet();
            switch (command) {
                case CONNECT -> {
                    TcpSocket socket = connect(destination, port);
                    answered = true;
                    reply(0, socket.local());
                    return carry(socket, destination + ":" + port);
                }
                case UDP_ASSOCIATE -> associate(port);
                // RFC 1928 section 4 has BIND too: FTP's active mode is all that has used it.
                default -> throw new ProxyFailure.Refusal(ProxyFailure.COMMAND);
            }
        } catch (EOFException e) {
            throw e;
        } catch (IOException e) {
            if (answered) {
                throw e; // whatever it was, the client has its answer
            }
            ProxyFailure failure = ProxyFailure.of(e);
            proxy.tally().count(failure);
            if (!ended) {
                reply(failure.socks, null);
                drain();
            }
        }
        return false;
    }

    /// RFC 1929 section 2.
    private boolean negotiated() throws IOException {
        int version = octet();
        byte[] name = octets(octet());
        byte[] password = octets(octet());
        boolean right = version == NEGOTIATION_VERSION && isRight(name, password);
        // "If the server returns a `failure' (STATUS value other than X'00') status, it MUST close the connection."
        write(NEGOTIATION_VERSION, right ? 0 : 1);
        if (!right) {
            proxy.tally().unauthorised.increment();
            drain();
        }
        return right;
    }

    private boolean isRight(byte[] name, byte[] password) {
        String user = proxy.user();
        String wanted = proxy.password();
        if (user == null || wanted == null) {
            return false;
        }
        // Both are compared in any case: how long it takes says nothing of either.
        boolean nameIsRight = MessageDigest.isEqual(name, user.getBytes(UTF_8));
        boolean passwordIsRight = MessageDigest.isEqual(password, wanted.getBytes(UTF_8));
        return nameIsRight && passwordIsRight;
    }

    private String destination() throws IOException {
        return switch (octet()) {
            case IPV4 -> IpAddress.of(octets(4)).toString();
            case IPV6 -> IpAddress.of(octets(16)).toString();
            case NAME -> new String(octets(octet()), UTF_8);
            default -> throw new ProxyFailure.Refusal(ProxyFailure.ADDRESS_TYPE);
        };
    }

    private TcpSocket connect(String destination, int port) throws IOException {
        List<IpAddress> addresses = proxy.destinations().addresses(destination);
        deadline = System.nanoTime() + addresses.size() * proxy.destinations().connectNanos() + proxy.patience();
        return proxy.destinations().connect(addresses, port, socket -> {
            inside = socket;
            if (ended) {
                socket.abort();
            }
        });
    }

    private boolean carry(TcpSocket socket, String name) throws IOException {
        if (in.hasRemaining()) {
            socket.write(in.array(), in.position(), in.remaining());
        }
        proxy.tally().opened.increment();
        proxy.carry(channel, socket, name);
        return true;
    }

    /// "The UDP ASSOCIATE request is used to establish an association within the UDP relay process to handle UDP
    /// datagrams. [...] A UDP association terminates when the TCP connection that the UDP ASSOCIATE request arrived
    /// on terminates." RFC 1928 sections 6 and 7.
    private void associate(int port) throws IOException {
        SocksUdp relay = proxy.associate(channel, port);
        datagrams = relay;
        try {
            if (ended) {
                return;
            }
            answered = true;
            reply(0, relay.local());
            relay.start();
            while (channel.read(in.clear()) >= 0) {
                // there is nothing more to ask for
            }
        } finally {
            relay.close();
        }
    }

    private void reply(int code, @Nullable Endpoint bound) throws IOException {
        byte[] address = bound == null ? new byte[4] : bound.address().octets();
        int port = bound == null ? 0 : bound.port();
        byte[] reply = new byte[address.length + 6];
        reply[0] = VERSION;
        reply[1] = (byte) code;
        reply[3] = (byte) (address.length == 4 ? IPV4 : IPV6);
        System.arraycopy(address, 0, reply, 4, address.length);
        reply[reply.length - 2] = (byte) (port >>> 8);
        reply[reply.length - 1] = (byte) port;
        write(reply);
    }

    // HTTP

    private boolean http(int first) throws IOException {
        try {
            String head = head(first);
            String[] lines = head.split("\r?\n");
            String[] request = lines[0].split(" ");
            if (request.length != 3 || !request[2].startsWith("HTTP/1.")) {
                throw new ProxyFailure.Refusal(ProxyFailure.MALFORMED);
            }
            if (!isAuthorised(lines)) {
                throw new ProxyFailure.Refusal(ProxyFailure.UNAUTHORISED);
            }
            if (!request[0].equals("CONNECT")) {
                throw new ProxyFailure.Refusal(ProxyFailure.COMMAND);
            }
            // RFC 9110 section 9.3.6: "There is no default port; a client MUST send the port number".
            int colon = request[1].lastIndexOf(':');
            String port = request[1].substring(colon + 1);
            if (colon < 1 || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65_535) {
                throw new ProxyFailure.Refusal(ProxyFailure.MALFORMED);
            }
            TcpSocket socket = connect(request[1].substring(0, colon), Integer.parseInt(port));
            answered = true;
            write("HTTP/1.1 200 Connected\r\n\r\n".getBytes(ISO_8859_1));
            return carry(socket, request[1]);
        } catch (EOFException e) {
            throw e;
        } catch (IOException e) {
            if (answered) {
                throw e; // whatever it was, the client has its answer
            }
            ProxyFailure failure = ProxyFailure.of(e);
            proxy.tally().count(failure);
            if (!ended) {
                write(response(failure).getBytes(ISO_8859_1));
                drain();
            }
            return false;
        }
    }

    /// The request line and the fields, up to the empty line.
    private String head(int first) throws IOException {
        StringBuilder head = new StringBuilder().append((char) first);
        while (!endsWithEmptyLine(head)) {
            if (head.length() == LONGEST_REQUEST) {
                throw new ProxyFailure.Refusal(ProxyFailure.TOO_LONG);
            }
            head.append((char) octet());
        }
        return head.toString();
    }

    private static boolean endsWithEmptyLine(StringBuilder head) {
        int length = head.length();
        return length > 1
                && head.charAt(length - 1) == '\n'
                && (head.charAt(length - 2) == '\n'
                        || length > 3 && head.charAt(length - 2) == '\r' && head.charAt(length - 3) == '\n');
    }

    private boolean isAuthorised(String[] lines) {
        if (proxy.password() == null) {
            return true;
        }
        for (String line : lines) {
            int colon = line.indexOf(':');
            if (colon > 0 && line.substring(0, colon).toLowerCase(Locale.ROOT).equals("proxy-authorization")) {
                String[] parts = line.substring(colon + 1).strip().split(" +");
                return parts.length == 2 && parts[0].equalsIgnoreCase("Basic") && isRight(parts[1]);
            }
        }
        return false;
    }

    private boolean isRight(String basic) {
        byte[] decoded;
        try {
            decoded = Base64.getDecoder().decode(basic);
        } catch (IllegalArgumentException e) {
            return false;
        }
        for (int i = 0; i < decoded.length; i++) {
            if (decoded[i] == ':') {
                return isRight(Arrays.copyOf(decoded, i), Arrays.copyOfRange(decoded, i + 1, decoded.length));
            }
        }
        return false;
    }

    private static String response(ProxyFailure failure) {
        String field = switch (failure) {
            case COMMAND -> "Allow: CONNECT\r\n";
            case UNAUTHORISED -> "Proxy-Authenticate: Basic realm=\"berth\", charset=\"UTF-8\"\r\n";
            default -> "";
        };
        String body = failure.sentence + ".\n";
        return "HTTP/1.1 " + failure.status + " " + failure.reason + "\r\n" + field
                + "Connection: close\r\nContent-Type: text/plain\r\nContent-Length: " + body.length() + "\r\n\r\n"
                + body;
    }

    // The octets

    private int octet() throws IOException {
        if (!in.hasRemaining()) {
            int count = channel.read(in.clear());
            in.flip();
            if (count < 0) {
                throw new EOFException("The client has gone");
            }
        }
        return in.get() & 0xff;
    }

    private byte[] octets(int count) throws IOException {
        byte[] octets = new byte[count];
        for (int i = 0; i < count; i++) {
            octets[i] = (byte) octet();
        }
        return octets;
    }

    private void write(int first, int second) throws IOException {
        write(new byte[] {(byte) first, (byte) second});
    }

    private void write(byte[] octets) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(octets);
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /// Lets the client read the failure before the connection is closed: a close with octets unread would reset it.
    ///
    /// RFC 1928 section 6: "the SOCKS server MUST terminate the TCP connection shortly after sending the reply. This
    /// must be no more than 10 seconds after detecting the condition that caused a failure."
    private void drain() throws IOException {
        deadline = System.nanoTime() + proxy.patience();
        channel.shutdownOutput();
        int left = MOST_DRAINED;
        int count;
        while (left > 0 && (count = channel.read(in.clear())) >= 0) {
            left -= count;
        }
    }
}
