package dev.berth.it.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What the README shows works: its Java example is compiled and run, its commands and links exist.
class ReadmeTest {
    private static final Path ROOT = Path.of(System.getProperty("berth.root"));

    @TempDir
    Path directory;

    private static String readme() throws IOException {
        return Example.page("README.md");
    }

    @Test
    @Timeout(60)
    void the_example_compiles_and_says_what_it_promises() throws Exception {
        assertThat(Example.run(directory, Example.blocks(readme()).getFirst()))
                .containsPattern("10\\.0\\.0\\.2:\\d{5} asks 10\\.0\\.0\\.1:80");
    }

    @Test
    void every_link_leads_to_a_file() throws IOException {
        Matcher link = Pattern.compile("\\]\\(([^)#:]+)\\)").matcher(readme());
        int links = 0;
        while (link.find()) {
            assertThat(ROOT.resolve(link.group(1))).exists();
            links++;
        }
        assertThat(links).isGreaterThan(5);
    }

    @Test
    void both_commands_are_there_and_can_be_executed() throws IOException {
        for (String command : List.of("berth", "run-tests")) {
            assertThat(readme()).contains("./" + command + " ");
            assertThat(Files.isExecutable(ROOT.resolve(command))).isTrue();
        }
    }
}
