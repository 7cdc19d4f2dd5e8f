package dev.berth.software;

import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.rmi.Remote;
import java.rmi.RemoteException;
import java.rmi.registry.LocateRegistry;
import java.rmi.registry.Registry;
import java.rmi.server.UnicastRemoteObject;
import java.util.Map;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXConnectorServer;
import javax.management.remote.JMXConnectorServerFactory;
import javax.management.remote.JMXServiceURL;

/// RMI with its registry on port 1099, and JMX over it.
public final class RemoteObjects {
    private RemoteObjects() {}

    /// What is called from afar.
    public interface Adder extends Remote {
        int add(int a, int b) throws RemoteException;
    }

    private static final class Sum implements Adder {
        @Override
        public int add(int a, int b) {
            return a + b;
        }
    }

    /// The registry holds the stub only; without this the object itself might be collected.
    private static final Sum SUM = new Sum();

    public static void main(String[] arguments) throws Exception {
        String own = InetAddress.getLocalHost().getHostAddress();
        Registry registry = LocateRegistry.createRegistry(1099);
        registry.bind("adder", UnicastRemoteObject.exportObject(SUM, 0));
        Adder adder = (Adder) LocateRegistry.getRegistry(own, 1099).lookup("adder");
        int sum = 0;
        for (int i = 0; i < 100; i++) {
            sum = adder.add(sum, i);
        }
        Check.equal(4_950, sum, "100 remote calls");

        JMXServiceURL url = new JMXServiceURL("service:jmx:rmi:///jndi/rmi://" + own + ":1099/jmxrmi");
        JMXConnectorServer server = JMXConnectorServerFactory.newJMXConnectorServer(
                url, Map.of(), ManagementFactory.getPlatformMBeanServer());
        server.start();
        try (JMXConnector connector = JMXConnectorFactory.connect(url)) {
            MBeanServerConnection beans = connector.getMBeanServerConnection();
            Check.equal(
                    ManagementFactory.getRuntimeMXBean().getVmVersion(),
                    beans.getAttribute(new ObjectName("java.lang:type=Runtime"), "VmVersion"),
                    "an attribute through JMX");
        }
        server.stop();
        Check.done();
    }
}
