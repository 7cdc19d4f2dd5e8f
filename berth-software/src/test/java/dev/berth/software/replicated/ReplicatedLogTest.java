package dev.berth.software.replicated;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.capture.Capture;
import dev.berth.check.Seeds;
import dev.berth.host.Host;
import dev.berth.network.Fault;
import dev.berth.network.LinkProfile;
import dev.berth.network.Network;
import dev.berth.sockets.HostScope;
import dev.berth.software.InThisJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Three servers and a client of Apache Ratis, unmodified, over gRPC and its Netty, on four hosts of a lossy network in
/// this JVM. The leader is isolated and comes back, a member loses its power and starts again: every entry that the
/// client was told is committed is there once and in its place, on all three.
///
/// This is real time: Ratis has threads and pools of its own that wait for locks and queues, which virtual time does
/// not see. A seed decides what the links lose and delay and which faults there are, not when threads run. The ordinary
/// run has two seeds; `-Dberth.test.jvm=-Dberth.replicated.seeds=10` has ten.
class ReplicatedLogTest {
    private static final int SEEDS = Integer.getInteger("berth.replicated.seeds", 2);
    private static final List<String> NAMES = List.of("n1", "n2", "n3");
    private static final int MORE = 20;
    private static final String AGAIN = "-again";

    @TempDir
    Path directory;

    @BeforeAll
    static void sockets() {
        InThisJvm.nowhere();
    }

    @Test
    @Timeout(1_200)
    void nothing_that_was_committed_is_lost() {
        Seeds.run(SEEDS, random -> {
            try (Cluster cluster = new Cluster(random, Files.createTempDirectory(directory, "seed"))) {
                cluster.begin();
                String isolated = cluster.isolateTheLeader();
                cluster.append();
                String crashed = cluster.crashAndRestart();
                cluster.append();
                cluster.end();
                cluster.right = true;
                System.out.println("Ratis, " + "seed " + cluster.network.seed() + ": "
                        + isolated + "; " + crashed + "; "
                        + cluster.writer.acknowledged().size() + " entries");
            }
        });
    }

    /// A member in its process on its host.
    private record Running(OwnProcess process, Member member) {}

    private static final class Cluster implements AutoCloseable {
        private final SplittableRandom random;
        private final Path directory;
        private final LinkProfile link;
        private final Network network;
        private final Capture capture = Capture.ring(16 << 20);
        private final Signal signal = new Signal();
        private final List<CompletableFuture<Void>> ending = new ArrayList<>();
        private final Map<String, Running> members = new LinkedHashMap<>();
        private final OwnProcess client;
        private final Writer writer;
        private boolean right;

        Cluster(SplittableRandom random, Path directory) throws Exception {
            this.random = random;
            this.directory = directory;
            link = LinkProfile.PERFECT
                    .latency(Duration.ofMillis(random.nextInt(1, 4)))
                    .jitter(Duration.ofNanos(random.nextInt(900_000)))
                    .loss(random.nextInt(11) / 1_000.0);
            network = Network.builder("raft")
                    .seed(random.nextLong())
                    .mtu(1_500)
                    .link(link)
                    .build();
            for (String name : NAMES) {
                network.host(name, plan -> plan.around(capture::around));
            }
            client = process(network.host("client", plan -> plan.around(capture::around)));
            writer = client.make(RatisWriter.class, Writer.class);
        }

        private OwnProcess process(Host host) {
            return new OwnProcess(HostScope.of(host, false, network));
        }

        private void start(String name, boolean recovers) throws Exception {
            OwnProcess process = process(network.find(name).orElseThrow());
            Member member = process.make(RatisMember.class, Member.class);
            Path disk = directory.resolve(recovers ? name + AGAIN : name);
            Member.Role role = new Member.Role(NAMES, name, disk, recovers, signal);
            members.put(name, new Running(process, member));
            process.run(() -> member.start(role));
        }

        void begin() throws Exception {
            for (String name : NAMES) {
                start(name, false);
            }
            await("a leader", () -> leaders(NAMES).size() == 1);
            client.run(() -> writer.start(NAMES, signal));
            append();
        }

        private List<String> leaders(List<String> among) {
            return among.stream()
                    .filter(name -> members.get(name).member().isLeader())
                    .toList();
        }

        private void await(String what, BooleanSupplier condition) throws InterruptedException {
            signal.await(what, condition, this::toString);
        }

        /// Waits until the client has been told of further entries.
        void append() throws InterruptedException {
            int wanted = writer.acknowledged().size() + MORE;
            await(wanted + " entries", () -> writer.acknowledged().size() >= wanted);
        }

        /// Waits until a member knows all that the client has been told by now.
        private void awaitCaughtUp(String name) throws InterruptedException {
            String last = writer.acknowledged().getLast();
            await(name + " knows " + last, () -> entries(name).contains(last));
        }

        private List<String> entries(String name) {
            return members.get(name).member().entries();
        }

        String isolateTheLeader() throws Exception {
            await("a leader", () -> leaders(NAMES).size() == 1);
            String leader = leaders(NAMES).getFirst();
            List<String> others = new ArrayList<>(NAMES);
            others.remove(leader);
            List<Fault> faults = new ArrayList<>();
            String how;
            switch (random.nextInt(3)) {
                case 0 -> {
                    how = " isolated";
                    faults.add(network.partition(leader));
                }
                case 1 -> {
                    how = " isolated from the members";
                    faults.add(network.partition(List.of(leader), others));
                }
                default -> {
                    how = " deaf";
                    others.forEach(
                            other -> faults.add(network.fromTo(other, leader).cut()));
                    faults.add(network.fromTo("client", leader).cut());
                }
            }
            await("another leader than " + leader, () -> !leaders(others).isEmpty());
            append();
            String last = writer.acknowledged().getLast();
            assertThat(entries(leader)).as("what an isolated member knows").doesNotContain(last);
            faults.forEach(Fault::close);
            awaitCaughtUp(leader);
            return leader + how;
        }

        String crashAndRestart() throws Exception {
            await("a leader", () -> leaders(NAMES).size() == 1);
            String leader = leaders(NAMES).getFirst();
            String victim = random.nextBoolean() ? leader : NAMES.get(random.nextInt(NAMES.size()));
            network.crash(victim);
            copyDisk(victim);
            end(members.get(victim));
            append();
            network.restart(victim);
            start(victim, true);
            awaitCaughtUp(victim);
            return (victim.equals(leader) ? "leader " : "follower ") + victim + " crashed";
        }

        void end() throws Exception {
            client.run(writer::close);
            List<String> acknowledged = writer.acknowledged();
            for (String name : NAMES) {
                awaitCaughtUp(name);
            }
            await(
                    "the same on all",
                    () -> entries("n1").equals(entries("n2")) && entries("n2").equals(entries("n3")));
            List<String> committed = entries("n1");
            assertThat(committed).doesNotHaveDuplicates().containsSubsequence(acknowledged);
            assertThat(committed.size() - acknowledged.size())
                    .as("entries nobody was told of")
                    .isBetween(0, writer.failed());
            assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(5 * MORE);
        }

        /// What is on a member's disk when it loses its power; all that it has ever confirmed is. What is left of the
        /// process ends on the old one, which it has locked.
        private void copyDisk(String name) throws IOException {
            Path from = directory.resolve(name);
            Path to = directory.resolve(name + AGAIN);
            try (Stream<Path> files = Files.walk(from)) {
                for (Path file : files.toList()) {
                    if (!file.endsWith("in_use.lock")) {
                        Files.copy(file, to.resolve(from.relativize(file).toString()));
                    }
                }
            }
        }

        private void end(Running running) {
            ending.add(CompletableFuture.runAsync(
                    () -> {
                        try {
                            running.process().run(running.member()::close);
                        } catch (Exception e) {
                            throw new CompletionException(e);
                        }
                    },
                    task -> Thread.ofPlatform().name("end").start(task)));
        }

        @Override
        public void close() throws Exception {
            if (!right) {
                Path packets =
                        Files.createDirectories(Path.of("target", "berth")).resolve("replicated.pcapng");
                capture.dump(packets);
                System.err.println("The last packets are in " + packets);
            }
            client.run(writer::close);
            members.values().forEach(this::end);
            CompletableFuture.allOf(ending.toArray(CompletableFuture[]::new)).get(2, TimeUnit.MINUTES);
            network.close();
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder(network + " " + network.faults() + ", " + link + ", acknowledged "
                    + writer.acknowledged().size() + ", failed " + writer.failed());
            members.forEach((name, running) -> text.append("; ")
                    .append(running.member().entries().size())
                    .append(" on ")
                    .append(running.member()));
            return text.toString();
        }
    }
}
