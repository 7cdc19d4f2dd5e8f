package dev.berth.cli;

import dev.berth.bench.PartBenchmarks;
import dev.berth.bench.PartGates;
import dev.berth.bench.Row;
import dev.berth.bench.SideBySide;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// `berth bench`: Berth and the sockets of the kernel side by side. Progress goes to standard error.
@Command(
        name = "bench",
        description = {
            "Measures Berth and the kernel's sockets side by side, in turns.",
            "Prints how many times better Berth is, with the smallest and largest ratio of the rounds and the goal.",
            "A NAME is that of a row, such as 'stream-64k'; or what stands before a hyphen of it, for all rows that"
                    + " begin so, such as 'rtt' or 'connect-pick'; or 'ports', for all rows of the port system."
        },
        customSynopsis = {
            "berth bench [--quick] [--json] [--rounds N] [--decline SECONDS] [NAME...]",
            "       berth bench --list",
            "       berth bench --jmh PATTERN [--quick]",
            "       berth bench --gate [--jmh PATTERN] [--quick] [--record FILE]"
        },
        mixinStandardHelpOptions = true)
final class BenchCommand implements Callable<Integer> {
    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "What to measure; everything if none is given.")
    private List<String> names = new ArrayList<>();

    @Option(
            names = "--quick",
            description = "Measure for a short time: under a minute on a machine that is not busy. What takes long for"
                    + " what it tells is only measured if it is named: the streams beside Reno, the bursts of"
                    + " connections, select-1k, select-100k, http, growth, million-pairs, lookup-10m,"
                    + " flow-bytes-client, flow-bytes-lone, kernel-tun, iperf3, gateway, and the kernel's side of the"
                    + " rows that fill its range of ports.")
    private boolean quick;

    @Option(names = "--json", description = "Print one JSON object a line instead of a table.")
    private boolean json;

    @Option(names = "--list", description = "Print what can be measured, and measure nothing.")
    private boolean list;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Measure both sides N times, 7 if this is not given, with --quick 3; fewer times"
                    + " where a round takes long.")
    private @Nullable Integer rounds;

    @Option(
            names = "--decline",
            paramLabel = "SECONDS",
            description = "How long connect-decline opens and closes connections: 20 s, with --quick 2 s if this is"
                    + " not given.")
    private @Nullable Integer declineSeconds;

    @Option(
            names = "--jmh",
            paramLabel = "PATTERN",
            description = "Run the JMH benchmarks of single parts whose names match the regular expression instead.")
    private @Nullable String jmh;

    @Option(
            names = "--gate",
            description = "Run the JMH benchmarks that have a gate, or those of them that match the pattern of --jmh,"
                    + " beside plain Java: exit code 1 if one allocates or has become 30 %% slower.")
    private boolean gate;

    @Option(
            names = "--record",
            paramLabel = "FILE",
            description = "With --gate: write the ratios of this run to FILE, as the gates of later ones.")
    private @Nullable Path record;

    BenchCommand() {}

    @Override
    public Integer call() throws Exception {
        if (spec == null) {
            throw new AssertionError("picocli sets the field before it calls");
        }
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        if (gate) {
            return gates() ? ExitCode.OK : ExitCode.SOFTWARE;
        }
        if (record != null) {
            throw usage("'--record' stands beside '--gate'.");
        }
        if (jmh != null) {
            return PartBenchmarks.run(jmh, quick) > 0 ? ExitCode.OK : ExitCode.SOFTWARE;
        }
        try (SideBySide run = new SideBySide(options(), line -> {
            err.println(line);
            err.flush();
        })) {
            List<String> selected = selected(run);
            if (list) {
                run.list().forEach(out::println);
                out.flush();
                return ExitCode.OK;
            }
            if (!json) {
                out.println(Row.heading());
                out.flush();
            }
            boolean failed = false;
            for (String name : selected) {
                try {
                    Row row = run.run(name);
                    out.println(json ? row.toJson() : row.toLine());
                    out.flush();
                } catch (IOException | AssertionError | IllegalStateException e) {
                    failed = true; // the other rows can still be measured
                    err.println(name + " has failed: " + e);
                    err.flush();
                }
            }
            return failed ? ExitCode.SOFTWARE : ExitCode.OK;
        }
    }

    private boolean gates() throws Exception {
        try {
            return PartGates.run(jmh == null ? "" : jmh, quick, record, System.out);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private SideBySide.Options options() {
        SideBySide.Options options = quick ? SideBySide.Options.QUICK : SideBySide.Options.ORDINARY;
        if (declineSeconds != null) {
            if (declineSeconds < 1 || declineSeconds > 86_400) {
                throw usage("'--decline' takes a number of seconds from 1 to 86400, not " + declineSeconds + ".");
            }
            options = options.withDeclineSeconds(declineSeconds);
        }
        if (rounds == null) {
            return options;
        }
        if (rounds < 1 || rounds > 1_000) {
            throw usage("'--rounds' takes a number from 1 to 1000, not " + rounds + ".");
        }
        return options.withRounds(rounds);
    }

    private List<String> selected(SideBySide run) {
        try {
            return run.select(names);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private ParameterException usage(String sentence) {
        if (spec == null) {
            throw new AssertionError("picocli sets the field before it calls");
        }
        return new ParameterException(spec.commandLine(), sentence);
    }
}
