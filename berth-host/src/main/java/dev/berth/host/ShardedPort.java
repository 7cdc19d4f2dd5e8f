package dev.berth.host;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Packet;

/// Where a link meets a host of several shards: finds the shard of each packet that the link received.
final class ShardedPort implements LinkReceiver {
    private final LinkPort[] ports;

    /// @param ports of the same link, one for each shard
    ShardedPort(LinkPort[] ports) {
        this.ports = ports.clone();
    }

    @Override
    public BufferPool pool() {
        return ports[0].pool();
    }

    @Override
    public LinkReceiver of(Packet packet) {
        return ports[Steering.shardOf(packet, ports.length)];
    }

    @Override
    public boolean received(Packet packet) {
        return of(packet).received(packet);
    }

    @Override
    public boolean receivedMore(Packet packet) {
        return of(packet).receivedMore(packet);
    }

    @Override
    public void receivedAll() {
        for (LinkPort port : ports) {
            port.receivedAll();
        }
    }

    @Override
    public void receivedAll(long sentAt) {
        for (LinkPort port : ports) {
            port.receivedAll(sentAt);
        }
    }

    @Override
    public void ready() {
        for (LinkPort port : ports) {
            port.ready();
        }
    }

    @Override
    public void down(String reason) {
        for (LinkPort port : ports) {
            port.dropFromNowOn(reason);
        }
        ports[0].down(reason);
    }
}
