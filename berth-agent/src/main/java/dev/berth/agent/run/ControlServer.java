package dev.berth.agent.run;

import dev.berth.gateway.PeerCredentials;
import dev.berth.tun.SocketFile;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.UserPrincipal;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The control socket of a running program: a UNIX-domain socket that its user alone may use.
///
/// A client sends one JSON object a line and gets lines of JSON back, the last of which has the member `ok`. It may
/// go on asking. Bounded are the length of a request (16 KiB), the clients at one time (8; more wait), and the time
/// until a request is there (10 seconds) and its answer is taken (30 seconds). What a client does wrong is answered and
/// harms nobody else.
public final class ControlServer implements AutoCloseable {
    private static final int LONGEST_REQUEST = 16 << 10;
    private static final int MOST_CLIENTS = 8;
    private static final long SECONDS_TO_ASK = 10;
    private static final long SECONDS_TO_TAKE = 30;
    private static final long MILLIS_TO_RECOVER = 500;

    private final Path path;
    private final SocketFile file;
    private final UserPrincipal owner;
    private final ServerSocketChannel server;
    private final Map<String, ControlHandler> handlers;
    private final Semaphore places = new Semaphore(MOST_CLIENTS);
    private final Set<SocketChannel> clients = ConcurrentHashMap.newKeySet();
    private final ScheduledThreadPoolExecutor watchdog;
    private volatile boolean closed;

    private ControlServer(Path path, SocketFile file, ServerSocketChannel server, Map<String, ControlHandler> handlers)
            throws IOException {
        this.path = path;
        this.server = server;
        this.handlers = Map.copyOf(handlers);
        this.file = file;
        owner = Files.getOwner(path, LinkOption.NOFOLLOW_LINKS);
        watchdog = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().name("berth-control-watch").daemon().factory());
        watchdog.setRemoveOnCancelPolicy(true);
    }

    /// Opens a control socket at `path`. It appears there with its final rights: it is made in a directory that
    /// nobody else can enter, and moved. One that a dead process left there is replaced.
    ///
    /// @param handlers who answers, by the name of the request
    /// @throws IOException if it cannot be made, with a sentence that says why
    public static ControlServer open(Path path, Map<String, ControlHandler> handlers) throws IOException {
        Path absolute = path.toAbsolutePath();
        Path parent = absolute.getParent();
        if (parent == null || !Files.isDirectory(parent)) {
            throw new IOException("Cannot make the control socket " + path + ": there is no such directory");
        }
        if (Files.exists(absolute, LinkOption.NOFOLLOW_LINKS)) {
            BasicFileAttributes found =
                    Files.readAttributes(absolute, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!found.isOther() || !ControlDirectory.isDead(absolute)) {
                throw new IOException("Cannot make the control socket " + path + ": it exists already");
            }
            Files.delete(absolute);
        }
        ServerSocketChannel server = null;
        SocketFile file = null;
        ControlServer opened = null;
        try {
            server = KernelUnixSockets.open();
            file = SocketFile.bind(server, absolute, MOST_CLIENTS);
            opened = new ControlServer(absolute, file, server, handlers);
        } catch (IOException e) {
            throw new IOException("Cannot make the control socket " + path + ": " + e.getMessage(), e);
        } finally {
            if (opened == null && server != null) {
                server.close();
            }
            if (opened == null && file != null) {
                file.remove();
            }
        }
        Thread.ofPlatform().name("berth-control").daemon().start(opened::accept);
        return opened;
    }

    /// Where it is.
    public Path path() {
        return path;
    }

    private void accept() {
        try {
            while (!closed) {
                places.acquire();
                boolean serving = false;
                try {
                    SocketChannel client = server.accept();
                    clients.add(client);
                    serving = true;
                    Thread.ofPlatform().name("berth-control-client").daemon().start(() -> serve(client));
                } catch (ClosedChannelException e) {
                    throw e;
                } catch (IOException e) {
                    // The program has no file descriptors left, perhaps: that may pass.
                    System.getLogger(ControlServer.class.getName())
                            .log(System.Logger.Level.DEBUG, "No client of the control socket " + path, e);
                    TimeUnit.MILLISECONDS.sleep(MILLIS_TO_RECOVER);
                } finally {
                    if (!serving) {
                        places.release();
                    }
                }
            }
        } catch (IOException _) {
            // Closed: the program ends. Without its control socket, whatever the reason, it goes on.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt(); // nobody does
        } finally {
            close();
        }
    }

    private void serve(SocketChannel client) {
        try (client;
                InputStream in = new BufferedInputStream(Channels.newInputStream(client));
                OutputStream out = new BufferedOutputStream(Channels.newOutputStream(client), 1 << 15)) {
            boolean more = isAllowed(client, out);
            while (more) {
                ScheduledFuture<?> patience = patience(client, SECONDS_TO_ASK);
                String line = readLine(in);
                patience.cancel(false);
                patience = patience(client, SECONDS_TO_TAKE);
                more = line != null && answer(line, out);
                patience.cancel(false);
            }
        } catch (IOException | UncheckedIOException _) {
            // The client went away or was too slow: its own affair.
        } finally {
            clients.remove(client);
            places.release();
        }
    }

    /// The rights of the socket keep others out already, where a file system has rights.
    private boolean isAllowed(SocketChannel client, OutputStream out) throws IOException {
        try {
            PeerCredentials.require(client, owner);
            return true;
        } catch (IOException e) {
            write(out, failure(e.getMessage() + ": this control socket is not for you"));
            out.flush();
            return false;
        }
    }

    /// Closes a client that takes too long, which ends what its thread waits for.
    private ScheduledFuture<?> patience(SocketChannel client, long seconds) throws IOException {
        if (closed) {
            throw new IOException("closed");
        }
        return watchdog.schedule(
                () -> {
                    client.close();
                    return null;
                },
                seconds,
                TimeUnit.SECONDS);
    }

    /// A line without its end; null at the end of the stream, and an empty one for one that is too long.
    private static @Nullable String readLine(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int octet; (octet = in.read()) != '\n'; ) {
            if (octet < 0) {
                return null;
            }
            if (line.size() == LONGEST_REQUEST) {
                return "";
            }
            line.write(octet);
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    /// @return false if the client does not know how to ask, and is left
    private boolean answer(String line, OutputStream out) throws IOException {
        boolean more = true;
        String last;
        if (line.isEmpty()) {
            last = failure("A request is one line of JSON of at most " + LONGEST_REQUEST + " octets");
            more = false;
        } else {
            try {
                ControlRequest request = ControlRequest.parse(line);
                String kind = request.required("request");
                ControlHandler handler = handlers.get(kind);
                if (handler == null) {
                    throw new ControlException("There is no request '" + kind + "'");
                }
                last = ok(handler.answer(request, each -> write(out, each)));
            } catch (ControlException e) {
                last = failure(String.valueOf(e.getMessage()));
            } catch (RuntimeException e) {
                last = failure("The request failed: " + e);
            }
        }
        write(out, last);
        out.flush();
        return more;
    }

    private static String ok(JsonLine members) {
        String text = members.toString();
        return "{\"ok\":true" + (text.length() == 2 ? "}" : "," + text.substring(1));
    }

    private static String failure(String sentence) {
        return new JsonLine().add("ok", false).add("error", sentence).toString();
    }

    private static void write(OutputStream out, String line) {
        try {
            out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Closes and removes the socket, and leaves the clients. Idempotent.
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        watchdog.shutdownNow();
        try {
            server.close();
            for (SocketChannel client : clients) {
                client.close();
            }
            file.remove();
        } catch (IOException e) {
            System.getLogger(ControlServer.class.getName())
                    .log(System.Logger.Level.DEBUG, "Closing the control socket " + path, e);
        }
    }
}
