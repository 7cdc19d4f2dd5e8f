package dev.berth.ports;

/// A TIME-WAIT flow that may be reused from a moment on.
final class TestTimeWait extends TimeWaitFlow {
    final long reusableFrom;

    TestTimeWait(Flow of, long reusableFrom) {
        super(of.localHi(), of.localLo(), of.localPort(), of.remoteHi(), of.remoteLo(), of.remotePort());
        this.reusableFrom = reusableFrom;
    }

    @Override
    public boolean mayBeReused(long now) {
        return now >= reusableFrom;
    }
}
