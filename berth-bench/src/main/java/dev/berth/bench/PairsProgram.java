package dev.berth.bench;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// A child JVM with many established pairs between two hosts in memory, for what needs a heap of its own. It opens as
/// many as its argument says, checks them, prints `open HEAP-OCTETS` and answers each line `round-trip NANOS`,
/// `connect NANOS` or `timer NANOS` with nanoseconds per operation. It ends with its standard input.
final class PairsProgram {
    /// Pairs per acceptor: a client has no more than 16,384 dynamic ports towards one destination.
    private static final int PER_ACCEPTOR = 10_000;

    private static final long LIMIT = TimeUnit.SECONDS.toNanos(150);
    private static final int SAMPLE = 1_000;
    private static final int IN_TURN = 16;
    private static final int BATCH = 64;

    private final BerthSockets sockets = BerthSockets.inMemory();
    private final Host client = sockets.client();
    private final Host server = sockets.server();
    private final List<TcpAcceptor> acceptors = new ArrayList<>();
    private final TcpSocket[] clients;
    private final TcpSocket[] servers;
    private final byte[] octet = new byte[1];

    private PairsProgram(int pairs) throws IOException {
        clients = new TcpSocket[pairs];
        servers = new TcpSocket[pairs];
    }

    /// @param arguments the number of pairs; `kept-alive` if a timer of each end is to run
    public static void main(String[] arguments) throws Exception {
        try {
            PairsProgram program = new PairsProgram(Integer.parseInt(arguments[0]));
            System.out.println("open " + program.open(arguments.length > 1));
            BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            String line;
            while ((line = commands.readLine()) != null) {
                String[] words = line.split(" ", -1);
                double figure = program.measure(words[0], Long.parseLong(words[1]));
                System.out.println(String.format(Locale.ROOT, "%.3f", figure));
            }
        } catch (Exception | OutOfMemoryError | AssertionError e) {
            System.out.println("error " + e);
            throw e;
        }
        System.exit(0); // without the time that closing a million connections takes
    }

    /// Opens and checks all pairs; returns what they take of the heap.
    private long open(boolean keptAlive) throws IOException {
        long before = Heap.used();
        long end = System.nanoTime() + LIMIT;
        for (int i = 0; i < clients.length; i++) {
            if (i % PER_ACCEPTOR == 0) {
                listen();
                if (System.nanoTime() - end > 0) {
                    throw new IOException("Only " + i + " pairs were open in time");
                }
            }
            clients[i] = connect();
            servers[i] = acceptors.getLast().accept(0);
            if (keptAlive) {
                clients[i].keepAlive(true);
                servers[i].keepAlive(true);
            }
        }
        settle();
        long used = Heap.used() - before;
        checkStates();
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < SAMPLE; i++) {
            exchange(random.nextInt(clients.length), (byte) i);
        }
        listen();
        return used;
    }

    private void listen() throws IOException {
        TcpAcceptor acceptor = server.openTcpAcceptor();
        acceptor.bind(new Endpoint(server.addresses().getFirst(), 0));
        acceptor.listen(BATCH);
        acceptors.add(acceptor);
    }

    private TcpSocket connect() throws IOException {
        Endpoint to = acceptors.getLast().local();
        if (to == null) {
            throw new AssertionError("bound, and without a local end");
        }
        TcpSocket socket = client.openTcpSocket();
        socket.connect(to, 0);
        return socket;
    }

    /// Lets the timers of the handshakes run out, after which the connections are idle.
    private static void settle() {
        long end = System.nanoTime() + 1_500_000_000L;
        while (System.nanoTime() < end) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }

    /// All connections of both tables are established, and as many as were opened.
    private void checkStates() {
        for (Host host : new Host[] {client, server}) {
            Map<String, Integer> states = host.ports().summary(Transport.TCP).states();
            if (!states.equals(Map.of("ESTABLISHED", clients.length))) {
                throw new AssertionError("Not all are established on " + host.name() + ": " + states);
            }
        }
    }

    private double measure(String what, long nanos) throws Exception {
        return switch (what) {
            case "round-trip" -> Batches.nanosPerOperation(nanos, BATCH, this::roundTrips);
            case "connect" -> Batches.nanosPerOperation(nanos, BATCH, this::connects);
            case "timer" -> Batches.nanosPerOperation(nanos, BATCH, this::timers);
            default -> throw new IOException("Unknown: " + what);
        };
    }

    /// The pair that is `i`-th of those in turn, which are spread over all.
    private int inTurn(int i) {
        return (int) ((long) (i % IN_TURN) * clients.length / IN_TURN);
    }

    private void roundTrips() throws IOException {
        for (int i = 0; i < BATCH; i++) {
            exchange(inTurn(i), (byte) i);
        }
    }

    private void exchange(int pair, byte value) throws IOException {
        carry(clients[pair], servers[pair], value);
        carry(servers[pair], clients[pair], (byte) (value + 1));
    }

    private void carry(TcpSocket from, TcpSocket to, byte value) throws IOException {
        octet[0] = value;
        from.write(octet, 0, 1);
        octet[0] = 0;
        if (to.read(octet, 0, 1, LIMIT) != 1 || octet[0] != value) {
            throw new AssertionError("A wrong octet");
        }
    }

    private void connects() throws IOException {
        for (int i = 0; i < BATCH; i++) {
            TcpSocket one = connect();
            TcpSocket two = acceptors.getLast().accept(0);
            one.lingerSeconds(0);
            one.close();
            two.close();
        }
        int left = client.counters().tcpPorts().flows();
        if (left != clients.length) {
            throw new AssertionError(left + " flows instead of " + clients.length);
        }
    }

    /// A timer is stopped and started again.
    private void timers() throws IOException {
        for (int i = 0; i < BATCH; i++) {
            TcpSocket socket = clients[inTurn(i)];
            socket.keepAlive(false);
            socket.keepAlive(true);
        }
    }
}
