package dev.berth.stack.tcp;

import dev.berth.ports.Entropy;
import dev.berth.ports.Flow;
import dev.berth.ports.FlowHash;
import dev.berth.wire.IpAddress;
import dev.berth.wire.TcpOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// TCP Fast Open, RFC 7413: data on the SYN, for ends that have shown with a cookie that they receive what is sent to
/// their address.
///
/// The server's part makes and checks cookies and bounds the connections that are in SYN-RECEIVED by Fast Open; the
/// client's part remembers the cookies of servers. A connection has the flag [Tcb#FAST_OPEN] from then until it is
/// ESTABLISHED: its user may send and receive already.
final class FastOpen {
    /// Octets of the cookies that this host makes.
    static final int COOKIE_LENGTH = 8;

    /// How long a key makes cookies; they are accepted for this long more. RFC 7413 section 4.1.2: "The cookie
    /// expires after a certain amount of time. ... This can be done by ... periodically changing the server key".
    static final long KEY_PERIOD = 3_600_000_000_000L;

    /// Servers whose cookies are remembered; the one unused for longest gives way.
    static final int CACHE_SIZE = 256;

    /// RFC 7413 section 5.1: connections that "have just been reset" count as pending for so long, lest an attacker
    /// with valid cookies go on at once.
    static final long RESET_PENALTY = 60_000_000_000L;

    private final Entropy entropy;
    private final @Nullable FlowHash secret;
    private @Nullable FlowHash current;
    private @Nullable FlowHash previous;
    private long period;
    private final Map<IpAddress, Cookie> cache = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<IpAddress, Cookie> eldest) {
            return size() > CACHE_SIZE;
        }
    };

    /// A server's cookie: 4 to 16 octets, the first in the most significant octet of `hi`.
    ///
    /// @param mss the server's MSS, "cached server MSS or default 536 bytes"
    record Cookie(int length, long hi, long lo, int mss) {}

    /// @param secret what the keys are made from, so that all shards of a host have the same; null to draw them
    FastOpen(Entropy entropy, @Nullable FlowHash secret) {
        this.entropy = entropy;
        this.secret = secret;
    }

    // Server

    private FlowHash key(long now) {
        long at = Math.floorDiv(now, KEY_PERIOD);
        FlowHash key = current;
        if (key == null || at != period) {
            FlowHash common = secret;
            if (common == null) {
                previous = at == period + 1 ? key : null;
                key = new FlowHash(entropy.nextLong(), entropy.nextLong());
            } else {
                previous = derived(common, at - 1);
                key = derived(common, at);
            }
            current = key;
            period = at;
        }
        return key;
    }

    private static FlowHash derived(FlowHash secret, long period) {
        return new FlowHash(secret.hash64(period, 0, 1, 0, 0, 0), secret.hash64(period, 0, 2, 0, 0, 0));
    }

    /// "The cookie authenticates the client's (source) IP address of the SYN packet."
    private static long cookie(FlowHash key, long hi, long lo) {
        return key.hash64(hi, lo, 0, hi, lo, 0);
    }

    /// GetCookie(IP_Address) of section 4.1.2.
    long cookieFor(Flow flow, long now) {
        return cookie(key(now), flow.remoteHi(), flow.remoteLo());
    }

    /// IsCookieValid(IP_Address, Cookie) of section 4.1.2.
    boolean isValid(Flow flow, TcpOptions options, long now) {
        FlowHash key = key(now);
        FlowHash before = previous;
        return options.fastOpen == COOKIE_LENGTH
                && (options.fastOpenHi == cookie(key, flow.remoteHi(), flow.remoteLo())
                        || before != null && options.fastOpenHi == cookie(before, flow.remoteHi(), flow.remoteLo()));
    }

    /// True if the SYN,ACK is to bring a cookie: one was asked for, or the one that came is not the one of today.
    boolean isToBeTold(Flow flow, TcpOptions options, TcpConfig config, long now) {
        return config.features().fastOpenQueue() > 0
                && options.fastOpen >= 0
                && (options.fastOpen != COOKIE_LENGTH || options.fastOpenHi != cookieFor(flow, now));
    }

    /// Section 4.2.2, steps 1 to 3: whether data on a SYN may be given to the user at once.
    boolean admits(TcpListener listener, Flow flow, Segment segment) {
        int limit = listener.share(listener.config.features().fastOpenQueue());
        return limit > 0
                && segment.options.fastOpen >= 0
                && listener.fastOpenPending(segment.now) < limit
                && isValid(flow, segment.options, segment.now);
    }

    /// Section 4.2.2, step 4: "increment PendingFastOpenRequests".
    static void entered(Tcb tcb, TcpListener listener) {
        tcb.flags |= Tcb.FAST_OPEN;
        tcb.extras().fastOpenListener = listener;
        listener.fastOpens++;
    }

    /// "Upon receiving an ACK acknowledging the SYN sequence, the server decrements PendingFastOpenRequests"; also
    /// when the connection ends without one.
    static void left(Tcb tcb, boolean reset, long now) {
        if (!tcb.has(Tcb.FAST_OPEN)) {
            return;
        }
        tcb.flags &= ~Tcb.FAST_OPEN;
        TcbExtras extras = tcb.extras();
        TcpListener listener = extras.fastOpenListener;
        extras.fastOpenListener = null;
        extras.fastOpenCookie = null;
        if (listener != null) {
            listener.fastOpens--;
            if (reset) {
                listener.fastOpenReset(now + RESET_PENALTY);
            }
        }
    }

    // Client

    /// An active OPEN begins: with a cookie, its SYN waits for data.
    ///
    /// @return true if the SYN waits
    boolean opens(Tcb tcb) {
        Cookie known = tcb.config.features().fastOpen() ? cache.get(server(tcb)) : null;
        if (known == null) {
            return false;
        }
        tcb.flags |= Tcb.FAST_OPEN;
        tcb.extras().fastOpenCookie = known;
        return true;
    }

    private static IpAddress server(Tcb tcb) {
        return new IpAddress(tcb.remoteHi(), tcb.remoteLo());
    }

    /// Octets of data that the SYN may carry besides `options` octets of options: "Include any data up to the cached
    /// server MSS or default 536 bytes."
    static int room(Tcb tcb, int options) {
        Cookie cookie = tcb.extras().fastOpenCookie;
        return cookie == null ? 0 : Math.max(0, cookie.mss - options);
    }

    /// "If the SYN-ACK has a Fast Open option, an MSS option, or both, update the corresponding cookie and MSS
    /// information in the cookie cache."
    void answered(Tcb tcb, Segment segment) {
        if (!tcb.config.features().fastOpen()) {
            return;
        }
        TcpOptions options = segment.options;
        IpAddress server = server(tcb);
        Cookie known = cache.get(server);
        int timestamps = tcb.has(Tcb.TIMESTAMPS) ? SegmentWriter.TIMESTAMPS_LENGTH : 0;
        int mss = Math.min(tcb.sendMss, tcb.effectiveMss + timestamps);
        if (options.fastOpen > 0) {
            cache.put(server, new Cookie(options.fastOpen, options.fastOpenHi, options.fastOpenLo, mss));
        } else if (known != null && options.mss >= 0) {
            cache.put(server, new Cookie(known.length, known.hi, known.lo, mss));
        }
    }

    /// No answer came to the SYN: "the client SHOULD retransmit a SYN packet without data and Fast Open options". The
    /// cookie is forgotten, as something on the path may not like such SYNs.
    void timedOut(Tcb tcb) {
        if (tcb.has(Tcb.FAST_OPEN) && tcb.state == TcpState.SYN_SENT) {
            tcb.extras().fastOpenCookie = null;
            cache.remove(server(tcb));
        }
    }
}
