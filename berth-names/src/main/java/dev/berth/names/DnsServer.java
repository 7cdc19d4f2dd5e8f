package dev.berth.names;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// A name server on a host: a [DnsResponder] on port 53 of all its addresses, over UDP and TCP. Every answer comes from
/// the address that was asked, so that on a host that stands in for all addresses ([Host.Builder#localPrefix]) it is
/// the name server at whatever address a program believes in.
///
/// Two daemon threads wait for queries; answers that need the upstream, and connections, take one of up to 32 more,
/// which end when they were idle for some seconds. If all are busy, a query over UDP is dropped and a connection is
/// reset, counted in [#refused]. They are platform threads, so that a program that keeps all carriers of virtual
/// threads busy still finds its names.
public final class DnsServer implements AutoCloseable {
    /// The port of name servers (RFC 1035 section 4.2).
    public static final int PORT = 53;

    private static final int MAX_THREADS = 32;
    private static final int MAX_QUERY = 65_535;

    /// RFC 7766 section 6.2.3: "it is RECOMMENDED that the default server application-level idle period be on the
    /// order of seconds".
    private static final long IDLE = TimeUnit.SECONDS.toNanos(10);

    private final Host host;
    private final DnsResponder responder;
    private final UdpSocket datagrams;
    private final TcpAcceptor connections;
    private final ThreadPoolExecutor helpers;
    private final AtomicLong queries = new AtomicLong();
    private final AtomicLong answers = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();

    private DnsServer(Host host, DnsResponder responder, UdpSocket datagrams, TcpAcceptor connections) {
        this.host = host;
        this.responder = responder;
        this.datagrams = datagrams;
        this.connections = connections;
        helpers = new ThreadPoolExecutor(
                0,
                MAX_THREADS,
                5,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                Thread.ofPlatform()
                        .daemon()
                        .name("berth-names-" + host.name() + "-", 1)
                        .factory());
    }

    /// Starts a name server.
    ///
    /// @throws java.net.BindException if port 53 is taken
    /// @throws IOException if the host is closed
    public static DnsServer start(Host host, DnsResponder responder) throws IOException {
        return start(host, IpAddress.ANY_IPV6, responder);
    }

    /// Starts a name server at one of the host's addresses, or at all for a wildcard.
    ///
    /// @throws java.net.BindException if port 53 is taken there, or the address is not the host's
    /// @throws IOException if the host is closed
    public static DnsServer start(Host host, IpAddress address, DnsResponder responder) throws IOException {
        UdpSocket datagrams = host.openUdpSocket();
        TcpAcceptor connections;
        try {
            datagrams.bind(new Endpoint(address, PORT));
            datagrams.label("name server");
            connections = host.openTcpAcceptor();
        } catch (IOException | RuntimeException e) {
            datagrams.close();
            throw e;
        }
        try {
            connections.bind(new Endpoint(address, PORT));
            connections.label("name server");
            connections.listen(MAX_THREADS);
        } catch (IOException | RuntimeException e) {
            datagrams.close();
            connections.close();
            throw e;
        }
        DnsServer server = new DnsServer(host, responder, datagrams, connections);
        server.begin("udp", server::serveDatagrams);
        server.begin("tcp", server::serveConnections);
        return server;
    }

    private void begin(String what, Runnable work) {
        Thread.ofPlatform()
                .daemon()
                .name("berth-names-" + host.name() + "-" + what)
                .start(work);
    }

    private void serveDatagrams() {
        byte[] query = new byte[MAX_QUERY];
        while (datagrams.isOpen()) {
            try {
                int length = datagrams.receive(query, 0, query.length, 0);
                Endpoint client = datagrams.lastSender();
                IpAddress asked = datagrams.lastDestination().address();
                queries.incrementAndGet();
                if (!IpAddress.isUnicast(asked.hi(), asked.lo()) || client.port() == 0) {
                    continue; // a query to everybody, or one whose sender expects no answer
                }
                if (responder.asksUpstream(query, 0, length)) {
                    byte[] copy = Arrays.copyOf(query, length);
                    help(() -> answerSafely(copy, asked, client), () -> {});
                } else {
                    answer(query, length, asked, client);
                }
            } catch (IOException e) {
                ended(e);
            } catch (RuntimeException e) {
                failed(e);
            }
        }
    }

    private void answerSafely(byte[] query, IpAddress asked, Endpoint client) {
        try {
            answer(query, query.length, asked, client);
        } catch (RuntimeException e) {
            failed(e);
        }
    }

    private void answer(byte[] query, int length, IpAddress asked, Endpoint client) {
        byte[] answer = responder.answer(query, 0, length, false);
        if (answer == null) {
            return;
        }
        try {
            datagrams.send(answer, 0, answer.length, asked, client);
            answers.incrementAndGet();
        } catch (IOException e) {
            ended(e);
        }
    }

    private void serveConnections() {
        while (connections.isOpen()) {
            try {
                TcpSocket connection = connections.accept(0);
                help(() -> serve(connection), connection::abort);
            } catch (IOException e) {
                ended(e);
            }
        }
    }

    /// RFC 1035 section 4.2.2: "The message is prefixed with a two byte length field which gives the message length,
    /// excluding the two byte length field."
    private void serve(TcpSocket connection) {
        byte[] query = new byte[512];
        byte[] prefix = new byte[2];
        try (connection) {
            while (fill(connection, prefix, 2)) {
                int length = (prefix[0] & 0xff) << 8 | prefix[1] & 0xff;
                if (query.length < length) {
                    query = new byte[length];
                }
                if (!fill(connection, query, length)) {
                    return;
                }
                queries.incrementAndGet();
                byte[] answer = responder.answer(query, 0, length, true);
                if (answer == null) {
                    return;
                }
                byte[] framed = new byte[answer.length + 2];
                framed[0] = (byte) (answer.length >>> 8);
                framed[1] = (byte) answer.length;
                System.arraycopy(answer, 0, framed, 2, answer.length);
                connection.write(framed, 0, framed.length);
                answers.incrementAndGet();
            }
        } catch (IOException e) {
            ended(e);
        } catch (RuntimeException e) {
            failed(e);
        }
    }

    /// @return false if the client ended the connection before
    private static boolean fill(TcpSocket connection, byte[] into, int length) throws IOException {
        int at = 0;
        while (at < length) {
            int count = connection.read(into, at, length - at, IDLE);
            if (count < 0) {
                return false;
            }
            at += count;
        }
        return true;
    }

    private void help(Runnable work, Runnable otherwise) {
        try {
            helpers.execute(work);
        } catch (RejectedExecutionException e) {
            refused.incrementAndGet();
            otherwise.run();
        }
    }

    /// A socket of the server was closed, or a client went away: neither is an error of the server.
    private void ended(IOException e) {
        System.getLogger("dev.berth.names")
                .log(System.Logger.Level.DEBUG, () -> "Name server of " + host.name() + ": " + e.getMessage());
    }

    /// A table or an upstream threw: that query stays without an answer.
    private void failed(RuntimeException e) {
        System.getLogger("dev.berth.names")
                .log(System.Logger.Level.WARNING, "Name server of " + host.name() + ": a look-up failed", e);
    }

    /// The host that it runs on.
    public Host host() {
        return host;
    }

    /// Messages that came.
    public long queries() {
        return queries.get();
    }

    /// Answers that were given.
    public long answers() {
        return answers.get();
    }

    /// Queries and connections that were refused because all threads were busy.
    public long refused() {
        return refused.get();
    }

    /// Stops answering; the host stays. Idempotent.
    @Override
    public void close() {
        datagrams.close();
        connections.close();
        helpers.shutdown();
    }

    @Override
    public String toString() {
        return "DnsServer[" + host.name() + ", " + queries + " queries]";
    }
}
