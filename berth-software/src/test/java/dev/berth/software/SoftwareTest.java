package dev.berth.software;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NetworkNamespace;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.loader.tools.Layouts;
import org.springframework.boot.loader.tools.Library;
import org.springframework.boot.loader.tools.LibraryScope;
import org.springframework.boot.loader.tools.Repackager;

/// Programs around other people's software run unmodified with `-javaagent`, and the kernel sees nothing of it: they
/// are in a namespace whose loopback device is down, and make no system call with an Internet address.
class SoftwareTest {
    private static final Pattern OF_SPRING = Pattern.compile("/(spring-|tomcat-|jakarta|jackson-|commons-logging|log4j-"
            + "|micrometer-|slf4j-api|logback|snakeyaml|jul-to|jspecify)[^/]*$");

    private static final List<List<String>> PROGRAMS = List.of(
            List.of("JdkHttp"),
            List.of("HttpClients"),
            List.of("TomcatServer", "nio"),
            List.of("TomcatServer", "nio2"),
            List.of("JettyServer"),
            List.of("UndertowServer"),
            List.of("HelidonServer"),
            List.of("VertxServer", "app"),
            List.of("NettyTcpUdp", "app", "10.0.0.1"),
            List.of("GrpcEcho"),
            List.of("RemoteObjects"),
            List.of("H2OverTcp"),
            List.of("KafkaRoundTrip"),
            List.of("SpringApplicationProgram", "--spring.threads.virtual.enabled=false"),
            List.of("SpringApplicationProgram", "--spring.threads.virtual.enabled=true"));

    @BeforeAll
    static void namespaces() {
        assumeTrue(NetworkNamespace.isAvailableFor(SoftwareTest.class));
        SoftwareRun.assumeInstalled(SoftwareTest.class, "strace");
    }

    @TestFactory
    List<DynamicTest> runs_unmodified_without_a_socket_of_the_kernel() {
        List<DynamicTest> tests = new ArrayList<>();
        for (List<String> program : PROGRAMS) {
            List<String> command = new ArrayList<>(List.of("-cp", SoftwareRun.CLASS_PATH));
            command.add("dev.berth.software." + program.getFirst());
            command.addAll(program.subList(1, program.size()));
            tests.add(DynamicTest.dynamicTest(String.join(" ", program), () -> run(command)));
        }
        return tests;
    }

    @Test
    void speaks_tls(@TempDir Path directory) throws IOException, InterruptedException {
        Path keys = directory.resolve("keys.p12");
        SoftwareRun.makeKeys(keys, "app");
        run(List.of("-cp", SoftwareRun.CLASS_PATH, "dev.berth.software.Tls", keys.toString()));
    }

    @Test
    void is_managed_through_a_port_of_its_host() throws IOException, InterruptedException {
        run(List.of(
                "-Dcom.sun.management.jmxremote.port=9010",
                "-Dcom.sun.management.jmxremote.authenticate=false",
                "-Dcom.sun.management.jmxremote.ssl=false",
                "-cp",
                SoftwareRun.CLASS_PATH,
                "dev.berth.software.ManagementPort",
                "9010"));
    }

    /// All libraries as jars in a jar, read by Spring's own class loader.
    @Test
    void runs_the_one_jar_of_a_spring_boot_application(@TempDir Path directory)
            throws IOException, InterruptedException {
        Path plain = directory.resolve("plain.jar");
        Path fat = directory.resolve("application.jar");
        Path classes = SoftwareRun.ROOT
                .resolve("berth-software")
                .resolve(Path.of(SpringApplicationProgram.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath()));
        String[] jar = {
            Path.of(System.getProperty("java.home"), "bin", "jar").toString(),
            "--create",
            "--file",
            plain.toString(),
            "-C",
            classes.toString(),
            "dev/berth/software/SpringApplicationProgram.class",
            "-C",
            classes.toString(),
            "dev/berth/software/Check.class"
        };
        assertThat(new ProcessBuilder(jar).inheritIO().start().waitFor()).isZero();
        Repackager repackager = new Repackager(plain.toFile());
        repackager.setMainClass("dev.berth.software.SpringApplicationProgram");
        repackager.setLayout(new Layouts.Jar());
        repackager.repackage(fat.toFile(), callback -> {
            for (String entry : SoftwareRun.CLASS_PATH.split(":")) {
                if (OF_SPRING.matcher(entry).find()) {
                    callback.library(new Library(new File(entry), LibraryScope.COMPILE));
                }
            }
        });
        run(List.of("-jar", fat.toString()));
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        String agent = SoftwareRun.agent();
        try (NetworkNamespace namespace = NetworkNamespace.create()) {
            namespace.check("ip", "link", "set", "dev", "lo", "down");
            SoftwareRun.Result result =
                    SoftwareRun.java(namespace, List.of("-javaagent:" + agent + "=strict"), command);
            assertThat(result.output().strip()).contains("right: ").endsWith("done");
            assertThat(result.exit()).isZero();
            assertThat(result.kernelCalls()).isEmpty();
        }
    }
}
