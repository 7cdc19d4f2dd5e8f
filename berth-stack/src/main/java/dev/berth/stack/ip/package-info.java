/// The Internet layer of a host: interfaces, addresses and routes, input, reassembly, output, path MTU.
///
/// Nothing here calls upward: [dev.berth.stack.ip.IpInput] *returns* the packet to deliver.
package dev.berth.stack.ip;
