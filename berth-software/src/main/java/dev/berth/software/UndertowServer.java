package dev.berth.software;

import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.handlers.BlockingHandler;
import java.io.IOException;
import java.net.InetAddress;

/// Undertow on port 80.
public final class UndertowServer {
    private UndertowServer() {}

    private static void answer(HttpServerExchange exchange) throws IOException {
        if (exchange.getRequestMethod().toString().equals("POST")) {
            int length = exchange.getInputStream().readAllBytes().length;
            exchange.getResponseSender().send(Integer.toString(length));
        } else {
            exchange.getResponseSender()
                    .send(exchange.getRequestPath() + " for "
                            + exchange.getSourceAddress().getAddress().getHostAddress());
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Undertow server = Undertow.builder()
                .addHttpListener(80, "0.0.0.0")
                .setServerOption(UndertowOptions.ENABLE_HTTP2, true)
                .setHandler(new BlockingHandler(UndertowServer::answer))
                .build();
        server.start();
        String own = InetAddress.getLocalHost().getHostAddress();
        HttpRequests.check("http://" + own, own);
        server.stop();
        Check.done();
    }
}
