package dev.berth.agent.run;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One JSON object on one line, written member by member: what the commands print with `--json`. Not safe for several
/// threads.
public final class JsonLine {
    private final StringBuilder text = new StringBuilder("{");

    /// An object without members.
    public JsonLine() {}

    /// Adds a string, or `null`.
    public JsonLine add(String name, @Nullable String value) {
        return addRaw(name, value == null ? "null" : quoted(value));
    }

    /// Adds a whole number.
    public JsonLine add(String name, long value) {
        return addRaw(name, Long.toString(value));
    }

    /// Adds `true` or `false`.
    public JsonLine add(String name, boolean value) {
        return addRaw(name, Boolean.toString(value));
    }

    /// Adds an array of strings.
    public JsonLine add(String name, Collection<String> values) {
        return addRaw(
                name,
                "[" + String.join(",", values.stream().map(JsonLine::quoted).toList()) + "]");
    }

    /// An object with these members: strings, numbers, truths, nulls and lists of strings, as [JsonText] reads them.
    public static JsonLine of(Map<String, ? extends @Nullable Object> members) {
        JsonLine line = new JsonLine();
        members.forEach((name, value) -> {
            switch (value) {
                case null -> line.addNull(name);
                case Long number -> line.add(name, number);
                case Boolean truth -> line.add(name, truth);
                case List<?> list ->
                    line.add(name, list.stream().map(String::valueOf).toList());
                default -> line.add(name, String.valueOf(value));
            }
        });
        return line;
    }

    /// Adds `null`.
    public JsonLine addNull(String name) {
        return addRaw(name, "null");
    }

    /// Adds a value that is JSON already.
    public JsonLine addRaw(String name, String json) {
        if (text.length() > 1) {
            text.append(',');
        }
        text.append(quoted(name)).append(':').append(json);
        return this;
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }

    /// The object with its members so far.
    @Override
    public String toString() {
        return text + "}";
    }
}
