package dev.berth.it.kernel;

import dev.berth.host.Host;
import dev.berth.sockets.BerthSockets;
import dev.berth.tun.TunLink;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Runs [KernelPeer], which knows nothing but the JDK, in a child JVM whose sockets are those of a Berth host on a
/// TUN device.
final class OnBerth {
    private OnBerth() {}

    public static void main(String[] arguments) throws Exception {
        TunLink link = TunLink.open(arguments[0]);
        Host host = Host.builder("child")
                .link(link)
                .address(IpAddress.Prefix.parse(arguments[1]))
                .address(IpAddress.Prefix.parse(arguments[2]))
                .start();
        BerthSockets.install(host);
        link.up();
        System.out.println("up");
        KernelPeer.main(Arrays.copyOfRange(arguments, 3, arguments.length));
    }

    /// The command that runs `what` of [KernelPeer] on a host with these addresses.
    static String[] command(
            String device, String ipv4, String ipv6, String what, String address, int port, Object... rest) {
        List<String> command = new ArrayList<>(List.of(KernelPeer.command(what, address, port, rest)));
        int main = command.indexOf(KernelPeer.class.getName());
        command.set(main, OnBerth.class.getName());
        command.addAll(main + 1, List.of(device, ipv4, ipv6));
        command.addAll(1, List.of("--enable-native-access=ALL-UNNAMED", "-Xmx256m"));
        command.remove("-Xmx96m");
        return command.toArray(String[]::new);
    }
}
