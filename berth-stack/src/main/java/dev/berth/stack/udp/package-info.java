/// UDP (RFC 768, RFC 1122 section 4.1): datagram endpoints on a port table.
package dev.berth.stack.udp;
