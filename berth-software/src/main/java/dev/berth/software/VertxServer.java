package dev.berth.software;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.net.InetAddress;
import java.util.concurrent.TimeUnit;

/// Vert.x on port 80, with its own client and its own resolver of names.
public final class VertxServer {
    private VertxServer() {}

    public static void main(String[] arguments) throws Exception {
        Vertx vertx = Vertx.vertx();
        HttpServer server = vertx.createHttpServer().requestHandler(request -> {
            if (request.method().name().equals("POST")) {
                request.body().onSuccess(body -> request.response().end(Integer.toString(body.length())));
            } else {
                request.response()
                        .end(request.path() + " for " + request.remoteAddress().hostAddress());
            }
        });
        server.listen(80, "0.0.0.0").toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        String own = InetAddress.getLocalHost().getHostAddress();
        HttpRequests.check("http://" + own, own);
        if (arguments.length > 0) {
            String answer = vertx.createHttpClient()
                    .request(io.vertx.core.http.HttpMethod.GET, 80, arguments[0], "/vertx")
                    .compose(request -> request.send())
                    .compose(response -> response.body())
                    .map(body -> body.toString())
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
            Check.equal("/vertx for " + own, answer, "its own client, by name");
        }
        vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
        Check.done();
    }
}
