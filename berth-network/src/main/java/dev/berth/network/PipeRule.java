package dev.berth.network;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// A [LinkProfile] as a rule: a [Pipe] for each two hosts and direction.
final class PipeRule implements Rule {
    private record Way(Node from, Node to) {}

    private final Network network;
    private final LinkProfile profile;
    private final int number;
    private final Map<Way, Pipe> pipes = new ConcurrentHashMap<>();

    PipeRule(Network network, LinkProfile profile) {
        this.network = network;
        this.profile = profile;
        number = network.nextRule();
    }

    @Override
    public Verdict decide(Passage packet) {
        Pipe pipe = pipes.get(new Way(packet.from, packet.to));
        if (pipe == null) {
            pipe = pipes.computeIfAbsent(
                    new Way(packet.from, packet.to),
                    way -> new Pipe(
                            profile, Node.random(network.seed(), way.from.name() + " " + way.to.name(), number)));
        }
        long now = network.clock().now();
        synchronized (pipe) {
            long arrival = pipe.admit(packet.length(), now);
            if (arrival < 0) {
                return Verdict.DROP;
            }
            if (arrival <= now && !pipe.isAgain() && !pipe.isWrong()) {
                return Verdict.PASS;
            }
            return Verdict.slow(Math.max(0, arrival - now), pipe.isAgain() ? 2 : 1, pipe.isWrong());
        }
    }
}
