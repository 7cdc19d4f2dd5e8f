package dev.berth.agent.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class JsonTextTest {
    @Test
    void every_kind_of_value_is_read() {
        Map<String, Object> read = JsonText.object(
                " {\"s\":\"a\\\"\\\\\\/\\n\\u00e9\", \"n\" : -12, \"d\":1.5e2,\"t\":true,\"f\":false,\"x\":null,"
                        + "\"l\":[1,[],{}],\"o\":{\"p\":{}}} ");
        assertThat(read)
                .containsEntry("s", "a\"\\/\né")
                .containsEntry("n", -12L)
                .containsEntry("d", 150.0)
                .containsEntry("t", true)
                .containsEntry("f", false)
                .containsEntry("x", null)
                .containsEntry("l", List.of(1L, List.of(), Map.of()))
                .containsEntry("o", Map.of("p", Map.of()));
        assertThat(JsonText.object("{}")).isEmpty();
    }

    @Test
    void what_is_written_is_read_again() {
        String strange = "\"quoted\" \\ \t \u0001 ünï\n";
        String line = new JsonLine()
                .add("a", strange)
                .add("b", 1L << 62)
                .add("c", List.of("x", "y"))
                .toString();
        assertThat(line.lines()).hasSize(1);
        assertThat(JsonText.object(line))
                .containsEntry("a", strange)
                .containsEntry("b", 1L << 62)
                .containsEntry("c", List.of("x", "y"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "[]",
                "1",
                "{",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\":1,}",
                "{\"a\":01}",
                "{\"a\":+1}",
                "{\"a\":1.}",
                "{\"a\":NaN}",
                "{\"a\":\"\\x\"}",
                "{\"a\":\"\\u00g0\"}",
                "{\"a\":\"",
                "{\"a\":\"\t\"}",
                "{\"a\":tru}",
                "{\"a\":1}x",
                "{\"a\":1,\"a\":2}",
                "{'a':1}",
                "{\"a\":99999999999999999999}",
                "{\"a\":[[[[[[[[[[1]]]]]]]]]]}"
            })
    void what_is_not_json_or_too_deep_is_refused(String text) {
        assertThatThrownBy(() -> JsonText.object(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
