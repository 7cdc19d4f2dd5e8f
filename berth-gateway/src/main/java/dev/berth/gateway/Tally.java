package dev.berth.gateway;

import java.util.concurrent.atomic.LongAdder;

/// What a gateway counts while it runs.
final class Tally {
    final LongAdder opened = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder unreachable = new LongAdder();
    final LongAdder timedOut = new LongAdder();
    final LongAdder denied = new LongAdder();
    final LongAdder spoofed = new LongAdder();
    final LongAdder overLimit = new LongAdder();
    final LongAdder overGuestLimit = new LongAdder();
    final LongAdder overDestinationLimit = new LongAdder();
    final LongAdder displaced = new LongAdder();
    final LongAdder idle = new LongAdder();
    final LongAdder evicted = new LongAdder();
    final LongAdder datagramsOut = new LongAdder();
    final LongAdder datagramsIn = new LongAdder();
    final LongAdder filtered = new LongAdder();
    final LongAdder undeliverable = new LongAdder();
    final LongAdder errorsPassed = new LongAdder();
    final LongAdder echoesOut = new LongAdder();
    final LongAdder echoesIn = new LongAdder();
    final LongAdder echoesLost = new LongAdder();
}
