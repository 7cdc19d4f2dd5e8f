package dev.berth.it.kernel;

import java.io.IOException;
import java.io.InputStream;

/// The reply of an HTTP server that closes the connection after it.
///
/// @param status the first line
/// @param summary what [Bulk#read] says of the body
record HttpReply(String status, String summary) {
    static HttpReply read(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < 10_000 && head.indexOf("\r\n\r\n") < 0) {
            int c = in.read();
            if (c < 0) {
                break;
            }
            head.append((char) c);
        }
        String text = head.toString();
        return new HttpReply(text.lines().findFirst().orElse(""), Bulk.read(in, Long.MAX_VALUE));
    }
}
