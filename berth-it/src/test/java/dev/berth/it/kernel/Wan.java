package dev.berth.it.kernel;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/// A long way in real time: packets of each direction are lost with a probability, queue for a bottleneck with a
/// drop-tail buffer, and arrive after a delay, in order. With the same seed the n-th packet of a direction is lost
/// whoever sends it.
///
/// It stands between two TUN devices ([#connect]), so that the kernel talks with the kernel over it, or around a
/// link of a host ([#around]), or the kernel and a host share it ([#share]).
final class Wan implements AutoCloseable {
    private static final long SECOND = 1_000_000_000L;

    private final Direction outbound;
    private final Direction inbound;

    /// @param loss probability per packet in each direction
    /// @param oneWay delay in nanoseconds
    /// @param rate octets per second
    /// @param buffer octets that wait at the bottleneck at most
    Wan(double loss, long oneWay, long rate, long buffer, long seed) {
        outbound = new Direction(loss, oneWay, rate, buffer, seed);
        inbound = new Direction(loss, oneWay, rate, buffer, seed + 1);
    }

    /// Carries packets between two links.
    void connect(Link a, Link b) throws IOException {
        outbound.leadTo(b);
        inbound.leadTo(a);
        a.start(receiver(outbound));
        b.start(receiver(inbound));
    }

    /// Carries the packets of the kernel behind `near` and of a host to `far`, through one bottleneck, and the answers
    /// back to whom they are for. Packets for IPv4 addresses that end with `hostNumber` are the host's.
    ///
    /// @return the link for the host
    Link share(Link near, Link far, int hostNumber) throws IOException {
        outbound.leadTo(far);
        near.start(receiver(outbound));
        return new Link() {
            @Override
            public LinkInfo info() {
                LinkInfo info = far.info();
                return new LinkInfo(info.name(), info.mtu(), info.checksumOffload(), 0);
            }

            @Override
            public void start(LinkReceiver receiver) throws IOException {
                inbound.start(packet -> {
                    if (packet.bytes[packet.start + Ipv4Header.DESTINATION + 3] == hostNumber) {
                        receiver.received(packet);
                    } else {
                        near.transmit(packet);
                        near.flush();
                    }
                });
                far.start(receiver(inbound));
            }

            @Override
            public void transmit(Packet packet) {
                outbound.send(packet);
            }

            @Override
            public void close() {
                far.close();
            }
        };
    }

    private static LinkReceiver receiver(Direction direction) {
        BufferPool pool = new BufferPool();
        return new LinkReceiver() {
            @Override
            public BufferPool pool() {
                return pool;
            }

            @Override
            public boolean received(Packet packet) {
                direction.send(packet);
                return true;
            }

            @Override
            public void down(String reason) {
                throw new IllegalStateException(reason);
            }
        };
    }

    /// The link as a host far away sees it. Packets do not stand for several segments, as the way takes them one by
    /// one.
    Link around(Link link) {
        outbound.leadTo(link);
        return new Link() {
            @Override
            public LinkInfo info() {
                LinkInfo info = link.info();
                return new LinkInfo(info.name(), info.mtu(), info.checksumOffload(), 0);
            }

            @Override
            public void start(LinkReceiver receiver) throws IOException {
                inbound.start(receiver::received);
                link.start(new LinkReceiver() {
                    @Override
                    public BufferPool pool() {
                        return receiver.pool();
                    }

                    @Override
                    public boolean received(Packet packet) {
                        inbound.send(packet);
                        return true;
                    }

                    @Override
                    public void down(String reason) {
                        receiver.down(reason);
                    }
                });
            }

            @Override
            public void transmit(Packet packet) {
                outbound.send(packet);
            }

            @Override
            public void close() {
                link.close();
            }
        };
    }

    @Override
    public void close() {
        outbound.close();
        inbound.close();
    }

    private record Traveller(Packet packet, long arrival) {}

    private static final class Direction {
        private final double loss;
        private final long oneWay;
        private final long rate;
        private final long buffer;
        private final SplittableRandom random;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();
        private final Deque<Traveller> queue = new ArrayDeque<>();
        private long busyUntil;
        private boolean closed;
        private Thread thread;

        Direction(double loss, long oneWay, long rate, long buffer, long seed) {
            this.loss = loss;
            this.oneWay = oneWay;
            this.rate = rate;
            this.buffer = buffer;
            random = new SplittableRandom(seed);
        }

        void leadTo(Link link) {
            start(packet -> {
                link.transmit(packet);
                link.flush();
            });
        }

        void start(Consumer<Packet> next) {
            thread = Thread.ofPlatform().daemon().name("berth-wan").start(() -> carry(next));
        }

        void send(Packet packet) {
            long now = System.nanoTime();
            lock.lock();
            try {
                long wait = Math.max(0, busyUntil - now);
                long queued = wait * rate / SECOND;
                if (closed || random.nextDouble() < loss || queued > 0 && queued + packet.length() > buffer) {
                    packet.release();
                    return;
                }
                busyUntil = now + wait + packet.length() * SECOND / rate;
                queue.add(new Traveller(packet, busyUntil + oneWay));
                if (queue.size() == 1) {
                    changed.signal();
                }
            } finally {
                lock.unlock();
            }
        }

        private void carry(Consumer<Packet> next) {
            for (; ; ) {
                Packet packet = await();
                if (packet == null) {
                    return;
                }
                next.accept(packet);
            }
        }

        private Packet await() {
            lock.lock();
            try {
                for (; ; ) {
                    if (closed) {
                        return null;
                    }
                    Traveller first = queue.peek();
                    if (first == null) {
                        changed.await();
                        continue;
                    }
                    long left = first.arrival() - System.nanoTime();
                    if (left <= 0) {
                        queue.remove();
                        return first.packet();
                    }
                    changed.awaitNanos(left);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return null;
            } finally {
                lock.unlock();
            }
        }

        void close() {
            lock.lock();
            try {
                closed = true;
                for (Traveller traveller : queue) {
                    traveller.packet().release();
                }
                queue.clear();
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            if (thread != null) {
                thread.interrupt();
            }
        }
    }
}
