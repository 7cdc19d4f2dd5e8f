/// The sans-I/O host: [dev.berth.stack.NetStack] takes packets, user calls and the time, and gives packets, readiness
/// and the next deadline.
package dev.berth.stack;
