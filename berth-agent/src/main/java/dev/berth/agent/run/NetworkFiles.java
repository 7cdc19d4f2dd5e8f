package dev.berth.agent.run;

import dev.berth.gateway.PeerCredentials;
import dev.berth.gateway.shared.MemberLink;
import dev.berth.gateway.shared.MemberWish;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.io.PrintStream;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The files of a shared network in the user's own directory ([ControlDirectory]).
///
/// @param directory where they are
/// @param name the network's name
public record NetworkFiles(ControlDirectory directory, String name) {
    private static final String LOCK = ".lock";

    /// A name that may be a file's.
    ///
    /// @throws IllegalArgumentException if it is none, with a sentence that says so
    public static String checked(String name) {
        if (!name.matches("[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")) {
            throw new IllegalArgumentException("'" + name
                    + "' is not a name for a network: it has up to 32 small letters, digits and hyphens between them");
        }
        return name;
    }

    /// Those of a network of the present user.
    public static NetworkFiles of(String name) throws IOException {
        return new NetworkFiles(ControlDirectory.present(), checked(name));
    }

    /// The names of the networks that are or were there.
    public static List<String> names(ControlDirectory directory) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory.path(), "*" + LOCK)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                names.add(name.substring(0, name.length() - LOCK.length()));
            }
        }
        names.sort(null);
        return names;
    }

    /// Where members connect.
    Path members() {
        return file(".net");
    }

    /// Where commands ask.
    public Path control() {
        return file(".ctl");
    }

    /// Locked by the process that holds the network, as long as it lives.
    Path lock() {
        return file(LOCK);
    }

    /// What a process in the background says.
    public Path log() {
        return file(".log");
    }

    private Path file(String suffix) {
        return directory.path().resolve(name + suffix);
    }

    /// Joins a network as the host of a plan.
    ///
    /// @throws IOException if it cannot be joined, with a sentence that says why
    static MemberLink join(String name, HostPlan plan, String program) throws IOException {
        NetworkFiles files = of(name);
        List<IpAddress> addresses = new ArrayList<>();
        for (IpAddress.Prefix each : plan.addresses()) {
            addresses.add(each.address());
        }
        PrintStream err = System.err;
        return MemberLink.join(
                name,
                files::connect,
                new MemberWish(plan.name(), plan.named(), addresses, program),
                sentence -> err.println("berth: " + sentence + "."));
    }

    /// Connects as a member.
    SocketChannel connect() throws IOException {
        SocketChannel channel;
        try {
            channel = KernelUnixSockets.connect(members());
        } catch (SocketException e) {
            boolean known = Files.exists(lock(), LinkOption.NOFOLLOW_LINKS);
            SocketException absent = new SocketException("There is no network '" + name + "'"
                    + (known ? ": the process that held it has ended" : "") + ". Create it with 'berth network create "
                    + name + "'");
            absent.initCause(e);
            throw absent;
        }
        boolean own = false;
        try {
            PeerCredentials.require(channel, directory.user());
            own = true;
            return channel;
        } finally {
            if (!own) {
                channel.close();
            }
        }
    }
}
