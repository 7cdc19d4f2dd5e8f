/// The sockets and channels of the JDK on a Berth host: channels, selectors, socket implementations and the
/// resolver.
package dev.berth.sockets;
