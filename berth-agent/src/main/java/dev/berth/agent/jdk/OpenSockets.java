package dev.berth.agent.jdk;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Finds sockets that were opened before Berth was there: by another agent that came first. They stay on the kernel.
public final class OpenSockets {
    /// Classes that a JVM without sockets has not loaded.
    private static final Set<String> LOADED_WITH_SOCKETS = Set.of(
            "sun.nio.ch.NioSocketImpl",
            "sun.nio.ch.SocketChannelImpl",
            "sun.nio.ch.ServerSocketChannelImpl",
            "sun.nio.ch.DatagramChannelImpl");

    /// Standard input and output may be sockets of whoever started the JVM.
    private static final int FIRST_OWN = 3;

    private OpenSockets() {}

    /// Says on standard error if there are any.
    public static void warn(Instrumentation instrumentation) {
        boolean possible = false;
        for (Class<?> loaded : instrumentation.getAllLoadedClasses()) {
            possible |= loaded.getClassLoader() == null && LOADED_WITH_SOCKETS.contains(loaded.getName());
        }
        try {
            int count = possible ? count() : 0;
            if (count > 0) {
                System.err.println("berth: Sockets were opened before Berth was installed and stay on this machine's"
                        + " network, " + count + " in number: let"
                        + " -javaagent:berth.jar come before other agents.");
            }
        } catch (IOException e) {
            System.err.println("berth: Whether sockets were opened before Berth was installed is unknown: " + e);
        }
    }

    /// The INET sockets of this process, as far as Linux says.
    private static int count() throws IOException {
        Path descriptors = Path.of("/proc/self/fd");
        if (!Files.isDirectory(descriptors)) {
            return 0;
        }
        Set<String> own = new HashSet<>();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(descriptors)) {
            for (Path link : links) {
                if (Integer.parseInt(link.getFileName().toString()) >= FIRST_OWN && Files.isSymbolicLink(link)) {
                    String target = Files.readSymbolicLink(link).toString();
                    if (target.startsWith("socket:[")) {
                        own.add(target.substring(8, target.length() - 1));
                    }
                }
            }
        }
        int count = 0;
        for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
            Path file = Path.of("/proc/self/net", table);
            for (String line : Files.isReadable(file) ? Files.readAllLines(file) : List.<String>of()) {
                String[] columns = line.strip().split("\\s+");
                if (columns.length > 9 && own.contains(columns[9])) {
                    count++;
                }
            }
        }
        return count;
    }
}
