package dev.berth.agent.run;

import dev.berth.gateway.Gateway;
import dev.berth.gateway.GatewayCounters;
import dev.berth.gateway.OutsidePolicy;
import dev.berth.gateway.shared.SharedNetwork;
import dev.berth.host.Host;
import dev.berth.network.GuestCounters;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The process that holds a network which programs of one user share: the network, its sockets in the user's own
/// directory, and what commands ask of it (`network`, `end`, `publish`, `unpublish`, `published`, and the requests of
/// every program).
///
/// A lock of the kernel says whether the process lives, so a name is free again at once when it was killed; the next
/// holder removes what is left. Thread-safe.
@SuppressWarnings("exports") // what answers control requests is the package's own
public final class NetworkHolder implements AutoCloseable, HostRequests.Hosts, PortRequests.Ports, ProxyRequests.Owner {
    private static final int BACKLOG = 64;

    private final NetworkFiles files;
    private final FileChannel lock;
    private final SharedNetwork network;
    private final PublishedPorts published;
    private final Proxies proxies;
    private final CountDownLatch ended = new CountDownLatch(1);
    private @Nullable ControlServer control;
    private boolean closed;

    private NetworkHolder(NetworkFiles files, FileChannel lock, SharedNetwork network) {
        this.files = files;
        this.lock = lock;
        this.network = network;
        List<IpAddress.Prefix> doors = new ArrayList<>();
        List<IpAddress> addresses = network.settings().doors();
        for (int i = 0; i < addresses.size(); i++) {
            doors.add(new IpAddress.Prefix(
                    addresses.get(i), network.settings().subnets().get(i).length()));
        }
        published = new PublishedPorts(
                network.network(), doors, OutsidePolicy.of(network.settings().rules()));
        proxies = new Proxies(
                published::requireDoor,
                network.settings().outside()
                        ? Proxies.either(network.network(), Proxies.resolver())
                        : network.network());
    }

    /// Opens a network, and lets members join.
    ///
    /// @param log gets a sentence about everybody who comes or goes
    /// @throws IOException if somebody holds it already or a part cannot be had, with a sentence that says why; nothing
    ///     is left behind then
    public static NetworkHolder open(SharedNetwork.Settings settings, Consumer<String> log) throws IOException {
        return open(NetworkFiles.of(settings.name()), settings, log);
    }

    /// The same in another directory.
    public static NetworkHolder open(NetworkFiles files, SharedNetwork.Settings settings, Consumer<String> log)
            throws IOException {
        FileChannel lock = lock(files)
                .orElseThrow(() -> new IOException("Network '" + files.name() + "' is there already" + holder(files)));
        NetworkHolder holder = null;
        boolean opened = false;
        SharedNetwork network = null;
        try {
            removeSockets(files);
            ServerSocketChannel listener = KernelUnixSockets.listen(files.members(), BACKLOG);
            network = SharedNetwork.open(settings, listener, files.directory().user(), log);
            holder = new NetworkHolder(files, lock, network);
            Map<String, ControlHandler> handlers = new HostRequests("network " + files.name(), holder).handlers();
            PortRequests.add(handlers, holder);
            ProxyRequests.add(handlers, holder);
            handlers.put("network", holder::describe);
            handlers.put("end", holder::end);
            holder.control = ControlServer.open(files.control(), handlers);
            opened = true;
            return holder;
        } finally {
            if (!opened) {
                if (holder != null) {
                    holder.close();
                } else {
                    if (network != null) {
                        network.close();
                    }
                    removeSockets(files);
                    Files.deleteIfExists(files.lock());
                    lock.close();
                }
            }
        }
    }

    /// Takes the lock of a network.
    ///
    /// @return the open file, whose end is the end of the lock; empty if a process that lives has it
    private static Optional<FileChannel> lock(NetworkFiles files) throws IOException {
        for (; ; ) {
            FileChannel file = FileChannel.open(
                    files.lock(),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            boolean kept = false;
            try {
                FileLock lock;
                try {
                    lock = file.tryLock();
                } catch (OverlappingFileLockException e) {
                    lock = null; // this very process holds it
                }
                if (lock == null) {
                    return Optional.empty();
                }
                if (isPresent(files.lock(), file)) {
                    byte[] pid = Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII);
                    file.truncate(0);
                    file.write(ByteBuffer.wrap(pid), 0);
                    kept = true;
                    return Optional.of(file);
                }
                // Whoever held it before has removed the file in between: once more, with a new one.
            } finally {
                if (!kept) {
                    file.close();
                }
            }
        }
    }

    /// Whether the file of that name is still the one that is open: a mark written to one is in the other.
    private static boolean isPresent(Path path, FileChannel file) throws IOException {
        String mark = "?" + System.nanoTime();
        file.truncate(0);
        file.write(ByteBuffer.wrap(mark.getBytes(StandardCharsets.US_ASCII)), 0);
        try {
            return Files.readString(path).equals(mark);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private static String holder(NetworkFiles files) {
        try {
            String pid = Files.readString(files.lock()).strip();
            return pid.matches("[0-9]+") ? ": process " + pid + " holds it" : "";
        } catch (IOException e) {
            return "";
        }
    }

    private static void removeSockets(NetworkFiles files) throws IOException {
        Files.deleteIfExists(files.members());
        Files.deleteIfExists(files.control());
    }

    /// Removes what a network has left whose holder was killed.
    ///
    /// @return false if somebody holds it
    public static boolean removeStale(NetworkFiles files) throws IOException {
        Optional<FileChannel> lock = lock(files);
        if (lock.isEmpty()) {
            return false;
        }
        try (FileChannel file = lock.get()) {
            removeSockets(files);
            Files.deleteIfExists(files.log());
            Files.deleteIfExists(files.lock());
            return file.isOpen();
        }
    }

    /// The network.
    public SharedNetwork network() {
        return network;
    }

    @Override
    public List<Host> hosts() {
        return network.hosts();
    }

    @Override
    public PublishedPorts published() {
        return published;
    }

    @Override
    public Proxies proxies() {
        return proxies;
    }

    @Override
    public @Nullable Gateway outside() {
        return network.gateway();
    }

    @Override
    public PublishedPorts.Entry publish(Publication publication, @Nullable String name)
            throws IOException, ControlException {
        if (name == null) {
            throw new ControlException("Which host of network '" + files.name() + "' is meant? " + thereAre());
        }
        for (SharedNetwork.Member each : network.members()) {
            if (each.name().equalsIgnoreCase(name)) {
                return published.publish(
                        publication, each.name(), each.addresses().getFirst());
            }
        }
        throw new ControlException("There is no host '" + name + "' on network '" + files.name() + "'. " + thereAre());
    }

    private String thereAre() {
        List<String> names =
                network.members().stream().map(SharedNetwork.Member::name).toList();
        return names.isEmpty() ? "It has no members" : "Its members are " + String.join(", ", names);
    }

    private JsonLine describe(ControlRequest request, Consumer<String> lines) throws ControlException {
        request.requireNothingElse();
        for (SharedNetwork.Member each : network.members()) {
            GuestCounters counters = each.counters();
            lines.accept(new JsonLine()
                    .add("host", each.name())
                    .add(
                            "addresses",
                            each.addresses().stream().map(IpAddress::toString).toList())
                    .add("pid", each.pid())
                    .add("program", each.program())
                    .add("packetsIn", counters.packetsIn())
                    .add("octetsIn", counters.octetsIn())
                    .add("packetsOut", counters.packetsOut())
                    .add("octetsOut", counters.octetsOut())
                    .add("overflow", each.overflow() + counters.overflow())
                    .add("spoofed", counters.spoofed())
                    .add("malformed", each.malformed() + counters.malformed())
                    .toString());
        }
        SharedNetwork.Settings settings = network.settings();
        SharedNetwork.Counters counters = network.counters();
        JsonLine line = new JsonLine()
                .add("name", settings.name())
                .add("pid", ProcessHandle.current().pid())
                .add(
                        "subnets",
                        settings.subnets().stream()
                                .map(IpAddress.Prefix::toString)
                                .toList())
                .add("mtu", settings.mtu())
                .add("outside", settings.outside())
                .add("rules", settings.rules().stream().map(Object::toString).toList())
                .add("members", network.members().size())
                .add("joined", counters.joined())
                .add("refused", counters.refused())
                .add("broken", counters.broken())
                .add("foreign", counters.foreign())
                .add("undeliverable", network.network().undeliverable());
        if (network.gateway() != null) {
            GatewayCounters outside = network.gateway().counters();
            line.add("connections", outside.connections())
                    .add("opened", outside.opened())
                    .add("denied", outside.denied())
                    .add("associations", outside.associations());
        }
        return line;
    }

    private JsonLine end(ControlRequest request, Consumer<String> lines) throws ControlException {
        boolean force = request.flag("force", false);
        request.requireNothingElse();
        List<String> members =
                network.members().stream().map(SharedNetwork.Member::name).toList();
        if (!members.isEmpty() && !force) {
            throw new ControlException("Network '" + files.name() + "' has members: " + String.join(", ", members)
                    + ". With --force it ends nevertheless");
        }
        ended.countDown();
        return new JsonLine().add("pid", ProcessHandle.current().pid());
    }

    /// Waits until somebody asks for the end (`berth network rm`).
    public void awaitEnd() throws InterruptedException {
        ended.await();
    }

    /// One line for people.
    public String describe() {
        SharedNetwork.Settings settings = network.settings();
        StringBuilder line = new StringBuilder("network '" + settings.name() + "' is ");
        for (int i = 0; i < settings.subnets().size(); i++) {
            line.append(i == 0 ? "" : " and ").append(settings.subnets().get(i));
        }
        return line.append(settings.outside() ? "" : ", without the outside")
                .append(", held by process ")
                .append(ProcessHandle.current().pid())
                .toString();
    }

    /// Ends the network and removes its files. Idempotent.
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        ended.countDown();
        proxies.close();
        published.close();
        network.close();
        try {
            Files.deleteIfExists(files.members());
            if (control != null) {
                control.close();
            }
            Files.deleteIfExists(files.control());
            Files.deleteIfExists(files.log());
            Files.deleteIfExists(files.lock());
            lock.close();
        } catch (IOException e) {
            System.getLogger(NetworkHolder.class.getName())
                    .log(System.Logger.Level.WARNING, "Closing network " + files.name(), e);
        }
    }
}
