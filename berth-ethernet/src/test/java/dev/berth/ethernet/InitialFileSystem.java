package dev.berth.ethernet;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;

/// The first file system of a Linux guest, in the "newc" format of cpio that the kernel documents
/// (`driver-api/early-userspace/buffer-format`).
final class InitialFileSystem {
    private static final int DIRECTORY = 0x41ed; // rwxr-xr-x
    private static final int FILE = 0x81ed;
    private final ByteArrayOutputStream archive = new ByteArrayOutputStream();
    private int inode = 1;

    void directory(String path) throws IOException {
        entry(path, DIRECTORY, new byte[0]);
    }

    void file(String path, byte[] content) throws IOException {
        entry(path, FILE, content);
    }

    void file(String path, String content) throws IOException {
        file(path, content.getBytes(StandardCharsets.UTF_8));
    }

    private void entry(String path, int mode, byte[] content) throws IOException {
        int[] fields = {inode++, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, path.length() + 1, 0};
        StringBuilder header = new StringBuilder("070701");
        for (int field : fields) {
            header.append("%08x".formatted(field));
        }
        archive.write((header + path + "\0").getBytes(StandardCharsets.US_ASCII));
        pad();
        archive.write(content);
        pad();
    }

    private void pad() {
        while (archive.size() % 4 != 0) {
            archive.write(0);
        }
    }

    void writeTo(Path target) throws IOException {
        entry("TRAILER!!!", 0, new byte[0]);
        try (GZIPOutputStream out = new GZIPOutputStream(Files.newOutputStream(target))) {
            archive.writeTo(out);
        }
    }
}
