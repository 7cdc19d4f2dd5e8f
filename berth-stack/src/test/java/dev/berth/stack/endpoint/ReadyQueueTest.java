package dev.berth.stack.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ReadyQueueTest {
    private static final class Socket implements StackSocket {
        private boolean queued;

        @Override
        public int readiness() {
            return Readiness.NONE;
        }

        @Override
        public Object attachment() {
            return null;
        }

        @Override
        public void attach(Object attachment) {}

        @Override
        public boolean queued() {
            return queued;
        }

        @Override
        public void queued(boolean value) {
            queued = value;
        }
    }

    @Test
    void each_socket_is_queued_once_and_comes_out_in_order() {
        SplittableRandom random = new SplittableRandom(3);
        ReadyQueue queue = new ReadyQueue();
        ArrayDeque<StackSocket> model = new ArrayDeque<>();
        Socket[] sockets = new Socket[100];
        for (int i = 0; i < sockets.length; i++) {
            sockets[i] = new Socket();
        }
        for (int i = 0; i < 100_000; i++) {
            if (random.nextInt(100) < 51) {
                Socket socket = sockets[random.nextInt(sockets.length)];
                queue.add(socket);
                if (!model.contains(socket)) {
                    model.add(socket);
                }
            } else {
                assertThat(queue.poll()).isSameAs(model.poll());
            }
            assertThat(queue.isEmpty()).isEqualTo(model.isEmpty());
        }
    }
}
