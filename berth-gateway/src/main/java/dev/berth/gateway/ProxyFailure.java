package dev.berth.gateway;

import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;

/// Why a [SocksProxy] does not do what a client asks for, as SOCKS (RFC 1928 section 6) and HTTP (RFC 9110 section
/// 15) say it.
enum ProxyFailure {
    /// "X'01' general SOCKS server failure".
    GENERAL(1, 502, "Bad Gateway", "The proxy failed"),
    /// As many clients as it takes are there already.
    BUSY(1, 503, "Service Unavailable", "The proxy has as many connections as it takes"),
    /// "X'02' connection not allowed by ruleset".
    DENIED(2, 403, "Forbidden", "A rule of the proxy denies this destination"),
    /// "X'03' Network unreachable".
    NETWORK_UNREACHABLE(3, 502, "Bad Gateway", "No route leads to the destination"),
    /// "X'04' Host unreachable".
    HOST_UNREACHABLE(4, 502, "Bad Gateway", "The destination cannot be reached"),
    /// There is no code of SOCKS for names, nor for time.
    UNKNOWN_NAME(4, 502, "Bad Gateway", "No host has this name"),
    /// Nobody answered.
    TIMED_OUT(4, 504, "Gateway Timeout", "The destination does not answer"),
    /// "X'05' Connection refused".
    REFUSED(5, 502, "Bad Gateway", "The destination refuses the connection"),
    /// "X'07' Command not supported".
    COMMAND(7, 405, "Method Not Allowed", "This proxy only connects"),
    /// "X'08' Address type not supported".
    ADDRESS_TYPE(8, 400, "Bad Request", "This is no destination"),
    /// What is no request.
    MALFORMED(1, 400, "Bad Request", "This is no request to connect to HOST:PORT"),
    /// A request that is too long.
    TOO_LONG(1, 431, "Request Header Fields Too Large", "The request is too long"),
    /// No password, or a wrong one.
    UNAUTHORISED(2, 407, "Proxy Authentication Required", "The proxy wants another name or password");

    final int socks;
    final int status;
    final String reason;
    final String sentence;

    ProxyFailure(int socks, int status, String reason, String sentence) {
        this.socks = socks;
        this.status = status;
        this.reason = reason;
        this.sentence = sentence;
    }

    /// What a connect inside that failed is called.
    static ProxyFailure of(IOException e) {
        String message = String.valueOf(e.getMessage());
        return switch (e) {
            case Refusal refusal -> refusal.failure;
            case SocketTimeoutException _ -> TIMED_OUT;
            case NoRouteToHostException _ -> HOST_UNREACHABLE;
            case ConnectException _ -> message.startsWith("Connection timed out") ? TIMED_OUT : REFUSED;
            default -> message.startsWith("Network is unreachable") ? NETWORK_UNREACHABLE : GENERAL;
        };
    }

    /// A request that is answered with a failure.
    static final class Refusal extends IOException {
        private static final long serialVersionUID = 1;

        final ProxyFailure failure;

        Refusal(ProxyFailure failure) {
            super(failure.sentence);
            this.failure = failure;
        }
    }
}
