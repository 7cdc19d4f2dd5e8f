package dev.berth.agent.run;

import dev.berth.host.Host;
import java.io.PrintStream;
import java.util.List;

/// Prints the table of a host's ports and flows whenever it has changed, a few times a second at most.
public final class PortWatch {
    private static final long PAUSE_MILLIS = 250;

    private final Host host;
    private final PrintStream out;
    private List<String> last = List.of();

    public PortWatch(Host host, PrintStream out) {
        this.host = host;
        this.out = out;
    }

    /// Prints changes from now on, on a daemon thread.
    public void start() {
        Thread.ofPlatform().name("berth-ports").daemon().start(this::watch);
    }

    private void watch() {
        try {
            for (; ; ) {
                print("ports of " + host.name(), false);
                Thread.sleep(PAUSE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does, but then this is the end
        }
    }

    /// Prints the table a last time, changed or not.
    public void finish() {
        print("ports of " + host.name() + " at the end", true);
    }

    private synchronized void print(String title, boolean always) {
        List<String> table = PortText.table(host);
        if (!always && table.equals(last)) {
            return;
        }
        last = table;
        out.print("berth: " + title + "\n  " + String.join("\n  ", table) + "\n");
        out.flush();
    }
}
