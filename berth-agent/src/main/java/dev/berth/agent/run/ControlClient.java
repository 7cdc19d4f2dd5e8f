package dev.berth.agent.run;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Asks the control socket of a running program. Not safe for several threads.
public final class ControlClient implements AutoCloseable {
    private static final int LONGEST_LINE = 1 << 20;
    private static final int PATIENCE_MILLIS = 10_000; // for the next line
    private static final String LAST = "{\"ok\":";

    private final SocketChannel channel;
    private final Selector selector;
    private final Reader in;

    private ControlClient(SocketChannel channel, Selector selector) {
        this.channel = channel;
        this.selector = selector;
        in = new BufferedReader(new InputStreamReader(new Answers(), StandardCharsets.UTF_8), 1 << 16);
    }

    /// @throws IOException if nobody listens there
    public static ControlClient connect(Path socket) throws IOException {
        SocketChannel channel = KernelUnixSockets.connect(socket);
        Selector selector = null;
        try {
            channel.configureBlocking(false);
            selector = channel.provider().openSelector();
            channel.register(selector, SelectionKey.OP_READ);
            return new ControlClient(channel, selector);
        } catch (IOException e) {
            channel.close();
            if (selector != null) {
                selector.close();
            }
            throw e;
        }
    }

    /// What comes from the program, which may be stopped: then nobody waits for ever.
    private final class Answers extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            ByteBuffer buffer = ByteBuffer.wrap(bytes, from, length);
            int count;
            while ((count = channel.read(buffer)) == 0) {
                if (selector.select(PATIENCE_MILLIS) == 0) {
                    throw new IOException("The program does not answer");
                }
                selector.selectedKeys().clear();
            }
            return count;
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// @param request a JSON object
    /// @param lines takes the lines before the last
    /// @return the members of the last line
    /// @throws ControlException if the answer is that the request cannot be fulfilled
    /// @throws IOException if the program ended, says nothing for ten seconds, or does not talk as it should
    public Map<String, @Nullable Object> ask(String request, Consumer<String> lines)
            throws ControlException, IOException {
        ByteBuffer question = ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8));
        while (question.hasRemaining()) {
            if (channel.write(question) == 0) {
                throw new IOException("The program does not take the request");
            }
        }
        for (; ; ) {
            String line = readLine();
            if (!line.startsWith(LAST)) {
                lines.accept(line);
                continue;
            }
            Map<String, @Nullable Object> last;
            try {
                last = JsonText.object(line);
            } catch (IllegalArgumentException e) {
                throw new IOException("The control socket gives an answer that is not understood", e);
            }
            if (!Boolean.TRUE.equals(last.get("ok"))) {
                throw new ControlException(String.valueOf(last.get("error")));
            }
            return last;
        }
    }

    private String readLine() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c; (c = in.read()) != '\n'; ) {
            if (c < 0) {
                throw new IOException("The program has ended");
            }
            if (line.length() == LONGEST_LINE) {
                throw new IOException("The control socket gives a line without end");
            }
            line.append((char) c);
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        channel.close();
        selector.close();
    }
}
