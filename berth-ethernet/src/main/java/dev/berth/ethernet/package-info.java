/// Ethernet for guests of a network in memory; see [EthernetSegment].
package dev.berth.ethernet;
