/// Rewrites methods of the JDK so that its sockets, channels and interfaces are those of a host.
package dev.berth.agent.jdk;
