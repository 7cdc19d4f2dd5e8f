/// The agent that installs the sockets of Berth in a JVM, with `-javaagent` or `Launcher-Agent-Class`.
package dev.berth.agent;
