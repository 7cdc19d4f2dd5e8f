/// What the sockets of all transports have in common: byte hand-over, readiness, and the queue of sockets whose
/// readiness changed.
package dev.berth.stack.endpoint;
