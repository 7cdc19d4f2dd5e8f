package dev.berth.gateway;

import java.util.concurrent.atomic.LongAdder;

/// What a [SocksProxy] counts while it runs.
final class ProxyTally {
    final LongAdder accepted = new LongAdder();
    final LongAdder opened = new LongAdder();
    final LongAdder failed = new LongAdder();
    final LongAdder denied = new LongAdder();
    final LongAdder unauthorised = new LongAdder();
    final LongAdder unsupported = new LongAdder();
    final LongAdder malformed = new LongAdder();
    final LongAdder overLimit = new LongAdder();
    final LongAdder late = new LongAdder();
    final LongAdder idle = new LongAdder();
    final LongAdder datagramsOut = new LongAdder();
    final LongAdder datagramsIn = new LongAdder();
    final LongAdder dropped = new LongAdder();

    void count(ProxyFailure failure) {
        switch (failure) {
            case GENERAL, NETWORK_UNREACHABLE, HOST_UNREACHABLE, UNKNOWN_NAME, TIMED_OUT, REFUSED -> failed.increment();
            case BUSY -> overLimit.increment();
            case DENIED -> denied.increment();
            case COMMAND -> unsupported.increment();
            case ADDRESS_TYPE, MALFORMED, TOO_LONG -> malformed.increment();
            case UNAUTHORISED -> unauthorised.increment();
        }
    }
}
