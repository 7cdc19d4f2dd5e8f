/// A running host: the lock, the clock and the timer thread around the stack, the links under it and the blocking
/// sockets on it.
package dev.berth.host;
