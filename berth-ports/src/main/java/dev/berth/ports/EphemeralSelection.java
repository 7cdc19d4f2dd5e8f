package dev.berth.ports;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Collectors;

/// How a port is chosen among the free ones: [#UNIFORM] or one of the five algorithms of RFC 6056 section 3.3, each
/// a constant that [#with] can give another parameter. Immutable.
///
/// All find a port whenever one is free, and each takes a bounded number of steps: where the RFC tries one port
/// after the other ("the port in use, then the next"), the next free port is looked up in the bitmaps.
///
/// @param algorithm the algorithm
/// @param parameter its number, see the constants; 0 for those without
public record EphemeralSelection(Algorithm algorithm, int parameter) {
    /// The algorithms.
    public enum Algorithm {
        /// See [EphemeralSelection#UNIFORM].
        UNIFORM(0, 0, "no number"),
        /// See [EphemeralSelection#SIMPLE_RANDOMIZATION].
        SIMPLE_RANDOMIZATION(0, 0, "no number"),
        /// See [EphemeralSelection#RANDOM_TRIES].
        RANDOM_TRIES(1, 1024, "the tries"),
        /// See [EphemeralSelection#SIMPLE_HASH].
        SIMPLE_HASH(0, 0, "no number"),
        /// See [EphemeralSelection#DOUBLE_HASH].
        DOUBLE_HASH(1, 65_536, "the counters"),
        /// See [EphemeralSelection#RANDOM_INCREMENTS].
        RANDOM_INCREMENTS(1, 65_536, "the largest increment");

        private final int least;
        private final int most;
        private final String meaning;

        Algorithm(int least, int most, String meaning) {
            this.least = least;
            this.most = most;
            this.meaning = meaning;
        }

        private void require(int parameter) {
            if (parameter < least || parameter > most) {
                throw new IllegalArgumentException(
                        most == 0
                                ? this + " has no parameter (0), not " + parameter
                                : "The parameter of " + this + " is " + meaning + ", " + least + " to " + most
                                        + ", not " + parameter);
            }
        }
    }

    /// Uniformly at random over the ports that are free towards the destination, from the host's [Entropy]: as
    /// unpredictable as the entropy, at every occupancy, and without state that could identify the device. This
    /// is algorithm 2 of RFC 6056 (section 3.3.2) without its retries: it always finds a port if there is one.
    public static final EphemeralSelection UNIFORM = new EphemeralSelection(Algorithm.UNIFORM, 0);

    /// Algorithm 1, RFC 6056 section 3.3.1: a random port, and if it is not free the next one that is. "This
    /// algorithm is biased towards the first available port after a sequence of unavailable port numbers."
    public static final EphemeralSelection SIMPLE_RANDOMIZATION =
            new EphemeralSelection(Algorithm.SIMPLE_RANDOMIZATION, 0);

    /// Algorithm 2, RFC 6056 section 3.3.2: random ports until one is free. "This algorithm might be unable (with a
    /// very small remaining probability) to select an ephemeral port"; here the tries are bounded, and after them
    /// the choice is made as [#UNIFORM] does. The parameter is the number of tries, 1 to 1024; default 16.
    public static final EphemeralSelection RANDOM_TRIES = new EphemeralSelection(Algorithm.RANDOM_TRIES, 16);

    /// Algorithm 3, RFC 6056 section 3.3.3: a secret offset of each destination, plus one counter of all. An
    /// observer of two connections can tell how many others the host made in between.
    public static final EphemeralSelection SIMPLE_HASH = new EphemeralSelection(Algorithm.SIMPLE_HASH, 0);

    /// Algorithm 4, RFC 6056 section 3.3.4: a secret offset of each destination, plus one of several counters. The
    /// parameter is the number of counters (TABLE_LENGTH), 1 to 65,536; default 1024. "[Allman] has found that a
    /// TABLE_LENGTH of 10 can result in an improvement over Algorithm 3"; small tables were used to recognise
    /// devices (CVE-2022-32296).
    public static final EphemeralSelection DOUBLE_HASH = new EphemeralSelection(Algorithm.DOUBLE_HASH, 1024);

    /// Algorithm 5, RFC 6056 section 3.3.5: the last port plus a random increment of 1 to N. "The value of "N"
    /// should be configurable": the parameter is N, 1 to 65,536; default 500 as in the RFC.
    public static final EphemeralSelection RANDOM_INCREMENTS = new EphemeralSelection(Algorithm.RANDOM_INCREMENTS, 500);

    /// All of them, with their default parameters, in the order of the RFC after the default.
    public static final List<EphemeralSelection> ALL =
            List.of(UNIFORM, SIMPLE_RANDOMIZATION, RANDOM_TRIES, SIMPLE_HASH, DOUBLE_HASH, RANDOM_INCREMENTS);

    /// @throws IllegalArgumentException if the algorithm has no such parameter
    public EphemeralSelection {
        Objects.requireNonNull(algorithm);
        algorithm.require(parameter);
    }

    /// Parses what [#toString] writes: `uniform`, `random-increments 500`; also with a colon, `random-increments:500`,
    /// or without the number, for the default. Case does not matter.
    ///
    /// @throws IllegalArgumentException if `text` is nothing of the kind, with a sentence that says what is allowed
    public static EphemeralSelection parse(String text) {
        String[] words = text.strip().toLowerCase(Locale.ROOT).split("[ :]+", 2);
        for (EphemeralSelection each : ALL) {
            if (each.name().equals(words[0])) {
                return words.length == 1 ? each : each.with(number(each, words[1]));
            }
        }
        throw new IllegalArgumentException("'" + text + "' is not a way to choose ports; there are "
                + ALL.stream().map(EphemeralSelection::name).collect(Collectors.joining(", ")));
    }

    private static int number(EphemeralSelection selection, String digits) {
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException _) {
            throw new IllegalArgumentException("'" + digits + "' is not a number for " + selection.name());
        }
    }

    private String name() {
        return algorithm.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// The same algorithm with another parameter.
    ///
    /// @throws IllegalArgumentException if the algorithm has no such parameter, with what is allowed
    public EphemeralSelection with(int otherParameter) {
        return new EphemeralSelection(algorithm, otherParameter);
    }

    /// `random-increments 500`, or `uniform` where there is no parameter.
    @Override
    public String toString() {
        return parameter == 0 ? name() : name() + " " + parameter;
    }
}
