/// Timers of the sans-I/O host: a hierarchical wheel that is driven by a clock from outside.
package dev.berth.stack.time;
