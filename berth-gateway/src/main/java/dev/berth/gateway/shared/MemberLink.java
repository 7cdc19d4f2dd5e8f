package dev.berth.gateway.shared;

import dev.berth.gateway.KernelSockets;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.names.NameTable;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A member's end of its link to a [SharedNetwork] that another process holds, and the names of that network.
///
/// When the holder is gone, packets are dropped and counted, names of the network are not known, and the link connects
/// again and again, with the same name and addresses. Connections of TCP live on if a holder is back soon, for all they
/// are is at their ends.
///
/// One platform daemon thread, `berth-network-NAME`. Packets are sent on the thread of whoever transmits, which never
/// waits: what the kernel does not take stays here, 512 KiB, and then in the host. Thread-safe.
public final class MemberLink implements Link, NameTable {
    private static final int LIMIT = 512 << 10;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long QUERY_MILLIS = 2_000;
    private static final long RETRY_MILLIS = 250;
    private static final int MOST_QUERIES = 4_096;

    /// Opens a socket to the holder.
    public interface Connector {
        /// A socket that is connected to the holder.
        ///
        /// @throws IOException if there is no holder, or it is somebody else's
        SocketChannel connect() throws IOException;
    }

    private final Connector connector;
    private final MemberWish wish;
    private final Consumer<String> log;
    private final LinkLoop loop;
    private final CompletableFuture<Membership> joined = new CompletableFuture<>();
    private final Map<Integer, CompletableFuture<Message>> queries = new ConcurrentHashMap<>();
    private final AtomicInteger lastQuery = new AtomicInteger();
    private final LongAdder droppedWhileAway = new LongAdder();
    private final LongAdder overflow = new LongAdder();
    private final LongAdder unwanted = new LongAdder();
    private volatile @Nullable LinkReceiver receiver;
    private volatile @Nullable Membership membership;

    /// The stream on which the holder has welcomed us; null while there is none.
    private volatile @Nullable Stream current;

    /// The stream that is there, welcomed or not. Of the loop's thread, but for the first.
    private @Nullable Stream stream;

    private @Nullable String lastComplaint;
    private volatile boolean closed;

    private MemberLink(String network, Connector connector, MemberWish wish, Consumer<String> log) throws IOException {
        this.connector = connector;
        this.wish = wish;
        this.log = log;
        loop = new LinkLoop(
                "berth-network-" + network,
                KernelSockets.provider("Shared networks").openSelector(),
                this::retry);
    }

    /// Joins a network.
    ///
    /// @param network its name, for people
    /// @param log gets a sentence when the holder is gone or back; called on the link's thread
    /// @throws IOException if there is no holder, it does not answer within 10 seconds, or it refuses, with a sentence
    ///     that says why
    public static MemberLink join(String network, Connector connector, MemberWish wish, Consumer<String> log)
            throws IOException {
        MemberLink link = new MemberLink(network, connector, wish, log);
        boolean done = false;
        try {
            link.connect();
            link.loop.start();
            link.membership = link.joined.get(PATIENCE_NANOS, TimeUnit.NANOSECONDS);
            done = true;
            return link;
        } catch (ExecutionException e) {
            throw new IOException(
                    e.getCause() == null ? e.getMessage() : e.getCause().getMessage(), e);
        } catch (TimeoutException e) {
            throw new IOException("The process that holds network '" + network + "' does not answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("Interrupted while joining network '" + network + "'", e);
        } finally {
            if (!done) {
                link.close();
            }
        }
    }

    /// What we have got.
    public Membership membership() {
        Membership own = membership;
        if (own == null) {
            throw new AssertionError("join() returns only members");
        }
        return own;
    }

    /// Whether a holder is there now.
    public boolean isConnected() {
        return current != null;
    }

    /// Packets that were dropped because there was no holder.
    public long droppedWhileAway() {
        return droppedWhileAway.sum();
    }

    /// Packets that were dropped because the holder did not take them.
    public long overflow() {
        return overflow.sum();
    }

    /// Packets of the holder that could not be, or came before there was a host for them.
    public long unwanted() {
        return unwanted.sum();
    }

    private void connect() throws IOException {
        SocketChannel channel = connector.connect();
        boolean done = false;
        try {
            Stream next = new Stream(channel);
            stream = next;
            done = true;
            Message hello = new Message(Message.HELLO, Message.VERSION)
                    .add("pid", Long.toString(ProcessHandle.current().pid()))
                    .add("program", wish.program());
            Membership own = membership;
            if (own == null) {
                hello.add("name", wish.name()).add("named", wish.named() ? "yes" : "no");
                wish.addresses().forEach(each -> hello.add("address", each.toString()));
            } else {
                hello.add("name", own.name()).add("named", "yes");
                own.addresses()
                        .forEach(each -> hello.add("address", each.address().toString()));
            }
            next.frames.send(hello.toString());
        } finally {
            if (!done) {
                FrameChannel.closeQuietly(channel);
            }
        }
    }

    /// Called now and then while there is no holder. On the loop's thread.
    private void retry() {
        Stream present = stream;
        if (closed || current != null) {
            return;
        }
        if (present != null) {
            if (System.nanoTime() - present.since > PATIENCE_NANOS) {
                present.end("it does not answer");
            }
            return;
        }
        try {
            connect();
        } catch (IOException e) {
            complain(String.valueOf(e.getMessage()));
        }
    }

    /// Says what keeps us from joining again, once.
    private void complain(String reason) {
        if (!reason.equals(lastComplaint) && membership != null) {
            lastComplaint = reason;
            log.accept("Network '" + membership().network() + "' cannot be joined again yet: " + reason);
        }
    }

    /// One connection to a holder.
    private final class Stream implements LinkLoop.Client, FrameChannel.Reader {
        final FrameChannel frames;
        final long since = System.nanoTime();

        Stream(SocketChannel channel) throws IOException {
            frames = new FrameChannel(channel, loop.selector(), LIMIT, this);
        }

        @Override
        public void ready(SelectionKey key) {
            LinkReceiver to = receiver;
            if (key.isWritable() && frames.writable() && to != null) {
                to.ready();
            }
            String reason = null;
            try {
                if (key.isReadable() && !frames.read(this)) {
                    reason = "it has ended";
                }
            } catch (IOException e) {
                reason = String.valueOf(e.getMessage());
            }
            if (to != null) {
                to.receivedAll();
            }
            if (reason != null) {
                end(reason);
            }
        }

        void end(String reason) {
            frames.close();
            if (stream != this) {
                return;
            }
            stream = null;
            boolean welcomed = current == this;
            current = null;
            joined.completeExceptionally(new IOException("The process that holds the network is gone: " + reason));
            for (CompletableFuture<Message> each : queries.values()) {
                each.cancel(false);
            }
            LinkReceiver to = receiver;
            if (to != null) {
                to.ready(); // what waits is dropped from here on
            }
            if (closed) {
                return;
            }
            if (welcomed) {
                lastComplaint = null;
                log.accept(
                        "Network '" + membership().network() + "' is gone, until somebody creates it again: " + reason);
            }
            loop.tickEvery(RETRY_MILLIS);
        }

        @Override
        public void text(String text) throws IOException {
            Message message = Message.parse(text);
            switch (message.kind()) {
                case Message.WELCOME -> welcomed(message);
                case Message.REFUSED -> {
                    joined.completeExceptionally(new IOException(message.get(Message.REFUSED)));
                    complain(message.get(Message.REFUSED));
                }
                case Message.ANSWER -> {
                    CompletableFuture<Message> query =
                            queries.remove(message.number(Message.ANSWER, Integer.MAX_VALUE));
                    if (query != null) {
                        query.complete(message);
                    }
                }
                default -> throw new ProtocolException("message " + message.kind() + " that nobody expects");
            }
        }

        private void welcomed(Message welcome) throws ProtocolException {
            Membership got = new Membership(
                    welcome.get(Message.WELCOME),
                    welcome.get("name"),
                    welcome.prefixes("address"),
                    welcome.number("mtu", 65_535),
                    "on".equals(welcome.find("outside")));
            if (got.addresses().isEmpty() || got.mtu() < 1_280) {
                throw new ProtocolException("welcome without an address or an MTU");
            }
            Membership own = membership;
            if (own == null) {
                membership = got;
            } else if (own.mtu() != got.mtu() || !own.addresses().equals(got.addresses())) {
                complain("it has other subnets or another MTU than before");
                frames.close();
                stream = null;
                return;
            } else {
                log.accept("Network '" + own.network() + "' is back");
            }
            lastComplaint = null;
            current = this;
            loop.tickEvery(0);
            joined.complete(got);
        }

        @Override
        public void packet(ByteBuffer from, int length, boolean partialChecksum) {
            LinkReceiver to = receiver;
            Packet packet = to == null ? null : FrameChannel.take(from, length, partialChecksum, to.pool());
            if (to == null || packet == null) {
                unwanted.increment();
            } else {
                to.receivedMore(packet);
            }
        }
    }

    // Names

    @Override
    public List<IpAddress> addresses(String name) {
        if (name.length() > 255) {
            return List.of();
        }
        Message answer = ask("name", name);
        try {
            return answer == null ? List.of() : answer.addresses("address");
        } catch (ProtocolException e) {
            return List.of(); // a holder that answers nonsense knows nothing
        }
    }

    @Override
    public @Nullable String name(IpAddress address) {
        Message answer = membership().addresses().stream().anyMatch(each -> each.contains(address.hi(), address.lo()))
                ? ask("address", address.toString())
                : null;
        return answer == null ? null : answer.find("name");
    }

    private @Nullable Message ask(String key, String value) {
        Stream to = current;
        if (to == null || queries.size() >= MOST_QUERIES) {
            return null;
        }
        int number = lastQuery.incrementAndGet() & 0x1fff_ffff;
        CompletableFuture<Message> answer = new CompletableFuture<>();
        queries.put(number, answer);
        try {
            boolean sent = to.frames.send(new Message(Message.QUERY, Integer.toString(number))
                    .add(key, value)
                    .toString());
            return sent ? answer.get(QUERY_MILLIS, TimeUnit.MILLISECONDS) : null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        } catch (ExecutionException | TimeoutException | CancellationException e) {
            return null; // nobody to ask, so the name is not known
        } finally {
            queries.remove(number);
        }
    }

    // The link

    @Override
    public LinkInfo info() {
        Membership own = membership();
        return new LinkInfo(own.network(), own.mtu(), true, 0);
    }

    @Override
    public void start(LinkReceiver host) {
        receiver = host;
    }

    @Override
    public boolean isReady() {
        Stream to = current;
        return to == null || to.frames.hasRoom();
    }

    @Override
    public void transmit(Packet packet) {
        Stream to = current;
        int waiting = to == null ? -1 : to.frames.offer(packet);
        packet.release();
        if (to == null) {
            droppedWhileAway.increment();
        } else if (waiting < 0) {
            overflow.increment();
        } else if (waiting > ServedMember.EARLY) {
            to.frames.flush();
        }
    }

    @Override
    public void flush() {
        Stream to = current;
        if (to != null) {
            to.frames.flush();
        }
    }

    @Override
    public void close() {
        closed = true;
        loop.close();
        Stream present = stream;
        current = null;
        if (present != null) {
            present.frames.close();
        }
    }

    /// The network and the name there.
    @Override
    public String toString() {
        Membership own = membership;
        return own == null ? "MemberLink" : "MemberLink[" + own.name() + " on " + own.network() + "]";
    }
}
