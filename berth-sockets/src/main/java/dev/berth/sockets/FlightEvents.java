package dev.berth.sockets;

import dev.berth.host.SocketObserver;
import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;

/// Events of Berth's sockets and channels in recordings of the JDK Flight Recorder, in the place of the JDK's own
/// socket events, which channels of another provider do not have.
///
/// `dev.berth.SocketConnect`, `SocketAccept`, `SocketRead`, `SocketWrite`, `SocketClose` and `Retransmission`, of all
/// hosts of the JVM. Connect, read and write have the threshold of the JDK's, 20 ms. While no recording wants an
/// event, an operation pays the read of two fields for it, and nothing is allocated.
///
/// Nothing of it is loaded before a recording begins, or somebody else asks for the recorder.
///
/// They are switched on when the first host is installed or gets a [HostScope]; programs that use a host without
/// either call [#enable].
public final class FlightEvents {
    private static final boolean AVAILABLE = isAvailable();

    private FlightEvents() {}

    private static boolean isAvailable() {
        return ModuleLayer.boot().findModule("jdk.jfr").isPresent();
    }

    /// Lets recordings have the events. Idempotent.
    ///
    /// @return false if the run-time image has no module `jdk.jfr`
    public static boolean enable() {
        if (AVAILABLE) {
            WhenRecorded.arrange();
        }
        return AVAILABLE;
    }

    /// Installs the observer with the recorder: its classes, and those of the recorder that come with them, would take
    /// a third of the time that a host needs to start. Loaded only where the module `jdk.jfr` is.
    private static final class WhenRecorded implements FlightRecorderListener {
        private static boolean arranged;

        static synchronized void arrange() {
            if (!arranged) {
                arranged = true;
                FlightRecorder.addListener(new WhenRecorded());
            }
            if (FlightRecorder.isInitialized()) {
                SocketObserver.install(FlightObserver.SHARED);
            }
        }

        @Override
        public void recorderInitialized(FlightRecorder recorder) {
            SocketObserver.install(FlightObserver.SHARED);
        }
    }
}
