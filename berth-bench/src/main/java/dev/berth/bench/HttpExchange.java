package dev.berth.bench;

import java.io.IOException;
import java.util.List;

/// Requests of the JDK's HTTP client to its HTTP server, one after the other over one connection that is kept, in a
/// child JVM ([HttpProgram]); microseconds per request with a response of 1 KiB.
final class HttpExchange implements Measurement {
    private final PeerProcess process;

    private HttpExchange(String side) throws IOException {
        process = new PeerProcess(null, List.of("-Xmx256m"), HttpProgram.class, side);
        boolean ready = false;
        try {
            process.answer();
            ready = true;
        } finally {
            if (!ready) {
                process.close();
            }
        }
    }

    static Measurement onBerth() throws IOException {
        return new HttpExchange("berth");
    }

    static Measurement onKernel() throws IOException {
        return new HttpExchange("kernel");
    }

    @Override
    public double measure(long nanos) throws IOException {
        return Double.parseDouble(process.ask(String.valueOf(nanos)));
    }

    @Override
    public void close() {
        process.close();
    }
}
