package dev.berth.agent.run;

import dev.berth.ports.PortRange;
import dev.berth.ports.Transport;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One request to a control socket: a JSON object on one line, whose member `request` names the kind. Members that its
/// handler did not ask for are refused, so that nothing is silently ignored.
public final class ControlRequest {
    private final Map<String, @Nullable Object> members;

    private ControlRequest(Map<String, @Nullable Object> members) {
        this.members = members;
    }

    /// @throws ControlException if the line is no JSON object
    static ControlRequest parse(String line) throws ControlException {
        try {
            return new ControlRequest(new LinkedHashMap<>(JsonText.object(line)));
        } catch (IllegalArgumentException e) {
            throw new ControlException("The request is not understood: " + e.getMessage());
        }
    }

    private <T> @Nullable T take(String name, Class<T> type, String what) throws ControlException {
        Object value = members.remove(name);
        if (value != null && !type.isInstance(value)) {
            throw new ControlException("The member '" + name + "' is not " + what);
        }
        return type.cast(value);
    }

    /// Takes a string; null if there is none.
    @Nullable
    String text(String name) throws ControlException {
        return take(name, String.class, "a string");
    }

    /// Takes a string that must be there.
    String required(String name) throws ControlException {
        String text = text(name);
        if (text == null) {
            throw new ControlException("The member '" + name + "' is missing");
        }
        return text;
    }

    /// Takes a truth; `otherwise` if there is none.
    boolean flag(String name, boolean otherwise) throws ControlException {
        Boolean flag = take(name, Boolean.class, "true or false");
        return flag == null ? otherwise : flag;
    }

    /// Takes a whole number; `otherwise` if there is none.
    long number(String name, long otherwise) throws ControlException {
        Long number = take(name, Long.class, "a whole number");
        return number == null ? otherwise : number;
    }

    /// Takes an array of strings; empty if there is none.
    List<String> texts(String name) throws ControlException {
        List<?> elements = take(name, List.class, "an array");
        List<String> texts = new ArrayList<>();
        for (Object element : elements == null ? List.of() : elements) {
            if (!(element instanceof String text)) {
                throw new ControlException("The member '" + name + "' is not an array of strings");
            }
            texts.add(text);
        }
        return texts;
    }

    /// Takes a cursor, a number in a string: JSON's own numbers are not exact enough elsewhere.
    long cursor(String name) throws ControlException {
        String text = text(name);
        if (text == null) {
            return 0;
        }
        if (!text.matches("[0-9]{1,19}")) {
            throw new ControlException("'" + text + "' is not a cursor");
        }
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new ControlException("'" + text + "' is not a cursor");
        }
    }

    /// Takes a transport that must be there.
    Transport transport(String name) throws ControlException {
        try {
            return Transport.parse(required(name));
        } catch (IllegalArgumentException e) {
            throw new ControlException(String.valueOf(e.getMessage()));
        }
    }

    /// Takes ports such as `80` or `80-90`; all if there are none.
    PortRange ports(String name) throws ControlException {
        String text = text(name);
        try {
            return text == null ? new PortRange(0, PortRange.MAX_PORT) : PortRange.parse(text);
        } catch (IllegalArgumentException e) {
            throw new ControlException(String.valueOf(e.getMessage()));
        }
    }

    /// Takes addresses such as `10.0.0.0/8`; null if there are none.
    IpAddress.@Nullable Prefix prefix(String name) throws ControlException {
        String text = text(name);
        try {
            return text == null ? null : IpAddress.Prefix.parse(text);
        } catch (IllegalArgumentException e) {
            throw new ControlException(String.valueOf(e.getMessage()));
        }
    }

    /// @throws ControlException if there are members that nobody took
    void requireNothingElse() throws ControlException {
        if (!members.isEmpty()) {
            throw new ControlException(
                    "The member '" + members.keySet().iterator().next() + "' is not known here");
        }
    }
}
