package dev.berth.it.architecture;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// The modules of Berth and what each may use of the others, as the poms and the module descriptors have it.
final class Modules {
    /// Each module with all modules it may depend on, directly or not.
    static final Map<String, TreeSet<String>> ALLOWED = new TreeMap<>();

    /// The modules without threads, clock, randomness, logging, input and output.
    static final List<String> CORE = List.of("wire", "ports", "stack");

    static {
        module("check");
        module("wire");
        module("ports", "wire");
        module("stack", "ports");
        module("testkit", "check", "stack");
        module("host", "stack");
        module("names", "host");
        module("network", "names");
        module("sockets", "network");
        module("micrometer", "host");
        module("capture", "host");
        module("junit", "network", "sockets", "capture");
        module("tun", "host");
        module("ethernet", "network", "tun");
        module("gateway", "host", "network", "tun");
        module("agent", "sockets", "capture", "tun", "gateway");
        module("bench", "testkit", "sockets", "capture", "tun", "gateway", "agent");
        module("cli", "bench", "ethernet");
    }

    private Modules() {}

    private static void module(String name, String... uses) {
        TreeSet<String> allowed = new TreeSet<>();
        for (String used : uses) {
            allowed.add(used);
            allowed.addAll(ALLOWED.get(used));
        }
        ALLOWED.put(name, allowed);
    }

    /// The module that a package of Berth belongs to: `dev.berth.stack.tcp` is of `stack`.
    static String of(String packageName) {
        String rest = packageName.substring("dev.berth.".length());
        int dot = rest.indexOf('.');
        return dot < 0 ? rest : rest.substring(0, dot);
    }
}
