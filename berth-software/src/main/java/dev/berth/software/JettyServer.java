package dev.berth.software;

import java.net.InetAddress;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;

/// Jetty on port 80, HTTP/1.1 and HTTP/2 in clear.
public final class JettyServer {
    private JettyServer() {}

    /// Says what was asked for.
    private static final class Echo extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            String text = request.getMethod().equals("POST")
                    ? Integer.toString(Content.Source.asInputStream(request).readAllBytes().length)
                    : Request.getPathInContext(request) + " for " + Request.getRemoteAddr(request);
            Content.Sink.write(response, true, text, callback);
            return true;
        }
    }

    public static void main(String[] arguments) throws Exception {
        Server server = new Server();
        HttpConfiguration configuration = new HttpConfiguration();
        ServerConnector connector = new ServerConnector(
                server, new HttpConnectionFactory(configuration), new HTTP2CServerConnectionFactory(configuration));
        connector.setPort(80);
        server.addConnector(connector);
        server.setHandler(new Echo());
        server.start();
        String own = InetAddress.getLocalHost().getHostAddress();
        HttpRequests.check("http://" + own, own);
        server.stop();
        Check.done();
    }
}
