/// The host of a program: the options that describe it, published ports, captures, and the socket where `berth ss` asks.
package dev.berth.agent.run;
