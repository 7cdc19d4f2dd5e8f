package dev.berth.it.command.programs;

import dev.berth.host.Host;
import dev.berth.network.Network;
import dev.berth.sockets.HostScope;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;

/// Three hosts in one JVM: that of the agent, and two of the program itself, chosen by the scope of threads.
public final class TwoHosts {
    private TwoHosts() {}

    /// All three listen on port 80, and the host of the first scope asks that of the second.
    public static void main(String[] args) throws IOException, InterruptedException {
        try (Network network = Network.create("lab");
                ServerSocket ofAgent = new ServerSocket(80)) {
            Host web = network.host("web", IpAddress.Prefix.parse("10.5.0.1/24"));
            Host browser = network.host("browser", IpAddress.Prefix.parse("10.5.0.2/24"));
            HostScope onWeb = HostScope.of(web, network);
            HostScope onBrowser = HostScope.of(browser, network);
            try (ServerSocket ofWeb = onWeb.call(() -> new ServerSocket(80));
                    ServerSocket ofBrowser = onBrowser.call(() -> new ServerSocket(80))) {
                onBrowser.run(() -> {
                    try (Socket client = new Socket("web", 80);
                            Socket accepted = ofWeb.accept()) {
                        System.out.println(accepted.getLocalAddress().getHostAddress() + " is asked by "
                                + accepted.getInetAddress().getHostAddress());
                    }
                    System.out.println(NetworkInterface.getByInetAddress(InetAddress.getByName("10.5.0.2")) != null);
                });
                System.out.println(NetworkInterface.getByInetAddress(InetAddress.getByName("10.5.0.2")) != null);
                System.out.println("ports " + ofAgent.getLocalPort() + " " + ofWeb.getLocalPort() + " "
                        + ofBrowser.getLocalPort());
            }
        }
    }
}
