package dev.berth.testkit;

/// What `com.code_intelligence.jazzer.Jazzer` calls with its inputs, one class for each kind of them. The names of the
/// classes are those of the directories of their corpora, below `src/test/resources/fuzz`.
final class FuzzTargets {
    private FuzzTargets() {}

    /// One stack against a script.
    public static final class Script {
        private Script() {}

        public static void fuzzerTestOneInput(byte[] octets) {
            ScriptProgram.run(octets);
        }
    }

    /// Two stacks, a wire and an attacker.
    public static final class Two {
        private Two() {}

        public static void fuzzerTestOneInput(byte[] octets) {
            PairProgram.run(octets);
        }
    }

    /// Any packets for a stack.
    public static final class Ip {
        private Ip() {}

        public static void fuzzerTestOneInput(byte[] octets) {
            IpProgram.run(octets);
        }
    }
}
