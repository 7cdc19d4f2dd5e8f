package dev.berth.cli;

import dev.berth.ports.PortError;
import java.io.PrintWriter;
import java.util.ArrayList;
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

    private static Map<?, ?> counts(Map<String, @Nullable Object> summary, String name) {
        return summary.get(name) instanceof Map<?, ?> map ? map : Map.of();
    }
}
