package dev.berth.ports;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.security.CodeSource;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/// The octets of IANA's registry, a resource beside this class.
///
/// On the class path a class loader finds a resource by way of its parents and a `URLConnection`, which in a young JVM
/// takes three times as long as everything else (`docs/PORT_TABLE.md` has the numbers). So the jar or directory this
/// class came from is read first, and the class loader is asked when it is not there: in a jar within a jar, say.
final class ServiceRegistryData {
    static final String RESOURCE = "service-registry.bin";
    private static final String PATH = "dev/berth/ports/" + RESOURCE;

    private ServiceRegistryData() {}

    static byte[] read() {
        try {
            byte[] beside = ServiceRegistryData.class.getModule().isNamed() ? null : readBeside();
            return beside == null ? readByLoader() : beside;
        } catch (IOException e) {
            throw Failure.of(e);
        }
    }

    /// A class of its own, because the verifier loads the exceptions that a class throws, and this one from outside of
    /// the JVM's archive.
    private static final class Failure {
        static RuntimeException of(IOException cause) {
            return new UncheckedIOException(cause);
        }
    }

    static byte[] readByLoader() throws IOException {
        try (InputStream in = ServiceRegistryData.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IOException("The resource " + RESOURCE + " is missing");
            }
            return in.readAllBytes();
        }
    }

    /// Reads the resource where the class came from; null if that is neither a directory nor a jar with it.
    static byte @Nullable [] readBeside() throws IOException {
        CodeSource source = ServiceRegistryData.class.getProtectionDomain().getCodeSource();
        return source == null ? null : read(file(source));
    }

    private static @Nullable File file(CodeSource source) {
        try {
            return source.getLocation() == null
                            || !source.getLocation().getProtocol().equals("file")
                    ? null
                    : new File(URI.create(source.getLocation().toString()));
        } catch (IllegalArgumentException e) {
            return null; // a location that names no file, such as one on a Windows share
        }
    }

    static byte @Nullable [] read(@Nullable File place) throws IOException {
        if (place == null) {
            return null;
        }
        File file = new File(place, PATH);
        if (file.isFile()) {
            try (InputStream in = new FileInputStream(file)) {
                return in.readAllBytes();
            }
        }
        if (!place.isFile()) {
            return null;
        }
        try (ZipFile jar = new ZipFile(place)) {
            ZipEntry entry = jar.getEntry(PATH);
            if (entry == null) {
                return null;
            }
            try (InputStream in = jar.getInputStream(entry)) {
                return in.readNBytes((int) entry.getSize());
            }
        }
    }
}
