package dev.berth.gateway;

import dev.berth.ports.Transport;
import dev.berth.tun.SocketHolder;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Who has a port of this machine, as far as `/proc` of Linux tells: the processes of the same user, or all
/// for root.
///
/// @param pid the process
/// @param command its command line, shortened
public record KernelPortOwner(long pid, String command) {
    private static final Path PROC = Path.of("/proc");
    private static final String LISTEN = "0A";
    private static final String UNCONNECTED = "07"; // of UDP

    /// Who listens at an address with TCP, or at all of them; empty if that cannot be told. Reads many small files, so
    /// it is for the case that something went wrong.
    public static Optional<KernelPortOwner> find(InetSocketAddress address) {
        return find(Transport.TCP, address);
    }

    /// Who listens at an address, or has a socket of UDP there; otherwise as the other `find`.
    public static Optional<KernelPortOwner> find(Transport transport, InetSocketAddress address) {
        boolean udp = transport == Transport.UDP;
        IpAddress wanted = IpAddress.of(address.getAddress().getAddress());
        String inode = null;
        for (String table : udp ? new String[] {"net/udp", "net/udp6"} : new String[] {"net/tcp", "net/tcp6"}) {
            inode = inode == null
                    ? inode(PROC.resolve(table), udp ? UNCONNECTED : LISTEN, wanted, address.getPort())
                    : inode;
        }
        return inode == null
                ? Optional.empty()
                : SocketHolder.of(inode).map(each -> new KernelPortOwner(each.pid(), each.command()));
    }

    /// The number of the socket in that state there (proc(5), `/proc/net/tcp`); null if there is none.
    private static @Nullable String inode(Path table, String state, IpAddress wanted, int port) {
        try {
            for (String line : Files.readAllLines(table, StandardCharsets.ISO_8859_1)) {
                String[] words = line.strip().split(" +");
                int colon = words.length > 9 ? words[1].indexOf(':') : -1;
                if (colon > 0
                        && words[3].equals(state)
                        && Integer.parseInt(words[1].substring(colon + 1), 16) == port) {
                    IpAddress own = address(words[1].substring(0, colon));
                    if (own.equals(wanted) || own.isUnspecified() || wanted.isUnspecified()) {
                        return words[9];
                    }
                }
            }
        } catch (IOException | IllegalArgumentException _) {
            // Not Linux, or not the table that we know.
        }
        return null;
    }

    /// The address of a line: words of 32 bits in the order of octets of the machine, as hexadecimal numbers.
    private static IpAddress address(String text) {
        byte[] octets = new byte[text.length() / 2];
        boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        for (int i = 0; i < octets.length; i++) {
            int from = little ? i ^ 3 : i;
            octets[i] = (byte) Integer.parseInt(text.substring(2 * from, 2 * from + 2), 16);
        }
        return IpAddress.of(octets);
    }

    /// `process 1234 (python3 -m http.server)`.
    @Override
    public String toString() {
        return "process " + pid + " (" + command + ")";
    }
}
