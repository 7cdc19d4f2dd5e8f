/// Networks of hosts in memory, with latency, loss, partitions and virtual time.
package dev.berth.network;
