package dev.berth.host;

import dev.berth.ports.Flow;
import dev.berth.stack.tcp.RetransmissionNotes;

/// What observers are told of segments that were sent again.
final class RetransmissionReports {
    private RetransmissionReports() {}

    /// Lets the observer be told of `notes` when the lock of `monitor` is released, and clears them. Under that lock.
    ///
    /// @param host the name of the host
    static void tell(RetransmissionNotes notes, String host, StackMonitor monitor) {
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
