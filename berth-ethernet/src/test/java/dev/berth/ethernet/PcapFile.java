package dev.berth.ethernet;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Frames in the classic format of libpcap, for tshark.
final class PcapFile implements AutoCloseable {
    private static final String WRONG = "_ws.malformed || _ws.expert.severity == error || icmpv6.checksum.status == 0"
            + " || ip.checksum.status == 0 || udp.checksum.status == 0";
    private final Path path;
    private final DataOutputStream out;
    private int number;

    PcapFile(Path path) throws IOException {
        this.path = path;
        out = new DataOutputStream(Files.newOutputStream(path));
        out.writeInt(0xa1b2_c3d4);
        out.writeInt(0x0002_0004);
        out.writeLong(0);
        out.writeInt(65_553);
        out.writeInt(1); // Ethernet
    }

    synchronized void write(byte[] frame) throws IOException {
        out.writeInt(number++);
        out.writeInt(0);
        out.writeInt(frame.length);
        out.writeInt(frame.length);
        out.write(frame);
    }

    /// What tshark makes of the frames, one line each, with the fields; null without tshark.
    List<String> fields(String filter, String... fields) throws IOException, InterruptedException {
        out.flush();
        List<String> command = new ArrayList<>(List.of("tshark", "-n", "-r", path.toString()));
        command.addAll(List.of("-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-Y", filter));
        command.addAll(List.of("-T", "fields"));
        for (String field : fields) {
            command.addAll(List.of("-e", field));
        }
        Path output = path.resolveSibling("tshark.out");
        Process process = new ProcessBuilder(command)
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new AssertionError(command + " failed: " + Files.readString(output));
        }
        return Files.readAllLines(output);
    }

    /// The frames that tshark finds something wrong in.
    List<String> wrong() throws IOException, InterruptedException {
        return fields(WRONG, "frame.number", "_ws.expert.message", "_ws.col.Info");
    }

    static boolean isTsharkThere() {
        return List.of(System.getenv("PATH").split(":")).stream()
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "tshark")));
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
