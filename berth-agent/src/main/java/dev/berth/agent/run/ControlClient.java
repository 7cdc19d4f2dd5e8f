package dev.berth.agent.run;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Asks the control socket of a running program. Not safe for several threads.
public final class ControlClient implements AutoCloseable {
    private static final int LONGEST_LINE = 1 << 20;
    private static final String LAST = "{\"ok\":";

    private final SocketChannel channel;
    private final Reader in;
    private final OutputStream out;

    private ControlClient(SocketChannel channel) {
        this.channel = channel;
        in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8), 1 << 16);
        out = Channels.newOutputStream(channel);
    }

    /// @throws IOException if nobody listens there
    public static ControlClient connect(Path socket) throws IOException {
        return new ControlClient(KernelUnixSockets.connect(socket));
    }

    /// Asks, and waits for the answer.
    ///
    /// @param request a JSON object
    /// @param lines takes the lines before the last
    /// @return the members of the last line
    /// @throws ControlException if the answer is that the request cannot be fulfilled
    /// @throws IOException if the program ended or does not talk as it should
    public Map<String, @Nullable Object> ask(String request, Consumer<String> lines)
            throws ControlException, IOException {
        out.write((request + "\n").getBytes(StandardCharsets.UTF_8));
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
    }
}
