/// The host of a program: its options, published ports, captures, and the socket where `berth ss` asks.
package dev.berth.agent.run;
