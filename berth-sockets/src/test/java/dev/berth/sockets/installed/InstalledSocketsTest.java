package dev.berth.sockets.installed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;

/// Programs that know nothing of Berth, in a JVM of their own whose sockets are Berth's. Each program ends with 0
/// when all went well, and has no socket of the kernel open then.
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class InstalledSocketsTest {
    /// Below the build directory, which nobody else tidies up.
    @TempDir(factory = InBuildDirectory.class)
    Path directory;

    @Test
    void sockets_datagrams_and_names_are_those_of_the_host() throws Exception {
        run(NetProgram.class);
    }

    @Test
    void several_hosts_stand_beside_each_other_in_one_jvm() throws Exception {
        run(ScopeProgram.class);
    }

    @Test
    void names_are_those_of_the_network_also_for_who_speaks_dns() throws Exception {
        run(NamesProgram.class);
    }

    @Test
    void the_http_server_and_client_of_the_jdk_talk() throws Exception {
        run(HttpProgram.class);
    }

    @Test
    void they_talk_over_tls() throws Exception {
        run(HttpsProgram.class, keyStore());
    }

    @Test
    void the_http_client_speaks_http_2() throws Exception {
        run(Http2Program.class, keyStore());
    }

    @Test
    void what_stands_in_the_way_of_installing_is_said() throws Exception {
        run(InstallProgram.class, "twice");
        run(InstallProgram.class, "factory");
        run(InstallProgram.class, "provider");
        run(InstallProgram.class, "nothing");
    }

    private String keyStore() throws IOException, InterruptedException {
        Path store = directory.resolve("keys.p12");
        List<String> command = List.of(
                java("keytool"),
                "-genkeypair",
                "-alias",
                "web",
                "-keyalg",
                "EC",
                "-dname",
                "CN=web.test",
                "-ext",
                "SAN=dns:web.test,ip:10.0.0.1",
                "-validity",
                "30",
                "-storetype",
                "PKCS12",
                "-storepass",
                "changeit",
                "-keystore",
                store.toString());
        execute("keytool", command);
        return store.toString();
    }

    private void run(Class<?> program, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                java("java"), "-ea", "-Xmx512m", "-cp", System.getProperty("java.class.path"), program.getName()));
        command.addAll(List.of(arguments));
        execute(program.getSimpleName(), command);
    }

    private void execute(String name, List<String> command) throws IOException, InterruptedException {
        Path output = directory.resolve(name + ".out");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        boolean ended = process.waitFor(100, TimeUnit.SECONDS);
        process.destroyForcibly();
        assertThat(ended)
                .as("%s ends; it wrote:%n%s", name, Files.readString(output))
                .isTrue();
        assertThat(process.exitValue())
                .as("exit code of %s, which wrote:%n%s", name, Files.readString(output))
                .isZero();
    }

    static final class InBuildDirectory implements TempDirFactory {
        @Override
        public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext context) throws IOException {
            return Files.createTempDirectory(Files.createDirectories(Path.of("target")), "installed");
        }
    }

    private static String java(String tool) {
        return Path.of(System.getProperty("java.home"), "bin", tool).toString();
    }
}
