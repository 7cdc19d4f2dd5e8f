package dev.berth.cli;

import dev.berth.agent.run.PortText;
import dev.berth.host.Host;
import dev.berth.ports.PortKind;
import dev.berth.ports.Transport;
import dev.berth.stack.StackSnapshot;
import dev.berth.stack.StackSnapshot.FlowEntry;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;

/// The scene of `berth demo`: hosts A and B, a web server on port 80 of each and a browser on each.
///
/// What is printed is what the sockets report, and what is claimed is checked: a claim that does not hold ends the
/// demo with an exception.
final class DemoScene {
    private static final long PATIENCE_NANOS = 10_000_000_000L;
    private static final long LOOK_MILLIS = 20;

    private final Narrator narrator;
    private final Host a;
    private final Host b;

    DemoScene(Narrator narrator, Host a, Host b) {
        this.narrator = narrator;
        this.a = a;
        this.b = b;
    }

    /// Plays it once.
    ///
    /// @throws IOException if a connection fails
    void play() throws IOException {
        narrator.say(
                "A network with two hosts: A is " + a.addresses().getFirst() + ", B is "
                        + b.addresses().getFirst() + ".",
                "Each has all 65,536 ports of TCP to itself. TIME-WAIT is " + DemoCommand.TIME_WAIT_SECONDS
                        + " s in this demo instead of 60 s.");
        List<Talk> talks = new ArrayList<>();
        try (DemoServer serverA = DemoServer.start(a);
                DemoServer serverB = DemoServer.start(b)) {
            listen();
            browse(talks);
            showFlows(talks);
            close(talks);
            waitForRelease();
            verdict(serverA, serverB);
        } finally {
            talks.forEach(Talk::close);
        }
    }

    private void listen() {
        narrator.chapter("A web server listens on port 80 of each host");
        narrator.say("Servers listen on well-known ports, so that clients know them beforehand: 80 is "
                + PortText.kind(Transport.TCP, DemoServer.PORT) + ".");
        showPorts();
    }

    private void browse(List<Talk> talks) throws IOException {
        narrator.chapter("Browsers send requests and get replies");
        narrator.say(
                "The host gives each browser's connection an ephemeral port. It is the source port of the request,",
                "and the destination port of the reply.");
        talks.add(browse(a, b, 1));
        talks.add(browse(b, a, 1));
        narrator.say("Now A's browser asks the server on A itself: client and server of one protocol on one host.");
        talks.add(browse(a, a, 1));
        narrator.say("A second connection from A to B, at the same time, has a port of its own.");
        talks.add(browse(a, b, 2));
        narrator.say("The first connection is still there, with the same ports, for a second request.");
        exchange(talks.getFirst(), a, b, 1);
    }

    /// A browser on `from` opens its connection number `number` to the server on `to`.
    private Talk browse(Host from, Host to, int number) throws IOException {
        Talk talk = Talk.connect(from, new Endpoint(to.addresses().getFirst(), DemoServer.PORT));
        exchange(talk, from, to, number);
        return talk;
    }

    private void exchange(Talk talk, Host from, Host to, int number) throws IOException {
        String client = PortText.describe(Transport.TCP, talk.local());
        String server = PortText.describe(Transport.TCP, talk.remote());
        String path = "/" + from.name() + number;
        narrator.request(from.name() + " to " + to.name() + "  " + client + " -> " + server + "  GET " + path);
        talk.send("GET " + path + " HTTP/1.1\r\nHost: " + to.name() + "\r\n\r\n");
        String reply = talk.readReply();
        narrator.reply(to.name() + " to " + from.name() + "  " + server + " -> " + client + "  "
                + reply.substring("HTTP/1.1 ".length(), reply.indexOf('\r')) + " \""
                + reply.substring(reply.indexOf("\r\n\r\n") + 4) + "\"");
        require(reply.endsWith("Hello from " + to.name()), "the reply is that of the server on " + to.name());
        require(PortKind.of(talk.local().port()) == PortKind.DYNAMIC, "the client's port is ephemeral");
    }

    private void showFlows(List<Talk> talks) {
        narrator.chapter("The ports of both hosts now");
        narrator.say(
                "All connections to a server share its port 80. Both addresses and both ports tell them apart.",
                "What A asks A stands there twice: once for the browser, once for the server.");
        showPorts();
        List<Integer> ports = new ArrayList<>();
        talks.forEach(talk -> ports.add(talk.local().port()));
        narrator.say("Ephemeral ports in use: " + ports);
        require(!ports.getFirst().equals(ports.getLast()), "two connections from A to B have two ports");
    }

    private void close(List<Talk> talks) {
        narrator.chapter("The browsers close their connections");
        Collections.reverse(talks);
        talks.forEach(Talk::close);
        await(snapshot -> snapshot.flows().stream().allMatch(DemoScene::isTimeWait), "only TIME-WAIT is left");
        narrator.say(
                "Who closes first keeps the connection in TIME-WAIT for a while: late packets harm no new one then.",
                "Until it ends, the port is not chosen again for the same destination.");
        showPorts();
    }

    private void waitForRelease() {
        narrator.chapter("After " + DemoCommand.TIME_WAIT_SECONDS + " s the ephemeral ports are free again");
        await(snapshot -> snapshot.flows().isEmpty(), "no flow is left");
        narrator.say("The servers still listen.");
        showPorts();
    }

    private void verdict(DemoServer serverA, DemoServer serverB) {
        narrator.chapter("Who got what");
        narrator.say(
                "Port 80 of A got " + serverA.requests() + " requests and " + serverA.others() + " replies.",
                "Port 80 of B got " + serverB.requests() + " requests and " + serverB.others() + " replies.",
                "Every reply reached the browser that had asked, also where the server sits beside it.");
        require(serverA.requests() == 2 && serverB.requests() == 3, "every request reached its server");
        require(serverA.others() == 0 && serverB.others() == 0, "no server got a reply");
    }

    private void showPorts() {
        for (Host host : List.of(a, b)) {
            narrator.say("  host " + host.name());
            for (String line : PortText.table(host)) {
                narrator.say("    " + line);
            }
        }
    }

    private static boolean isTimeWait(FlowEntry flow) {
        return flow.state().equals("TIME-WAIT");
    }

    /// Waits until `condition` holds on both hosts.
    private void await(Predicate<StackSnapshot> condition, String what) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!condition.test(a.snapshot()) || !condition.test(b.snapshot())) {
            require(System.nanoTime() - deadline < 0, what);
            try {
                Thread.sleep(LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("The demo was interrupted", e);
            }
        }
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException("The demo found out that this is not so: " + what);
        }
    }
}
