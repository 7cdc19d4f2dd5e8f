package dev.berth.agent.run;

import dev.berth.agent.jdk.JdkInstallation;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import org.jspecify.annotations.Nullable;

/// A program whose sockets are those of a host of its own, from before its main method until after its shutdown hooks.
public final class HostedProgram {
    private final RunningHost host;
    private final @Nullable ControlServer server;
    private final @Nullable PortWatch watch;

    private HostedProgram(RunningHost host, @Nullable ControlServer server, @Nullable PortWatch watch) {
        this.host = host;
        this.server = server;
        this.watch = watch;
    }

    /// Starts the host, makes the sockets of this JVM its own, and says so on standard error. All ends with the JVM.
    ///
    /// @param program what runs in this JVM, for people
    /// @throws IOException if a part cannot be had, with a sentence that says why; the program should not run then
    public static void start(Instrumentation instrumentation, HostPlan plan, String program) throws IOException {
        JdkInstallation.open(instrumentation);
        RunningHost host = RunningHost.start(plan, program);
        PrintStream err = System.err;
        ControlServer server = null;
        boolean started = false;
        try {
            JdkInstallation installation = JdkInstallation.install(
                    instrumentation, host.host(), plan.rewriting(), plan.strictness(), host.names());
            if (!installation.notCovered().isEmpty()) {
                err.println("berth: On Java " + Runtime.version() + " Berth does not cover "
                        + String.join("; nor ", installation.notCovered()) + ".");
            }
            server = control(plan, host, program, err);
            started = true;
        } catch (IllegalStateException e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            if (!started) {
                host.close();
            }
        }
        PortWatch watch = plan.watched() ? new PortWatch(host.host(), err) : null;
        HostedProgram hosted = new HostedProgram(host, server, watch);
        AfterProgram.run(instrumentation, hosted::end);
        err.println("berth: " + host.describe());
        if (watch != null) {
            watch.start();
        }
    }

    /// A program runs without the control socket that nobody asked for, if it cannot be had.
    private static @Nullable ControlServer control(HostPlan plan, RunningHost host, String program, PrintStream err)
            throws IOException {
        try {
            return ControlOption.open(plan.control(), program, host);
        } catch (IOException e) {
            if (plan.control() != null) {
                throw e;
            }
            err.println("berth: 'berth ss' will not see this program: " + e.getMessage());
            return null;
        }
    }

    private void end() {
        if (server != null) {
            server.close();
        }
        if (watch != null) {
            watch.finish();
        }
        LastWords.keepQuietAboutSockets();
        host.close();
    }
}
