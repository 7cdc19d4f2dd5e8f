package dev.berth.cli;

import dev.berth.agent.run.ControlException;
import dev.berth.agent.run.JsonLine;
import dev.berth.agent.run.JsonText;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
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

/// `berth socks`: opens a proxy into the network of a program that runs, for programs that are not Java's; lists and
/// ends them.
@Command(
        name = "socks",
        description = {
            "Opens a SOCKS 5 and HTTP CONNECT proxy into what a running program or network reaches.",
            "It returns at once; the proxy lives as long as that program."
        },
        customSynopsis = {
            "berth socks [--listen WHERE] [OPTIONS] [HOST]",
            "       berth socks --end --listen WHERE [OPTIONS] [HOST]",
            "       berth socks --list [--json]"
        },
        footer = {
            "",
            "HOST is the name of a host; it may be left out where only one program runs.",
            "Names are looked up inside, for which curl has --socks5-hostname.",
            "The password of --user is read from BERTH_SOCKS_PASSWORD in the environment."
        })
final class SocksCommand implements Callable<Integer> {
    private static final String PASSWORD = "BERTH_SOCKS_PASSWORD";

    @CommandLine.Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private final PortOwners owners = new PortOwners();

    @Option(
            names = "--listen",
            paramLabel = "WHERE",
            defaultValue = "127.0.0.1:1080",
            description = "[ADDRESS:]PORT of this machine, or the path of a UNIX-domain socket (with a slash);"
                    + " default ${DEFAULT-VALUE}. Port 0 takes one that is free, which is printed.")
    private String listen = "";

    @Option(names = "--user", paramLabel = "NAME", description = "Clients have to give this name and the password.")
    private @Nullable String user;

    @Option(
            names = "--allow",
            paramLabel = "RULE",
            description = "Connections may go to ADDRESS[/LENGTH][:PORT[-PORT]].")
    private List<String> allowed = new ArrayList<>();

    @Option(names = "--deny", paramLabel = "RULE", description = "They may not go to such an end; --allow comes first.")
    private List<String> denied = new ArrayList<>();

    @Option(names = "--end", description = "Ends the proxy that listens there.")
    private boolean end;

    @Option(names = "--list", description = "Lists the proxies of all programs and networks of this user.")
    private boolean list;

    @Option(names = "--json", description = "Print one JSON object a line, with all counts.")
    private boolean json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean help;

    @Parameters(arity = "0..1", hidden = true)
    private @Nullable String host;

    SocksCommand() {}

    @Override
    public Integer call() throws IOException, ControlException {
        CommandLine command = NetworkCommand.spec(spec).commandLine();
        if (list && (end || host != null)) {
            throw new ParameterException(command, "--list stands alone");
        }
        PrintWriter out = command.getOut();
        if (list) {
            list(out);
        } else {
            ask(command, out);
        }
        out.flush();
        return ExitCode.OK;
    }

    private void ask(CommandLine command, PrintWriter out) throws IOException, ControlException {
        String where = listen.indexOf('/') < 0
                ? listen
                : Path.of(listen).toAbsolutePath().normalize().toString();
        JsonLine request =
                new JsonLine().add("request", end ? "unsocks" : "socks").add("listen", where);
        if (user != null) {
            String password = System.getenv(PASSWORD);
            if (password == null || password.isEmpty()) {
                throw new ParameterException(command, "--user needs a password in " + PASSWORD);
            }
            request.add("user", user).add("password", password);
        }
        if (!end) {
            List<String> rules = new ArrayList<>();
            allowed.forEach(rule -> rules.add("allow " + rule));
            denied.forEach(rule -> rules.add("deny " + rule));
            request.add("rules", rules);
        }
        try (RunningProgram program = owners.choose(host)) {
            Map<String, @Nullable Object> answer = program.client().ask(request.toString(), _ -> {});
            if (end) {
                out.println("No proxy is at " + where + " any more");
            } else if (json) {
                out.println(PortOwners.line(answer, program));
            } else {
                out.println(
                        answer.get("listen") + " leads to what " + program.name() + "/" + program.pid() + " reaches");
            }
        }
    }

    private void list(PrintWriter out) throws IOException, ControlException {
        Columns table = new Columns("LISTEN", "PROGRAM", "CONNECTIONS", "ASSOCIATIONS", "OPENED", "FAILED", "DENIED");
        for (RunningProgram each : owners.all()) {
            try (RunningProgram program = each) {
                List<Map<String, @Nullable Object>> proxies = new ArrayList<>();
                program.client().ask("{\"request\":\"proxies\"}", line -> proxies.add(JsonText.object(line)));
                for (Map<String, @Nullable Object> proxy : proxies) {
                    if (json) {
                        out.println(PortOwners.line(proxy, program));
                    } else {
                        table.add(
                                String.valueOf(proxy.get("listen")),
                                program.name() + "/" + program.pid(),
                                String.valueOf(proxy.get("connections")),
                                String.valueOf(proxy.get("associations")),
                                String.valueOf(proxy.get("opened")),
                                String.valueOf(proxy.get("failed")),
                                String.valueOf(proxy.get("denied")));
                    }
                }
            } catch (ControlException _) {
                // A gateway of a namespace has no proxies.
            }
        }
        if (!json) {
            table.print(out);
        }
    }
}
