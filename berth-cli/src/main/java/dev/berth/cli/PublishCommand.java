package dev.berth.cli;

import dev.berth.agent.run.ControlException;
import dev.berth.agent.run.JsonLine;
import dev.berth.agent.run.Publication;
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

/// `berth publish`: publishes a port of a host that runs, or lists all that are published.
@Command(
        name = "publish",
        description = {
            "Lets a port of this machine lead to a port of a host that runs already.",
            "Without arguments, lists the published ports of all programs and networks of this user."
        },
        customSynopsis = {"berth publish [OPTIONS] [HOST] [ADDRESS:]HOSTPORT:PORT", "       berth publish [--json]"},
        footer = {
            "",
            "HOST is the name of a host, or guest behind 'berth gateway'; it may be left out where only one",
            "program runs.",
            "HOSTPORT 0 takes a port that is free, which is printed."
        })
final class PublishCommand implements Callable<Integer> {
    @CommandLine.Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private final PortOwners owners = new PortOwners();

    @Option(names = "--json", description = "Print one JSON object a line instead of a table.")
    private boolean json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean help;

    @Parameters(arity = "0..2", hidden = true)
    private List<String> words = new ArrayList<>();

    PublishCommand() {}

    @Override
    public Integer call() throws IOException, ControlException {
        PrintWriter out = NetworkCommand.spec(spec).commandLine().getOut();
        if (words.isEmpty()) {
            list(out);
        } else {
            publish(out);
        }
        out.flush();
        return ExitCode.OK;
    }

    private void publish(PrintWriter out) throws IOException, ControlException {
        String port = words.getLast();
        try {
            Publication.parse(port);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(NetworkCommand.spec(spec).commandLine(), String.valueOf(e.getMessage()));
        }
        String host = words.size() == 2 ? words.getFirst() : null;
        try (RunningProgram program = owners.choose(host)) {
            JsonLine request = new JsonLine().add("request", "publish").add("port", port);
            if (host != null) {
                request.add("host", host);
            }
            Map<String, @Nullable Object> answer = program.client().ask(request.toString(), _ -> {});
            out.println(
                    json
                            ? PortOwners.line(answer, program)
                            : answer.get("outside") + " leads to port " + answer.get("port") + " of host "
                                    + answer.get("host"));
        }
    }

    private void list(PrintWriter out) throws IOException, ControlException {
        Columns table = new Columns("OUTSIDE", "HOST", "PORT", "PROGRAM", "CONNECTIONS", "ACCEPTED");
        for (RunningProgram each : owners.all()) {
            try (RunningProgram program = each) {
                for (Map<String, @Nullable Object> port : PortOwners.published(program)) {
                    if (json) {
                        out.println(PortOwners.line(port, program));
                    } else {
                        table.add(
                                String.valueOf(port.get("outside")),
                                String.valueOf(port.get("host")),
                                String.valueOf(port.get("port")),
                                program.name() + "/" + program.pid(),
                                String.valueOf(port.get("connections")),
                                String.valueOf(port.get("accepted")));
                    }
                }
            }
        }
        if (!json) {
            table.print(out);
        }
    }
}
