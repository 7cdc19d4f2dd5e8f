package dev.berth.cli;

import dev.berth.agent.run.ControlException;
import dev.berth.agent.run.JsonLine;
import dev.berth.agent.run.JsonText;
import dev.berth.ports.PortError;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The counts of a host for people.
final class SsSummary {
    private SsSummary() {}

    /// Prints what a control socket says of one transport of a host.
    static void print(Map<String, @Nullable Object> summary, PrintWriter out) {
        List<String> states = new ArrayList<>();
        counts(summary, "states").forEach((state, count) -> states.add(count + " " + state));
        out.println("  " + String.valueOf(summary.get("transport")).toUpperCase(Locale.ROOT) + ": "
                + summary.get("flows") + " flows" + (states.isEmpty() ? "" : " (" + String.join(", ", states) + ")")
                + ", " + summary.get("bindings") + " bound, ephemeral ports " + summary.get("ephemeral"));
        String most =
                "    at most " + summary.get("mostFlows") + " flows, " + summary.get("mostTimeWait") + " in TIME-WAIT";
        if (summary.get("mostTowardsRemote") != null) {
            most += ", " + summary.get("mostTowards") + " ports of " + summary.get("mostTowardsLocal") + " towards "
                    + summary.get("mostTowardsRemote") + " port " + summary.get("mostTowardsRemotePort");
        }
        out.println(most);
        List<String> refusals = new ArrayList<>();
        for (PortError error : PortError.values()) {
            Object count = counts(summary, "refusals").get(error.name());
            if (count instanceof Long number && number > 0) {
                refusals.add(count + " " + error.name().toLowerCase(Locale.ROOT).replace('_', ' '));
            }
        }
        if (!refusals.isEmpty()) {
            out.println("    refused: " + String.join(", ", refusals));
        }
    }

    /// Prints what the gateway to the outside of a program has counted, if it has one: for people, what is not zero.
    static void outside(RunningProgram program, boolean json, PrintWriter out) throws IOException {
        Map<String, @Nullable Object> counted;
        try {
            counted = program.client().ask("{\"request\":\"outside\"}", _ -> {});
        } catch (ControlException _) {
            return; // it has none
        }
        counted.remove("ok");
        if (json) {
            Map<String, @Nullable Object> members = new LinkedHashMap<>();
            members.put("pid", program.pid());
            members.put("program", program.name());
            members.put("gateway", "outside");
            members.putAll(counted);
            out.println(JsonLine.of(members));
            return;
        }
        out.println("gateway of " + program.name() + "/" + program.pid() + " to the outside: " + told(counted));
    }

    /// Prints what a gateway has counted of each of its guests, if it has some.
    static void guests(RunningProgram program, boolean json, PrintWriter out) throws IOException {
        List<Map<String, @Nullable Object>> guests = new ArrayList<>();
        try {
            program.client().ask("{\"request\":\"guests\"}", line -> guests.add(JsonText.object(line)));
        } catch (ControlException _) {
            return; // it is no gateway
        }
        for (Map<String, @Nullable Object> guest : guests) {
            if (json) {
                Map<String, @Nullable Object> members = new LinkedHashMap<>();
                members.put("pid", program.pid());
                members.put("program", program.name());
                members.putAll(guest);
                out.println(JsonLine.of(members));
            } else {
                String addresses = guest.get("addresses") instanceof List<?> all && !all.isEmpty()
                        ? " at "
                                + String.join(
                                        " and ",
                                        all.stream().map(String::valueOf).toList())
                        : ", without an address";
                out.println("guest " + guest.get("guest") + addresses + ": " + told(guest));
            }
        }
    }

    /// What is not zero, in words.
    private static String told(Map<String, @Nullable Object> counted) {
        List<String> counts = new ArrayList<>();
        counted.forEach((name, count) -> {
            if (count instanceof Long number && number > 0) {
                counts.add(number + " " + name.replaceAll("(?=[A-Z])", " ").toLowerCase(Locale.ROOT));
            }
        });
        return counts.isEmpty() ? "nothing yet" : String.join(", ", counts);
    }

    private static Map<?, ?> counts(Map<String, @Nullable Object> summary, String name) {
        return summary.get(name) instanceof Map<?, ?> map ? map : Map.of();
    }
}
