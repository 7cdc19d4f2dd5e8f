package dev.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/// The help of all commands, as a terminal of 80 columns shows it.
class HelpTextTest {
    private static final int COLUMNS = 80;

    static Stream<String> commands() {
        List<String> names = new ArrayList<>();
        collect(Berth.commandLine(), names);
        return names.stream();
    }

    private static void collect(CommandLine command, List<String> names) {
        names.add(command.getCommandSpec().qualifiedName());
        command.getSubcommands().values().forEach(each -> collect(each, names));
    }

    private static String help(String qualifiedName) {
        CommandLine command = Berth.commandLine();
        for (String word : qualifiedName.split(" ")) {
            command = command.getSubcommands().getOrDefault(word, command);
        }
        return command.getUsageMessage(CommandLine.Help.Ansi.OFF);
    }

    @ParameterizedTest
    @MethodSource("commands")
    void every_help_fits_the_terminal(String command) {
        String help = help(command);
        assertThat(help).startsWith("Usage: ").doesNotContain("%n", "%%", "${");
        assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(COLUMNS));
    }

    @Test
    void words_with_dots_and_colons_stay_whole() {
        assertThat(help("berth gateway")).contains("resolv.conf", "fd00::100/64", "[:PORT[-PORT]]");
        assertThat(help("berth run")).contains("random-increments[:LARGEST]", "fd00::1/64");
        assertThat(help("berth agent")).contains("fd00::1/64", "random-increments[:LARGEST]");
    }

    @Test
    void descriptions_flow_whatever_lines_the_source_has() {
        assertThat(help("berth gateway").lines())
                .contains("Lets a network namespace or virtual machines reach what the machine reaches. In");
        assertThat(help("berth ports").lines())
                .contains("  berth ports --search ldap             names and descriptions with a word");
    }

    @Test
    void a_list_of_commands_has_one_sentence_for_each() {
        for (String parent : List.of("berth", "berth network")) {
            String help = help(parent);
            String list = help.substring(help.indexOf("Commands:"));
            CommandLine command = Berth.commandLine();
            command = command.getSubcommands().getOrDefault(parent.substring(parent.indexOf(' ') + 1), command);
            int listed = command.getSubcommands().size();
            assertThat(list.lines().filter(line -> line.startsWith("  ") && line.charAt(2) != ' '))
                    .hasSize(listed);
            String flat = list.replaceAll("\\s+", " ");
            assertThat(flat.chars().filter(c -> c == '.').count()).isEqualTo(listed);
            assertThat(flat.strip()).endsWith(".");
        }
    }
}
