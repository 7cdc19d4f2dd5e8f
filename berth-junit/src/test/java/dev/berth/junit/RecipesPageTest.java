package dev.berth.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The recipes on the page are those that are tested.
class RecipesPageTest {
    private static final Path ROOT = Path.of(System.getProperty("berth.root"));

    private static Map<String, String> found(Path file, String pattern) throws IOException {
        Map<String, String> found = new LinkedHashMap<>();
        Matcher matcher =
                Pattern.compile(pattern, Pattern.DOTALL | Pattern.MULTILINE).matcher(Files.readString(file));
        while (matcher.find()) {
            String block = matcher.group(2).stripTrailing().stripIndent();
            assertThat(found.put(matcher.group(1).toLowerCase(Locale.ROOT), block))
                    .isNull();
        }
        return found;
    }

    @Test
    void every_block_of_java_is_a_part_of_the_tests() throws IOException {
        Path page = ROOT.resolve("docs/TESTING_WITH_BERTH.md");
        Map<String, String> tested = found(
                ROOT.resolve("berth-junit/src/test/java/dev/berth/junit/RecipesTest.java"),
                "^ *// recipe: ([^\n]*)\n(.*?)^ *// end$");
        Map<String, String> shown = found(page, "^## ([^\n]*)\n(?:(?!^## ).)*?^```java\n(.*?)^```$");
        assertThat(shown).isEqualTo(tested);
        assertThat(shown).hasSize(8);
        assertThat(Files.readString(page).split("```java", -1)).hasSize(9);
    }

    @Test
    void every_link_leads_to_a_file() throws IOException {
        Matcher link = Pattern.compile("\\]\\(([^)#:]+)\\)")
                .matcher(Files.readString(ROOT.resolve("docs/TESTING_WITH_BERTH.md")));
        assertThat(link.find()).isTrue();
        do {
            assertThat(ROOT.resolve("docs").resolve(link.group(1))).exists();
        } while (link.find());
    }
}
