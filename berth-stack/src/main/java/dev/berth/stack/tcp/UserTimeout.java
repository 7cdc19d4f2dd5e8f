package dev.berth.stack.tcp;

/// The user timeout of RFC 9293 section 3.9.1.1 and its option, RFC 5482.
///
/// ENABLED is [TcpFeatures#userTimeoutOption]; CHANGEABLE is true while the user has set no timeout of its own
/// (`userTimeoutMillis` is 0).
final class UserTimeout {
    private static final long SECOND = 1_000_000_000L;

    /// ADV_UTO where the user has set nothing: the "few minutes" of many implementations.
    private static final long DEFAULT_ADVERTISED = 300 * SECOND;

    /// RFC 5482 section 3.1: "the lower limit (L_LIMIT) SHOULD be set to at least 100 seconds", and "MUST be larger
    /// than the current retransmission timeout", which is at most 60 s.
    private static final long LOWER_LIMIT = 100 * SECOND;

    /// "An upper limit (U_LIMIT) can reduce the effect of resource exhaustion attacks."
    private static final long UPPER_LIMIT = 7_200 * SECOND;

    private static final int MINUTES = 0x8000;

    private UserTimeout() {}

    /// How long data may stay unacknowledged, in nanoseconds; 0 if only retransmissions are counted.
    static long of(Tcb tcb) {
        int own = tcb.config.userTimeoutMillis();
        if (own > 0) {
            return own * 1_000_000L;
        }
        TcbExtras extras = tcb.extras;
        if (extras == null
                || extras.remoteUserTimeout == 0
                || !tcb.config.features().userTimeoutOption()) {
            return 0;
        }
        long remote = (extras.remoteUserTimeout & MINUTES) != 0
                ? (extras.remoteUserTimeout & ~MINUTES) * 60 * SECOND
                : extras.remoteUserTimeout * SECOND;
        // "USER_TIMEOUT = min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT))"
        return Math.min(UPPER_LIMIT, Math.max(DEFAULT_ADVERTISED, Math.max(remote, LOWER_LIMIT)));
    }

    /// The 16 bits of the option to send (section 3.3): seconds, or minutes where seconds have no room.
    static int advertised(TcpConfig config) {
        long nanos = config.userTimeoutMillis() > 0 ? config.userTimeoutMillis() * 1_000_000L : DEFAULT_ADVERTISED;
        long seconds = Math.max(1, (nanos + SECOND - 1) / SECOND);
        return (int) (seconds < MINUTES ? seconds : MINUTES | Math.min(MINUTES - 1, (seconds + 59) / 60));
    }

    /// The other end advertises its timeout. Section 3.3: one of zero "is reserved for future use" and TCPs "MUST
    /// ignore it upon reception".
    static void received(Tcb tcb, int option) {
        if ((option & ~MINUTES) != 0 && tcb.config.features().userTimeoutOption()) {
            tcb.extras().remoteUserTimeout = (char) option;
        }
    }

    /// The option is to go out with the next ACK.
    static void advertise(Tcb tcb) {
        if (tcb.config.features().userTimeoutOption()) {
            tcb.extras().userTimeoutDue = true;
        }
    }
}
