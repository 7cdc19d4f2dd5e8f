package dev.berth.sockets;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;

/// A pipe in memory, whose ends a [BerthSelector] can watch.
final class BerthPipe extends Pipe {
    private final PipeBuffer buffer = new PipeBuffer();
    private final Source source;
    private final Sink sink;

    BerthPipe(BerthSelectorProvider provider) {
        source = new Source(provider);
        sink = new Sink(provider);
    }

    @Override
    public SourceChannel source() {
        return source;
    }

    @Override
    public SinkChannel sink() {
        return sink;
    }

    /// The end to read from.
    private final class Source extends SourceChannel implements Selectable {
        private final ReentrantLock readLock = new ReentrantLock();

        Source(BerthSelectorProvider provider) {
            super(provider);
        }

        @Override
        public int read(ByteBuffer destination) throws IOException {
            BufferSink.checkWritable(destination);
            readLock.lock();
            try {
                ensureOpen(this);
                if (!destination.hasRemaining()) {
                    return 0;
                }
                boolean blocking = isBlocking();
                int n = 0;
                try {
                    if (blocking) {
                        begin();
                    }
                    n = buffer.read(destination, blocking);
                } finally {
                    if (blocking) {
                        end(n > 0);
                    }
                }
                return n;
            } finally {
                readLock.unlock();
            }
        }

        @Override
        public long read(ByteBuffer[] destinations) throws IOException {
            return read(destinations, 0, destinations.length);
        }

        @Override
        public long read(ByteBuffer[] destinations, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, destinations.length);
            readLock.lock();
            try {
                long total = 0;
                for (int i = offset; i < offset + length; i++) {
                    if (destinations[i].hasRemaining() && (total == 0 || buffer.isReadable())) {
                        int n = read(destinations[i]);
                        if (n <= 0) {
                            return total == 0 ? n : total;
                        }
                        total += n;
                    }
                }
                return total;
            } finally {
                readLock.unlock();
            }
        }

        @Override
        protected void implCloseSelectableChannel() {
            buffer.closeSource();
        }

        @Override
        protected void implConfigureBlocking(boolean block) throws IOException {
            readLock.lock(); // waits for a read in the other mode
            try {
                ensureOpen(this);
            } finally {
                readLock.unlock();
            }
        }

        @Override
        public int readyOps(int interest) {
            return isOpen() && buffer.isReadable() ? interest & SelectionKey.OP_READ : 0;
        }

        @Override
        public ChannelKeys selectionKeys() {
            return buffer.sourceKeys();
        }
    }

    /// The end to write to.
    private final class Sink extends SinkChannel implements Selectable {
        private final ReentrantLock writeLock = new ReentrantLock();

        Sink(BerthSelectorProvider provider) {
            super(provider);
        }

        @Override
        public int write(ByteBuffer origin) throws IOException {
            Objects.requireNonNull(origin);
            writeLock.lock();
            try {
                ensureOpen(this);
                boolean blocking = isBlocking();
                int n = 0;
                try {
                    if (blocking) {
                        begin();
                    }
                    n = buffer.write(origin, blocking);
                } finally {
                    if (blocking) {
                        end(n > 0);
                    }
                }
                return n;
            } finally {
                writeLock.unlock();
            }
        }

        @Override
        public long write(ByteBuffer[] origins) throws IOException {
            return write(origins, 0, origins.length);
        }

        @Override
        public long write(ByteBuffer[] origins, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, origins.length);
            writeLock.lock();
            try {
                long total = 0;
                for (int i = offset; i < offset + length; i++) {
                    total += write(origins[i]);
                    if (origins[i].hasRemaining()) {
                        break;
                    }
                }
                return total;
            } finally {
                writeLock.unlock();
            }
        }

        @Override
        protected void implCloseSelectableChannel() {
            buffer.closeSink();
        }

        @Override
        protected void implConfigureBlocking(boolean block) throws IOException {
            writeLock.lock(); // waits for a write in the other mode
            try {
                ensureOpen(this);
            } finally {
                writeLock.unlock();
            }
        }

        @Override
        public int readyOps(int interest) {
            return isOpen() && buffer.isWritable() ? interest & SelectionKey.OP_WRITE : 0;
        }

        @Override
        public ChannelKeys selectionKeys() {
            return buffer.sinkKeys();
        }
    }

    private static void ensureOpen(Channel channel) throws ClosedChannelException {
        if (!channel.isOpen()) {
            throw new ClosedChannelException();
        }
    }
}
