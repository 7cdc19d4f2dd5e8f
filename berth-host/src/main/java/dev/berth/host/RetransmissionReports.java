package dev.berth.host;

import dev.berth.ports.Flow;
import dev.berth.stack.NetStack;
import dev.berth.stack.tcp.RetransmissionNotes;

/// Tells the observer of sockets what the stack of a host has sent again. Under the host's lock.
final class RetransmissionReports {
    private final String host;
    private final RetransmissionNotes notes;

    RetransmissionReports(String host, NetStack stack) {
        this.host = host;
        notes = stack.tcp().noteRetransmissions();
    }

    /// True if there is something to tell, or to forget.
    boolean isDue() {
        return notes.size() > 0;
    }

    /// Lets the observer be told when the critical section of `monitor` ends.
    void tell(StackMonitor monitor) {
        SocketObserver observer = SocketObserver.present();
        if (observer != null && observer.wantsRetransmissions()) {
            for (int i = 0; i < notes.size(); i++) {
                Flow flow = notes.connection(i);
                Retransmission told = new Retransmission(
                        flow.local(), flow.remote(), flow.stateName(), notes.segments(i), notes.octets(i));
                monitor.afterwards(new Wakeup() {
                    @Override
                    void wake() {
                        observer.retransmitted(host, told);
                    }
                });
            }
        }
        notes.clear();
    }
}
