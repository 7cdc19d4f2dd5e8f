package dev.berth.cli;

import dev.berth.agent.run.ControlException;
import dev.berth.agent.run.JsonLine;
import dev.berth.agent.run.Publication;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
        customSynopsis = "berth unpublish [OPTIONS] [ADDRESS:]HOSTPORT",
        footer = {"", "Without ADDRESS it is 127.0.0.1, or all addresses. 'berth publish' lists what is published."})
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

    @Parameters(arity = "1", paramLabel = "[ADDRESS:]HOSTPORT", description = "The end of this machine.")
    private String port = "";

    UnpublishCommand() {}

    @Override
    public Integer call() throws IOException, ControlException {
        PrintWriter out = NetworkCommand.spec(spec).commandLine().getOut();
        Endpoint end;
        try {
            end = Publication.machine(port);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(NetworkCommand.spec(spec).commandLine(), String.valueOf(e.getMessage()));
        }
        List<String> others = new ArrayList<>();
        boolean ended = false;
        for (RunningProgram each : owners.all()) {
            try (RunningProgram program = each) {
                ended = ended || unpublish(program, others, out);
            }
        }
        out.flush();
        if (!ended) {
            throw new IOException("Port " + end.port() + " of " + end.address() + " is not published"
                    + (others.isEmpty() ? "" : "; published is " + String.join(", ", others)));
        }
        return ExitCode.OK;
    }

    /// @return false if this program does not publish the port
    private boolean unpublish(RunningProgram program, List<String> others, PrintWriter out)
            throws IOException, ControlException {
        List<Map<String, @Nullable Object>> published = PortOwners.published(program);
        published.forEach(each -> others.add(String.valueOf(each.get("outside"))));
        Endpoint end = Publication.machine(port);
        for (Map<String, @Nullable Object> each : published) {
            Endpoint there = Publication.machine(String.valueOf(each.get("outside")));
            if (there.port() == end.port()
                    && (there.address().equals(end.address())
                            || there.address().isUnspecified()
                            || end.address().isUnspecified())) {
                Map<String, @Nullable Object> answer = program.client()
                        .ask(
                                new JsonLine()
                                        .add("request", "unpublish")
                                        .add("port", port)
                                        .toString(),
                                _ -> {});
                out.println(answer.get("outside") + " leads to port " + answer.get("port") + " of host "
                        + answer.get("host") + " no more");
                return true;
            }
        }
        return false;
    }
}
