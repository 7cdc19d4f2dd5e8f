/// JMH benchmarks of single parts. Each protects a decision:
///
/// - [PortPickBenchmark]: ephemeral ports by rank and select over a bitmap, constant at any occupancy.
/// - [PortSetBenchmark]: the same without the table around it.
/// - [PortSetBenchmark]: the set below it alone, without a branch that depends on what is in it.
/// - [PortLookupBenchmark]: one open-addressing table keyed by SipHash for ports and flows alike.
/// - [ChecksumBenchmark]: separate methods for the sums of headers and of payloads, wide lanes over `byte[]`.
/// - [SegmentBenchmark]: sans-I/O TCP that allocates nothing per segment.
/// - [TimerWheelBenchmark]: a hierarchical wheel of intrusive nodes, constant whatever the number of timers.
/// - [HostBenchmark]: hosts that allocate nothing per segment and datagram, locks, clock and signals included.
/// - [ReferenceBenchmark]: plain Java, beside which the gates measure the others.
///
/// `./berth bench --jmh PATTERN` runs those whose names match, with the allocation per operation.
///
/// Fields are filled by JMH's set-up methods, so the package is outside of the null analysis.
@NullUnmarked
package dev.berth.bench.jmh;

import org.jspecify.annotations.NullUnmarked;
