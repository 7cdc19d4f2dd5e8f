package dev.berth.software;

import io.helidon.webserver.WebServer;
import java.io.IOException;
import java.net.InetAddress;

/// Helidon on port 80: a blocking server on virtual threads.
public final class HelidonServer {
    private HelidonServer() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        WebServer server = WebServer.builder()
                .host("0.0.0.0")
                .port(80)
                .routing(routing -> routing.post(
                                "/*",
                                (request, response) -> response.send(
                                        Integer.toString(request.content().as(byte[].class).length)))
                        .get(
                                "/*",
                                (request, response) ->
                                        response.send(request.path().path() + " for "
                                                + request.remotePeer().host())))
                .build()
                .start();
        String own = InetAddress.getLocalHost().getHostAddress();
        HttpRequests.check("http://" + own, own);
        server.stop();
        Check.done();
    }
}
