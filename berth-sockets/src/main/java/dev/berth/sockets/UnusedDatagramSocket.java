package dev.berth.sockets;

import java.net.DatagramPacket;
import java.net.DatagramSocketImpl;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/// What `java.net.DatagramSocket` wants to be given by a view that overrides what it needs; the rest is multicast.
final class UnusedDatagramSocket extends DatagramSocketImpl {
    private static UnsupportedOperationException multicast() {
        return new UnsupportedOperationException("Multicast is not supported");
    }

    private static AssertionError used() {
        return new AssertionError("The view of a channel overrides whatever would come here");
    }

    @Override
    protected void create() {}

    @Override
    protected void bind(int localPort, InetAddress localAddress) {
        throw used();
    }

    @Override
    protected void send(DatagramPacket packet) {
        throw used();
    }

    @Override
    protected int peek(InetAddress sender) {
        throw used();
    }

    @Override
    protected int peekData(DatagramPacket packet) {
        throw used();
    }

    @Override
    protected void receive(DatagramPacket packet) {
        throw used();
    }

    @Override
    @Deprecated
    @SuppressWarnings("removal")
    protected void setTTL(byte ttl) {
        throw multicast();
    }

    @Override
    @Deprecated
    @SuppressWarnings("removal")
    protected byte getTTL() {
        throw multicast();
    }

    @Override
    protected void setTimeToLive(int ttl) {
        throw multicast();
    }

    @Override
    protected int getTimeToLive() {
        throw multicast();
    }

    @Override
    protected void join(InetAddress group) {
        throw multicast();
    }

    @Override
    protected void leave(InetAddress group) {
        throw multicast();
    }

    @Override
    protected void joinGroup(SocketAddress group, @Nullable NetworkInterface networkInterface) {
        throw multicast();
    }

    @Override
    protected void leaveGroup(SocketAddress group, @Nullable NetworkInterface networkInterface) {
        throw multicast();
    }

    @Override
    protected void close() {}

    @Override
    public void setOption(int id, @Nullable Object value) {
        throw used();
    }

    @Override
    public Object getOption(int id) {
        throw used();
    }
}
