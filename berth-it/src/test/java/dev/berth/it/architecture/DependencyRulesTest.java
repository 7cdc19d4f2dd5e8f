package dev.berth.it.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What may use what. The class files are the judge here; [SourceRulesTest] reads the sources.
class DependencyRulesTest {
    private static final JavaClasses BERTH = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("jmh_generated"))
            .importPackages("dev.berth")
            .that(not(resideInAPackage("dev.berth.it..")));

    private static final String[] CORE =
            Modules.CORE.stream().map(DependencyRulesTest::packagesOf).toArray(String[]::new);

    /// What the core may use of the JDK, package by package, without their subpackages.
    private static final Set<String> CORE_PACKAGES = Set.of(
            "java.lang",
            "java.lang.annotation",
            "java.lang.invoke",
            "java.lang.runtime",
            "java.util",
            "java.util.function",
            "java.util.stream",
            "java.nio.charset");

    private static final Set<String> CORE_CLASSES = Set.of("java.nio.ByteOrder");

    /// What the core may not use although its package is allowed: threads, clocks, randomness, processes.
    private static final Set<String> CORE_FORBIDDEN_CLASSES = Set.of(
            "java.lang.InheritableThreadLocal",
            "java.lang.Process",
            "java.lang.ProcessBuilder",
            "java.lang.ProcessHandle",
            "java.lang.Runtime",
            "java.lang.ScopedValue",
            "java.lang.System$Logger",
            "java.lang.System$LoggerFinder",
            "java.lang.Thread",
            "java.lang.ThreadGroup",
            "java.lang.ThreadLocal",
            "java.util.Calendar",
            "java.util.Date",
            "java.util.GregorianCalendar",
            "java.util.Random",
            "java.util.Scanner",
            "java.util.ServiceLoader",
            "java.util.SplittableRandom",
            "java.util.TimeZone",
            "java.util.Timer",
            "java.util.TimerTask",
            "java.util.UUID");

    /// The only methods of java.lang.System that the core may call.
    private static final Set<String> CORE_SYSTEM_METHODS = Set.of("arraycopy", "identityHashCode");

    /// Methods of the JDK, of whatever class, that wait for threads or use them.
    private static final Set<String> CORE_FORBIDDEN_METHODS =
            Set.of("wait", "notify", "notifyAll", "parallel", "parallelStream");

    /// The service registry reads the resource in its own jar, once; that takes these and nothing else.
    private static final String REGISTRY = "dev\\.berth\\.ports\\.(\\w*Registry\\w*)(\\$.*)?";

    private static final Set<String> REGISTRY_CLASSES = Set.of(
            "java.io.BufferedInputStream",
            "java.io.ByteArrayInputStream",
            "java.io.DataInputStream",
            "java.io.FilterInputStream",
            "java.io.InputStream",
            "java.io.IOException",
            "java.io.UncheckedIOException");

    /// One class of it also looks into the jar without the class loader, which is slow in a young JVM.
    private static final String REGISTRY_DATA = "dev\\.berth\\.ports\\.ServiceRegistryData(\\$.*)?";

    private static final Set<String> REGISTRY_JAR_CLASSES = Set.of(
            "java.io.File",
            "java.io.FileInputStream",
            "java.net.URI",
            "java.net.URL",
            "java.security.CodeSource",
            "java.security.ProtectionDomain",
            "java.util.zip.ZipEntry",
            "java.util.zip.ZipFile");

    private static String packagesOf(String module) {
        return "dev.berth." + module + "..";
    }

    private static String[] packagesOf(String... modules) {
        return Stream.of(modules).map(DependencyRulesTest::packagesOf).toArray(String[]::new);
    }

    /// A predicate over classes, in terms of the class itself or, for an array, of what it is an array of.
    private static DescribedPredicate<JavaClass> type(String description, Predicate<JavaClass> test) {
        return DescribedPredicate.describe(description, c -> test.test(c.getBaseComponentType()));
    }

    private static DescribedPredicate<JavaAccess<?>> call(
            String description, BiPredicate<String, String> ownerAndName) {
        return DescribedPredicate.describe(
                description,
                access -> ownerAndName.test(
                        access.getTargetOwner().getName(), access.getTarget().getName()));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(BERTH);
    }

    @Test
    void everyPackageBelongsToAKnownModule() {
        assertThat(BERTH.stream().map(c -> Modules.of(c.getPackageName())).distinct())
                .isSubsetOf(Modules.ALLOWED.keySet());
        assertThat(BERTH.stream().map(c -> Modules.of(c.getPackageName())))
                .as("the class files of the modules are on the class path of this test")
                .contains("wire", "cli");
    }

    static List<String> modules() {
        return List.copyOf(Modules.ALLOWED.keySet());
    }

    @ParameterizedTest
    @MethodSource("modules")
    void moduleUsesOnlyTheModulesBelowIt(String module) {
        check(noClasses()
                .that()
                .resideInAPackage(packagesOf(module))
                .should()
                .dependOnClassesThat(type(
                        "are in another module than " + Modules.ALLOWED.get(module),
                        c -> c.getPackageName().startsWith("dev.berth.")
                                && !Modules.of(c.getPackageName()).equals(module)
                                && !Modules.ALLOWED.get(module).contains(Modules.of(c.getPackageName())))));
    }

    @Test
    void packagesHaveNoCycles() {
        check(slices().matching("dev.berth.(**)").should().beFreeOfCycles());
    }

    @Test
    void coreUsesOnlyTheAllowedPartOfTheJdk() {
        DescribedPredicate<JavaClass> forbidden = type(
                "are not among what the core may use",
                c -> !c.isPrimitive()
                        && !c.getPackageName().startsWith("dev.berth.")
                        && !c.getPackageName().startsWith("org.jspecify.")
                        && !c.getPackageName().startsWith("com.google.errorprone.annotations")
                        && !CORE_CLASSES.contains(c.getName())
                        && (!CORE_PACKAGES.contains(c.getPackageName())
                                || CORE_FORBIDDEN_CLASSES.contains(c.getName())));
        check(noClasses()
                .that()
                .resideInAnyPackage(CORE)
                .and()
                .haveNameNotMatching(REGISTRY)
                .should()
                .dependOnClassesThat(forbidden));
        check(noClasses()
                .that()
                .haveNameMatching(REGISTRY)
                .and()
                .haveNameNotMatching(REGISTRY_DATA)
                .should()
                .dependOnClassesThat(
                        forbidden.and(type("do not read a resource", c -> !REGISTRY_CLASSES.contains(c.getName())))));
        check(noClasses()
                .that()
                .haveNameMatching(REGISTRY_DATA)
                .should()
                .dependOnClassesThat(forbidden.and(type(
                        "do not read a resource or the jar it is in",
                        c -> !REGISTRY_CLASSES.contains(c.getName()) && !REGISTRY_JAR_CLASSES.contains(c.getName())))));
    }

    @Test
    void coreHasNoClockNoRandomnessAndNoWaiting() {
        check(noClasses()
                .that()
                .resideInAnyPackage(CORE)
                .should()
                .accessTargetWhere(call(
                        "System beyond " + CORE_SYSTEM_METHODS + ", Math.random or " + CORE_FORBIDDEN_METHODS,
                        (owner, name) -> switch (owner) {
                            case "java.lang.System" -> !CORE_SYSTEM_METHODS.contains(name);
                            case "java.lang.Math", "java.lang.StrictMath" -> name.equals("random");
                            default -> owner.startsWith("java.") && CORE_FORBIDDEN_METHODS.contains(name);
                        })));
    }

    @Test
    void varHandlesStayWithPacketBytesTheHostAndWhatDatagramsTouchBesideItsLock() {
        check(noClasses()
                .that()
                .doNotHaveFullyQualifiedName("dev.berth.stack.udp.DatagramQueue")
                .and()
                .doNotHaveFullyQualifiedName("dev.berth.stack.udp.DatagramQueue$Ring")
                .and()
                .doNotHaveFullyQualifiedName("dev.berth.stack.udp.UdpEndpoint")
                .and()
                .doNotHaveFullyQualifiedName("dev.berth.stack.ip.Identification")
                .and()
                .doNotHaveFullyQualifiedName("dev.berth.stack.ip.NetInterface")
                .and()
                // Sockets and the agent reach private fields of java.net with them.
                .resideOutsideOfPackages(packagesOf("wire", "host", "sockets", "agent"))
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.invoke.VarHandle"));
    }

    @Test
    void nativeMemoryAndNativeCallsStayWithTheTunDevice() {
        // The benchmarks time calls of the kernel without anything around them.
        check(noClasses()
                .that()
                .resideOutsideOfPackages(packagesOf("tun", "bench"))
                .should()
                .dependOnClassesThat(resideInAPackage("java.lang.foreign..")));
    }

    @Test
    void byteBuffersStayAtTheEdges() {
        // The test kit's codec of scripts uses them on purpose: it must not share code with what it checks. The
        // command uses channels once, as programs do, so that they are in the archive of classes.
        check(noClasses()
                .that()
                .resideOutsideOfPackages(packagesOf(
                        "sockets", "capture", "tun", "gateway", "agent", "bench", "testkit", "cli", "ethernet"))
                .should()
                .dependOnClassesThat(
                        type("are buffers of java.nio", c -> c.getName().matches("java\\.nio\\.\\w*Buffer"))));
    }

    @Test
    void nothingSleepsButTheCommand() {
        check(noClasses()
                .that()
                .resideOutsideOfPackages(packagesOf("cli", "agent"))
                .should()
                .callMethodWhere(DescribedPredicate.describe(
                        "Thread.sleep or TimeUnit.sleep",
                        access -> access.getName().equals("sleep")
                                && Set.of("java.lang.Thread", "java.util.concurrent.TimeUnit")
                                        .contains(access.getTargetOwner().getName()))));
    }

    @Test
    void onlyTheCommandAndTheBenchmarksPrint() {
        check(noClasses()
                .that()
                .resideOutsideOfPackages(packagesOf("cli", "agent", "bench", "junit"))
                .should()
                .accessTargetWhere(call(
                        "System.out or System.err",
                        (owner, name) ->
                                owner.equals("java.lang.System") && (name.equals("out") || name.equals("err")))));
    }

    @Test
    void nothingUsesUnsafeOrTheOldLogging() {
        check(noClasses().should().dependOnClassesThat(resideInAnyPackage("sun.misc..", "java.util.logging..")));
    }
}
