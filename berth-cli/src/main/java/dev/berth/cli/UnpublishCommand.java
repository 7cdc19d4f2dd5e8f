package dev.berth.cli;

import dev.berth.agent.run.ControlException;
import dev.berth.agent.run.JsonLine;
import dev.berth.agent.run.Publication;
import dev.berth.ports.Transport;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// `berth unpublish`: ends a published port, and the connections through it.
@Command(
        name = "unpublish",
        description = "Ends a published port and the connections through it.",
        customSynopsis = "berth unpublish [OPTIONS] [ADDRESS:]HOSTPORT[/udp]",
        footer = {
            "",
            "Without ADDRESS it is 127.0.0.1, or all addresses. HOSTPORT may be a range, 8000-8010.",
            "'berth publish' lists what is published."
        })
final class UnpublishCommand implements Callable<Integer> {
    @CommandLine.Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private final PortOwners owners = new PortOwners();

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean help;

    @Parameters(arity = "1", paramLabel = "[ADDRESS:]HOSTPORT[/udp]", description = "The end of this machine.")
    private String port = "";

    UnpublishCommand() {}

    @Override
    public Integer call() throws IOException, ControlException {
        PrintWriter out = NetworkCommand.spec(spec).commandLine().getOut();
        List<Publication.End> ends;
        try {
            ends = Publication.ends(port);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(NetworkCommand.spec(spec).commandLine(), String.valueOf(e.getMessage()));
        }
        List<String> others = new ArrayList<>();
        Set<Publication.End> missing = new LinkedHashSet<>(ends);
        for (RunningProgram each : owners.all()) {
            try (RunningProgram program = each) {
                unpublish(program, missing, others, out);
            }
        }
        out.flush();
        if (!missing.isEmpty()) {
            Publication.End end = missing.iterator().next();
            throw new IOException((end.transport() == Transport.UDP ? "UDP port " : "Port ")
                    + end.machine().port() + " of " + end.machine().address() + " is not published"
                    + (others.isEmpty() ? "" : "; published is " + String.join(", ", others)));
        }
        return ExitCode.OK;
    }

    /// Takes those out of `missing` that this program publishes.
    private static void unpublish(
            RunningProgram program, Set<Publication.End> missing, List<String> others, PrintWriter out)
            throws IOException, ControlException {
        List<Map<String, @Nullable Object>> published = PortOwners.published(program);
        for (Map<String, @Nullable Object> each : published) {
            String outside = PortOwners.outside(each);
            if (missing.removeIf(Publication.end(outside)::meets)) {
                Map<String, @Nullable Object> answer = program.client()
                        .ask(
                                new JsonLine()
                                        .add("request", "unpublish")
                                        .add("port", outside)
                                        .toString(),
                                _ -> {});
                out.println(PortOwners.outside(answer) + " leads to port " + answer.get("port") + " of host "
                        + answer.get("host") + " no more");
            } else {
                others.add(outside);
            }
        }
    }
}
