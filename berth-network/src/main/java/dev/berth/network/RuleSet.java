package dev.berth.network;

import dev.berth.wire.Packet;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// The rules of a network in the order in which they came. Read without a lock by whoever sends.
final class RuleSet {
    private record Entry(Fault fault, Traffic traffic, Rule rule, LongAdder hits) {}

    private static final Entry[] NONE = {};

    private final Runnable changed;
    private volatile Entry[] entries = NONE;

    /// @param changed called after each change
    RuleSet(Runnable changed) {
        this.changed = changed;
    }

    boolean isEmpty() {
        return entries.length == 0;
    }

    synchronized void add(Fault fault, Traffic traffic, Rule rule) {
        List<Entry> more = new ArrayList<>(List.of(entries));
        more.add(new Entry(fault, traffic, rule, new LongAdder()));
        entries = more.toArray(NONE);
        changed.run();
    }

    synchronized void remove(Fault fault) {
        List<Entry> fewer = new ArrayList<>(List.of(entries));
        if (fewer.removeIf(entry -> entry.fault == fault)) {
            entries = fewer.toArray(NONE);
            changed.run();
        }
    }

    boolean contains(Fault fault) {
        for (Entry entry : entries) {
            if (entry.fault == fault) {
                return true;
            }
        }
        return false;
    }

    boolean isInForce(Rule rule) {
        for (Entry entry : entries) {
            if (entry.rule == rule) {
                return true;
            }
        }
        return false;
    }

    /// Packets that a fault in force has had an effect on.
    long hits(Fault fault) {
        for (Entry entry : entries) {
            if (entry.fault == fault) {
                return entry.hits.sum();
            }
        }
        return 0;
    }

    /// The faults in force.
    List<Fault> faults() {
        List<Fault> all = new ArrayList<>();
        for (Entry entry : entries) {
            all.add(entry.fault);
        }
        return all;
    }

    /// Whether there is a rule to ask about a packet from one node to another. Asks none.
    boolean concern(Packet packet, Node from, Node to) {
        for (Entry entry : entries) {
            if (entry.traffic.matches(packet, from, to)) {
                return true;
            }
        }
        return false;
    }

    /// What the rules decide about a packet: [Verdict#PASS] if none has anything to say.
    Verdict decide(Passage passage) {
        Verdict soFar = null;
        for (Entry entry : entries) {
            if (!entry.traffic.matches(passage)) {
                continue;
            }
            Verdict verdict = ask(entry, passage);
            if (verdict == Verdict.PASS) {
                continue;
            }
            entry.hits.increment();
            passage.fault = entry.fault;
            if (verdict.kind != Verdict.Kind.SLOW) {
                return merge(soFar, verdict);
            }
            soFar = merge(soFar, verdict);
        }
        return soFar == null ? Verdict.PASS : soFar;
    }

    /// A rule is somebody else's program: that it fails must not end the thread that sends, which may serve all hosts.
    private Verdict ask(Entry entry, Passage passage) {
        try {
            return Objects.requireNonNull(entry.rule.decide(passage), "A rule gives no verdict: it is null");
        } catch (RuntimeException | AssertionError e) {
            entry.fault.fail(e);
            remove(entry.fault);
            System.getLogger("dev.berth.network")
                    .log(System.Logger.Level.ERROR, "The fault '" + entry.fault + "' has failed and is ended", e);
            return Verdict.PASS;
        }
    }

    private static Verdict merge(@Nullable Verdict earlier, Verdict verdict) {
        return earlier == null ? verdict : verdict.behind(earlier);
    }
}
