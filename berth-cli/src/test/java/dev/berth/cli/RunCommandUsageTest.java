package dev.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.agent.run.HostOption;
import dev.berth.agent.run.HostPlan;
import dev.berth.gateway.OutsideRule;
import dev.berth.ports.EphemeralSelection;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/// Command lines that make no sense; nothing is started for them.
class RunCommandUsageTest {
    private static final List<HostOption> ALL = List.of(HostOption.values());

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String arguments) {
        String[] words = Stream.concat(
                        Stream.of("run"), Stream.of(arguments.split(" ")).filter(w -> !w.isEmpty()))
                .toArray(String[]::new);
        return Berth.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(words);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "\"\" | The program is missing: name a jar",
                "-cp classes | The main class is missing",
                "-jar -cp classes Main | Either -jar or -cp, not both",
                "--no-such-option app.jar | Unknown option: '--no-such-option'",
                "--address app.jar | 'app.jar' is not an IP address",
                "--address 10.0.0.1 --address 10.0.0.1/8 app.jar | Address 10.0.0.1 is given twice",
                "--address 127.0.0.1 app.jar | '127.0.0.1' cannot be the address of a host",
                "--publish 80 app.jar | '80' is not [ADDRESS:]HOSTPORT:PORT",
                "--publish 8080:80 --publish 8080:81 app.jar | Port 127.0.0.1:8080 is published twice",
                "--publish 8080:80 --publish 0.0.0.0:8080:81 app.jar | Port 0.0.0.0:8080 is published twice",
                "--publish 224.0.0.1:8080:80 app.jar | '224.0.0.1' is not an address where one can listen",
                "--name localhost app.jar | 'localhost' is not a name for a host",
                "--publish 8080:70000 app.jar | ports end at 65535",
                "--publish | Missing required parameter for option '--publish'",
                "--port-policy solaris app.jar | 'solaris' is not a policy of ports; there are dynamic, linux, freebsd",
                "--ephemeral 5-3 app.jar | A range of ports goes from low to high, not from 5 to 3",
                "--ephemeral 1-65536 app.jar | A port is 0 to 65535, not 65536",
                "--ephemeral 0-100 app.jar | Port 0 is reserved and cannot be ephemeral: 0-100",
                "--ephemeral many app.jar | 'many' is no port or range of ports such as 80 or 49152-65535",
                "--reserved 49152-60000,60001-65535 app.jar | leave no ephemeral port of 49152-65535",
                "--selection dice app.jar | 'dice' is not a way to choose ports; there are uniform, simple-random",
                "--selection uniform:3 app.jar | UNIFORM has no parameter (0), not 3",
                "--selection random-tries:9999 app.jar | is the tries, 1 to 1024, not 9999",
                "--selection random-tries:x app.jar | 'x' is not a number for random-tries",
                "--shards 0 app.jar | A host has 1 to 64 shards, not '0'",
                "--shards many app.jar | A host has 1 to 64 shards, not 'many'",
                "--unprivileged-from 1024-1025 app.jar | One port is meant, not the range 1024-1025",
                "--name -web- app.jar | '-web-' is not a name for a host"
            })
    void mistakesAreOneSentence(String arguments, String sentence) {
        assertThat(run(arguments)).isEqualTo(2);
        assertThat(err.toString()).startsWith("berth run: ").contains(sentence).endsWith("See 'berth run --help'.\n");
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(out.toString()).isEmpty();
    }

    private static PortPolicy policy(String... words) {
        CommandLine berth = Berth.commandLine();
        berth.parseArgs(Stream.concat(Stream.of("run"), Stream.of(words)).toArray(String[]::new));
        CommandLine run = berth.getSubcommands().get("run");
        return HostOptions.plan(run.getCommandSpec(), ALL).ports();
    }

    @Test
    void rulesOfBothKindsKeepTheirOrder() {
        CommandLine berth = Berth.commandLine();
        berth.parseArgs(
                "run", "--allow", "10.0.0.1:80", "--deny=10.0.0.0/8", "--allow", "[::1]:1-9", "a.jar", "--deny");
        HostPlan plan = HostOptions.plan(berth.getSubcommands().get("run").getCommandSpec(), ALL);
        assertThat(plan.rules())
                .extracting(OutsideRule::toString)
                .containsExactly("allow 10.0.0.1/32:80", "deny 10.0.0.0/8", "allow [::1/128]:1-9");
        assertThat(plan.outside()).isTrue();
    }

    @Test
    void aHostIsDividedIfSomebodyAsksForThat() {
        CommandLine berth = Berth.commandLine();
        berth.parseArgs("run", "--shards", "4", "a.jar");
        assertThat(HostOptions.plan(berth.getSubcommands().get("run").getCommandSpec(), ALL)
                        .shards())
                .isEqualTo(4);
        assertThat(HostPlan.parse("shards=2").shards()).isEqualTo(2);
        assertThat(HostPlan.parse("").shards()).isZero();
    }

    @Test
    void theOptionsOfPortsMakeAPolicy() {
        assertThat(policy()).isEqualTo(PortPolicy.dynamic());
        assertThat(policy("--port-policy", "linux")).isEqualTo(PortPolicy.linux());
        assertThat(policy("--port-policy", "FreeBSD")).isEqualTo(PortPolicy.freebsd());
        assertThat(policy("--port-policy", "windows", "--ephemeral", "50000-50099"))
                .isEqualTo(PortPolicy.windows().withEphemeral(new PortRange(50_000, 50_099)));
        assertThat(policy("--reserved", "50000,51000-51999", "--reserved", "52000", "--unprivileged-from", "1024"))
                .isEqualTo(PortPolicy.dynamic()
                        .withReserved(
                                new PortRange(50_000, 50_000),
                                new PortRange(51_000, 51_999),
                                new PortRange(52_000, 52_000))
                        .withFirstUnprivileged(1024));
        assertThat(policy("--selection", "double-hash:16").selection())
                .isEqualTo(EphemeralSelection.DOUBLE_HASH.with(16));
    }

    @Test
    void withoutTheAgentItSaysWhatToDo() {
        assertThat(run("app.jar --publish is-for-the-program")).isEqualTo(1);
        assertThat(err.toString()).startsWith("berth run: The agent is missing").contains("./berth");
    }

    @Test
    void helpShowsEveryOption() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString())
                .contains("berth run [OPTIONS] app.jar", "--publish", "--address", "--tun")
                .contains("--capture", "--ports", "-D", "--port-policy", "--ephemeral", "--reserved", "--selection");
    }
}
