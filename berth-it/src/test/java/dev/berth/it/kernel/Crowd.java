package dev.berth.it.kernel;

import dev.berth.host.TcpSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;

/// Many [Conversation]s, some at once, and what came of them. Safe for use by several threads.
final class Crowd {
    private final long seed;
    private final int count;
    private final BitSet good = new BitSet();
    private final List<String> bad = new CopyOnWriteArrayList<>();

    Crowd(long seed, int count) {
        this.seed = seed;
        this.count = count;
    }

    /// Makes a connection for the conversation `id`, has `talk` use it, and closes it.
    interface Client {
        void connect(int id, Talk talk) throws IOException;
    }

    /// What is done with a connection.
    interface Talk {
        void talk(Conversation.Connection connection) throws IOException;
    }

    /// Has all conversations as the client, so many at once.
    void askAll(int atOnce, Client client) {
        Semaphore places = new Semaphore(atOnce);
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < count; i++) {
                int id = i;
                places.acquireUninterruptibly();
                clients.execute(() -> {
                    try {
                        Conversation conversation = Conversation.of(seed, id);
                        client.connect(id, conversation::ask);
                        good(id);
                    } catch (IOException | RuntimeException e) {
                        bad("client " + Conversation.of(seed, id) + ": " + e);
                    } finally {
                        places.release();
                    }
                });
            }
        }
    }

    /// Has one conversation as the server.
    ///
    /// @return false if the client says that it was the last
    boolean answer(Conversation.Connection connection) {
        int id;
        try {
            connection.patience(Conversation.LOST);
            id = Conversation.readId(connection);
            connection.patience(KernelTest.LIMIT);
        } catch (IOException e) {
            return true; // a RST came before the number; the end tells who is missing
        }
        if (id == Conversation.LAST) {
            return false;
        }
        try {
            Conversation.of(seed, id).answer(connection);
            good(id);
        } catch (IOException | RuntimeException e) {
            bad("server " + Conversation.of(seed, id) + ": " + e);
        }
        return true;
    }

    private synchronized void good(int id) {
        if (good.get(id)) {
            bad.add(id + " came twice");
        }
        good.set(id);
    }

    private void bad(String what) {
        bad.add(what);
    }

    /// "good" if all conversations were as they should be, where a RST by the client may keep the server from knowing
    /// of one; what was not so otherwise.
    synchronized String result() {
        for (int id = 0; id < count; id++) {
            if (!good.get(id) && Conversation.of(seed, id).end() != Conversation.End.RESET_BY_CLIENT) {
                bad.add(Conversation.of(seed, id) + " is missing");
            }
        }
        return bad.isEmpty() ? "good" : bad.size() + " bad: " + bad.subList(0, Math.min(20, bad.size()));
    }

    // The kernel's sockets

    /// The program in the kernel's namespace that connects, in turn to each address.
    static void connectAll(List<String> addresses, int port, long seed, int count, int atOnce) {
        Crowd crowd = new Crowd(seed, count);
        crowd.askAll(atOnce, (id, talk) -> {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getByName(addresses.get(id % 2)), port), 120_000);
                socket.setSoTimeout(120_000);
                talk.talk(over(socket));
            }
        });
        System.out.println(crowd.result());
    }

    /// The program in the kernel's namespace that serves until a client says that it is the last.
    static void serveAll(int port, long seed, int count) throws IOException {
        Crowd crowd = new Crowd(seed, count);
        try (ServerSocket server = new ServerSocket(port, 1_024);
                ExecutorService servers = Executors.newVirtualThreadPerTaskExecutor()) {
            System.out.println("ready");
            while (!server.isClosed()) {
                Socket socket = server.accept();
                servers.execute(() -> {
                    try (socket) {
                        socket.setSoTimeout(120_000);
                        if (!crowd.answer(over(socket))) {
                            server.close();
                        }
                    } catch (IOException e) {
                        crowd.bad(e.toString());
                    }
                });
            }
        } catch (SocketException e) {
            // the server was closed by the last client
        }
        System.out.println(crowd.result());
    }

    private static Conversation.Connection over(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream();
        return new Conversation.Connection() {
            @Override
            public InputStream in() {
                return in;
            }

            @Override
            public OutputStream out() {
                return out;
            }

            @Override
            public void patience(Duration time) throws IOException {
                socket.setSoTimeout((int) time.toMillis());
            }

            @Override
            public void finish() throws IOException {
                socket.shutdownOutput();
            }

            @Override
            public void reset() throws IOException {
                socket.setSoLinger(true, 0);
                socket.close();
            }
        };
    }

    // Berth's sockets

    static Conversation.Connection over(TcpSocket socket) {
        OutputStream out = Streams.out(socket);
        return new Conversation.Connection() {
            private InputStream in = Streams.in(socket, KernelTest.LIMIT_NANOS);

            @Override
            public InputStream in() {
                return in;
            }

            @Override
            public void patience(Duration time) {
                in = Streams.in(socket, time.toNanos());
            }

            @Override
            public OutputStream out() {
                return out;
            }

            @Override
            public void finish() throws IOException {
                socket.shutdownOutput();
            }

            @Override
            public void reset() {
                socket.abort();
            }
        };
    }
}
