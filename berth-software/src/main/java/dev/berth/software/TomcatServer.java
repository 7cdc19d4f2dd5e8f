package dev.berth.software;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

/// Tomcat on port 80: `nio` or `nio2`.
public final class TomcatServer {
    private TomcatServer() {}

    /// Says what was asked for.
    private static final class Echo extends HttpServlet {
        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.setContentType("text/plain");
            response.getWriter().print(request.getRequestURI() + " for " + request.getRemoteAddr());
        }

        @Override
        protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.setContentType("text/plain");
            response.getWriter().print(request.getInputStream().readAllBytes().length);
        }
    }

    public static void main(String[] arguments) throws Exception {
        String protocol = switch (arguments[0]) {
            case "nio" -> "org.apache.coyote.http11.Http11NioProtocol";
            case "nio2" -> "org.apache.coyote.http11.Http11Nio2Protocol";
            default -> throw new IllegalArgumentException("nio or nio2, not " + arguments[0]);
        };
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(Files.createTempDirectory("tomcat").toString());
        Connector connector = new Connector(protocol);
        connector.setPort(80);
        connector.addUpgradeProtocol(new org.apache.coyote.http2.Http2Protocol());
        tomcat.setConnector(connector);
        Context context = tomcat.addContext("", null);
        Tomcat.addServlet(context, "echo", new Echo()).addMapping("/*");
        tomcat.start();
        String own = InetAddress.getLocalHost().getHostAddress();
        HttpRequests.check("http://" + own, own);
        tomcat.stop();
        Check.done();
    }
}
