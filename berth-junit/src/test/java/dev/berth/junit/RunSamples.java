package dev.berth.junit;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.berth.host.Host;
import dev.berth.sockets.BerthSockets;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.reporting.ReportEntry;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/// Runs classes of tests and tells how each test has ended; also as a program, with whatever version of JUnit is on
/// its class path.
final class RunSamples {
    /// How tests have ended, by name: `ok`, `aborted`, or what has failed.
    final Map<String, Object> results = new LinkedHashMap<>();

    /// The entries of their reports, by the test's name.
    final Map<String, Map<String, String>> entries = new LinkedHashMap<>();

    private RunSamples() {}

    static RunSamples of(String directory, Class<?>... classes) {
        return of(directory, false, classes);
    }

    static RunSamples of(String directory, boolean parallel, Class<?>... classes) {
        RunSamples run = new RunSamples();
        LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request()
                .configurationParameter("berth.report.directory", directory)
                .configurationParameter("junit.jupiter.execution.parallel.enabled", String.valueOf(parallel));
        for (Class<?> each : classes) {
            request.selectors(selectClass(each));
        }
        LauncherDiscoveryRequest built = request.build();
        LauncherFactory.create().execute(built, run.new Listener());
        return run;
    }

    private final class Listener implements TestExecutionListener {
        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            Optional<Throwable> failure = result.getThrowable();
            if (test.isTest() || failure.isPresent()) {
                Object outcome = switch (result.getStatus()) {
                    case SUCCESSFUL -> "ok";
                    case ABORTED -> "aborted";
                    case FAILED -> failure.<Object>map(cause -> cause).orElse("failed");
                };
                results.put(test.getLegacyReportingName(), outcome);
            }
        }

        @Override
        public void reportingEntryPublished(TestIdentifier test, ReportEntry entry) {
            entries.computeIfAbsent(test.getLegacyReportingName(), name -> new LinkedHashMap<>())
                    .putAll(entry.getKeyValuePairs());
        }
    }

    /// Makes the JVM's sockets Berth's, unless `-Dberth.plain=true` says not to, runs classes and prints a line for
    /// each test.
    ///
    /// @param arguments the directory for reports, then names of classes
    public static void main(String[] arguments) throws ClassNotFoundException, IOException {
        if (!Boolean.getBoolean("berth.plain")) {
            BerthSockets.install(Host.builder("nowhere").start());
        }
        System.out.println("JUnit " + Test.class.getPackage().getImplementationVersion());
        Class<?>[] classes = new Class<?>[arguments.length - 1];
        for (int i = 1; i < arguments.length; i++) {
            classes[i - 1] = Class.forName(arguments[i]);
        }
        of(arguments[0], classes).results.forEach((test, result) -> System.out.println(test + ": " + result));
    }
}
