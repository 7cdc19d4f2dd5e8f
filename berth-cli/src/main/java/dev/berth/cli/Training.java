package dev.berth.cli;

import dev.berth.agent.run.HostPlan;
import dev.berth.agent.run.RunningHost;
import dev.berth.sockets.BerthSockets;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/// Does once what `berth run` does before its program begins and what a small server does then, without an agent: the
/// script `berth` has the JVM write the classes of this run to a class-data archive, which it cannot do while there is
/// an agent.
final class Training {
    /// What only the agent needs; these cannot be at work here.
    private static final String[] WITH_AGENT = {
        "dev.berth.agent.BerthAgent",
        "dev.berth.agent.jdk.ConstantPool",
        "dev.berth.agent.jdk.JdkInstallation",
        "dev.berth.agent.jdk.JdkRewriter",
        "dev.berth.agent.jdk.KernelGuard",
        "dev.berth.agent.jdk.MethodPatch",
        "dev.berth.agent.jdk.NativeTransports",
        "dev.berth.agent.jdk.OpenSockets",
        "dev.berth.agent.jdk.Rewrite",
        "dev.berth.agent.jdk.Rewrite$Part",
        "dev.berth.agent.jdk.SelfCheck",
        "dev.berth.agent.jdk.StackMap",
        "dev.berth.agent.jdk.Strictness",
        "dev.berth.agent.run.AfterProgram",
        "dev.berth.agent.run.HostedProgram",
        "dev.berth.cli.ClassPath",
        "dev.berth.cli.Program",
        "dev.berth.sockets.HostNetworkInterfaces",
        "dev.berth.sockets.JavaNetAccess",
        "dev.berth.sockets.JdkHooks",
        "dev.berth.sockets.JdkHooks$SocketMaker",
        "dev.berth.sockets.MulticastSocketView"
    };

    private Training() {}

    /// Runs, and fails if anything is not as `berth run` has it.
    ///
    /// @throws IOException if the host cannot start
    /// @throws ClassNotFoundException if a class has another name now
    public static void main(String[] args) throws IOException, ClassNotFoundException {
        Berth.commandLine().parseArgs("run", "--name", "app", "-cp", "classes", "Main");
        for (String name : WITH_AGENT) {
            Class.forName(name, false, Training.class.getClassLoader());
        }
        try (RunningHost host = RunningHost.start(HostPlan.parse("name=app,control=off"))) {
            BerthSockets.install(host.host());
            host.describe();
            useSockets();
        }
    }

    private static void useSockets() throws IOException {
        InetAddress own = InetAddress.getByName("app");
        try (ServerSocket server = new ServerSocket(0);
                Socket client = new Socket(own, server.getLocalPort());
                Socket accepted = server.accept()) {
            client.setTcpNoDelay(true);
            client.getOutputStream().write(1);
            accepted.getInputStream().read();
        }
        try (Selector selector = Selector.open();
                ServerSocketChannel server = ServerSocketChannel.open();
                SocketChannel client = SocketChannel.open();
                DatagramSocket datagrams = new DatagramSocket()) {
            server.bind(null).configureBlocking(false).register(selector, SelectionKey.OP_ACCEPT);
            client.connect(server.getLocalAddress());
            selector.select(1_000);
            datagrams.setReuseAddress(true);
        }
    }
}
