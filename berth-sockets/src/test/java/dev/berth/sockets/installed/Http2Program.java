package dev.berth.sockets.installed;

import java.net.http.HttpClient;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/// The HTTP client of the JDK speaks HTTP/2 to Jetty: upgraded from HTTP/1.1, and chosen by ALPN over TLS.
final class Http2Program {
    private Http2Program() {}

    public static void main(String[] args) {
        Scene.play(() -> {
            Scene.install();
            Server server = new Server();
            server.addConnector(plain(server));
            server.addConnector(secure(server, args[0]));
            server.setHandler(new Echo());
            server.start();
            try (HttpClient client =
                    HttpClient.newBuilder().sslContext(Scene.tls(args[0])).build()) {
                HttpCalls.sequentially(client, "https://web.test/", HttpClient.Version.HTTP_2);
                HttpCalls.atOnce(client, "https://web.test/", 100);
                HttpCalls.sequentially(client, "http://web.test/", HttpClient.Version.HTTP_2);
                HttpCalls.atOnce(client, "http://web.test/", 100);
            } finally {
                server.stop();
            }
            return null;
        });
    }

    private static ServerConnector plain(Server server) {
        HttpConfiguration configuration = new HttpConfiguration();
        ServerConnector connector = new ServerConnector(
                server, new HttpConnectionFactory(configuration), new HTTP2CServerConnectionFactory(configuration));
        connector.setPort(80);
        return connector;
    }

    private static ServerConnector secure(Server server, String store) {
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.addCustomizer(new SecureRequestCustomizer());
        ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory("h2", "http/1.1");
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStorePath(store);
        tls.setKeyStorePassword(new String(Scene.PASSWORD));
        ServerConnector connector = new ServerConnector(
                server,
                new SslConnectionFactory(tls, alpn.getProtocol()),
                alpn,
                new HTTP2ServerConnectionFactory(configuration),
                new HttpConnectionFactory(configuration));
        connector.setPort(443);
        return connector;
    }

    /// Answers with the body of the request.
    private static final class Echo extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            Content.copy(request, response, callback);
            return true;
        }
    }
}
