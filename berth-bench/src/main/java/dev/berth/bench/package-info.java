/// Benchmarks: JMH for the parts, side-by-side runs against the sockets of the kernel for the whole.
package dev.berth.bench;
