package dev.berth.gateway.shared;

import dev.berth.wire.IpAddress;
import java.net.ProtocolException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the ends of a link say to each other beside packets: lines `key=value`, of which the first says what it is.
/// Keys may be there more than once. Not safe for several threads.
final class Message {
    /// The first line of what a member says first; its value is the version.
    static final String HELLO = "berth-network";

    static final String VERSION = "1";
    static final String WELCOME = "welcome";
    static final String REFUSED = "refused";
    static final String QUERY = "query";
    static final String ANSWER = "answer";

    private static final int MOST_LINES = 64;

    private final String kind;
    private final Map<String, List<String>> lines = new LinkedHashMap<>();

    Message(String kind, String value) {
        this.kind = kind;
        add(kind, value);
    }

    /// @throws ProtocolException if the text is something else
    static Message parse(String text) throws ProtocolException {
        Message message = null;
        String[] parts = text.split("\n", MOST_LINES + 1);
        for (String line : parts) {
            int equals = line.indexOf('=');
            if (equals < 1 || parts.length > MOST_LINES) {
                throw new ProtocolException("message that is not understood");
            }
            String key = line.substring(0, equals);
            String value = line.substring(equals + 1);
            if (message == null) {
                message = new Message(key, value);
            } else {
                message.add(key, value);
            }
        }
        if (message == null) {
            throw new ProtocolException("empty message");
        }
        return message;
    }

    String kind() {
        return kind;
    }

    /// Adds a line; what cannot stand in one becomes a space.
    Message add(String key, String value) {
        lines.computeIfAbsent(key, _ -> new ArrayList<>()).add(value.replaceAll("\\p{Cntrl}", " "));
        return this;
    }

    /// The first value of a key, or null.
    @Nullable
    String find(String key) {
        List<String> values = lines.get(key);
        return values == null ? null : values.getFirst();
    }

    /// The first value of a key.
    String get(String key) throws ProtocolException {
        String value = find(key);
        if (value == null) {
            throw new ProtocolException("message without " + key);
        }
        return value;
    }

    /// A number from 0 to `most`.
    int number(String key, int most) throws ProtocolException {
        String value = get(key);
        if (!value.matches("[0-9]{1,9}") || Integer.parseInt(value) > most) {
            throw new ProtocolException("message with the " + key + " '" + value + "'");
        }
        return Integer.parseInt(value);
    }

    /// Addresses with the lengths of their prefixes.
    List<IpAddress.Prefix> prefixes(String key) throws ProtocolException {
        List<IpAddress.Prefix> prefixes = new ArrayList<>();
        for (String each : lines.getOrDefault(key, List.of())) {
            try {
                prefixes.add(IpAddress.Prefix.parse(each));
            } catch (IllegalArgumentException e) {
                throw new ProtocolException("message with the " + key + " '" + each + "'");
            }
        }
        return prefixes;
    }

    /// Addresses.
    List<IpAddress> addresses(String key) throws ProtocolException {
        List<IpAddress> addresses = new ArrayList<>();
        for (String each : lines.getOrDefault(key, List.of())) {
            try {
                addresses.add(IpAddress.parse(each));
            } catch (IllegalArgumentException e) {
                throw new ProtocolException("message with the " + key + " '" + each + "'");
            }
        }
        return addresses;
    }

    @Override
    public String toString() {
        return toString(Integer.MAX_VALUE);
    }

    /// As many of the lines as have room.
    ///
    /// @param most octets of the text in UTF-8
    String toString(int most) {
        StringBuilder text = new StringBuilder();
        int left = most;
        for (Map.Entry<String, List<String>> each : lines.entrySet()) {
            for (String value : each.getValue()) {
                String line = (text.isEmpty() ? "" : "\n") + each.getKey() + "=" + value;
                left -= line.getBytes(StandardCharsets.UTF_8).length;
                if (left < 0) {
                    return text.toString();
                }
                text.append(line);
            }
        }
        return text.toString();
    }
}
