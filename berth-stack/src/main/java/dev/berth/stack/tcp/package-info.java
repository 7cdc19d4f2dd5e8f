/// TCP as RFC 9293 lays it out: the transmission control block, segment arrival step by step, user calls, timeouts,
/// and one place that builds segments.
package dev.berth.stack.tcp;
