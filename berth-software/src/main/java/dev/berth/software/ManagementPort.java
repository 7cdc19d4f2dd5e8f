package dev.berth.software;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/// Asks this JVM through the port that `-Dcom.sun.management.jmxremote.port` has opened before the program began; the
/// argument is the port.
public final class ManagementPort {
    private ManagementPort() {}

    public static void main(String[] arguments) throws IOException, JMException {
        String own = InetAddress.getLocalHost().getHostAddress();
        JMXServiceURL url = new JMXServiceURL("service:jmx:rmi:///jndi/rmi://" + own + ":" + arguments[0] + "/jmxrmi");
        try (JMXConnector connector = JMXConnectorFactory.connect(url)) {
            MBeanServerConnection beans = connector.getMBeanServerConnection();
            Check.equal(
                    ManagementFactory.getRuntimeMXBean().getName(),
                    beans.getAttribute(new ObjectName("java.lang:type=Runtime"), "Name"),
                    "the JVM's own port for management");
        }
        Check.done();
    }
}
