package dev.berth.it.kernel;

import dev.berth.host.TcpSocket;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/// As much of an HTTP/1.1 server as `curl` needs: `GET /LENGTH` sends so many octets of [Bulk], `GET /page` a page,
/// `PUT` answers with what [Bulk#read] says of the body; `HEAD`, keep-alive, `Connection: close` and
/// `Expect: 100-continue`.
final class PageServer {
    static final String PAGE = "<html>Berth</html>\n";
    private static final long TIMEOUT = Duration.ofMinutes(2).toNanos();

    private PageServer() {}

    static void talk(TcpSocket socket) throws IOException {
        InputStream in = new BufferedInputStream(Streams.in(socket, TIMEOUT), 1 << 16);
        OutputStream out = Streams.out(socket);
        boolean more = true;
        while (more) {
            String request = line(in);
            if (request.isEmpty()) {
                return;
            }
            more = answer(request, in, out);
        }
    }

    private static boolean answer(String request, InputStream in, OutputStream out) throws IOException {
        long body = 0;
        boolean keep = true;
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
            String lower = header.toLowerCase(java.util.Locale.ROOT);
            if (lower.startsWith("content-length:")) {
                body = Long.parseLong(lower.substring(15).strip());
            } else if (lower.equals("connection: close")) {
                keep = false;
            } else if (lower.equals("expect: 100-continue")) {
                out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            }
        }
        String[] words = request.split(" ", -1);
        String path = words[1].substring(1);
        if (words[0].equals("PUT")) {
            byte[] text = Bulk.read(in, body).getBytes(StandardCharsets.US_ASCII);
            head(out, text.length, keep);
            out.write(text);
        } else if (path.equals("page")) {
            head(out, PAGE.length(), keep);
            if (words[0].equals("GET")) {
                out.write(PAGE.getBytes(StandardCharsets.US_ASCII));
            }
        } else {
            long length = Long.parseLong(path);
            head(out, length, keep);
            if (words[0].equals("GET")) {
                Bulk.write(out, length);
            }
        }
        return keep;
    }

    private static void head(OutputStream out, long length, boolean keep) throws IOException {
        String head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " + length + "\r\n"
                + (keep ? "" : "Connection: close\r\n") + "\r\n";
        out.write(head.getBytes(StandardCharsets.US_ASCII));
    }

    /// A line without its end; empty also at the end of the stream before its first octet.
    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                if (line.isEmpty()) {
                    return "";
                }
                throw new EOFException("The stream ended within a line: " + line);
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }
}
