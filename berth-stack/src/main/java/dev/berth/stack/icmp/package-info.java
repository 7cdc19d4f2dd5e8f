/// ICMP (RFC 792) and ICMPv6 (RFC 4443) of a host: echo, errors received and errors sent.
package dev.berth.stack.icmp;
