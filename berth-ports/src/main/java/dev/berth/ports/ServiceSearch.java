package dev.berth.ports;

import java.util.Locale;

/// How well strings of the registry match the words of a search. Smaller is better.
final class ServiceSearch {
    /// No match.
    static final int NONE = 1000;

    private final String[] words;

    ServiceSearch(String text) {
        words = text.strip().toLowerCase(Locale.ROOT).split("\\s+");
    }

    /// The number of words to look for, at least 1.
    int words() {
        return words.length;
    }

    /// The rank of one word in every name (a name is one word) or description of a pool.
    int[] ranks(StringPool pool, int word, boolean names) {
        int[] ranks = new int[pool.count()];
        StringPool.Cursor cursor = pool.new Cursor(0);
        for (int i = 0; i < ranks.length; i++) {
            String text = cursor.string().toLowerCase(Locale.ROOT);
            ranks[i] = names ? nameRank(text, words[word]) : descriptionRank(text, words[word]);
            cursor.next();
        }
        return ranks;
    }

    private static int nameRank(String name, String word) {
        int at = name.indexOf(word);
        if (at < 0 || name.isEmpty()) {
            return NONE;
        }
        return name.length() == word.length() ? 0 : at == 0 ? 1 : startsWordAt(name, at) ? 3 : 5;
    }

    private static int descriptionRank(String description, String word) {
        int best = NONE;
        for (int at = description.indexOf(word); at >= 0 && best > 2; at = description.indexOf(word, at + 1)) {
            int end = at + word.length();
            boolean starts = startsWordAt(description, at);
            boolean ends = end == description.length() || !Character.isLetterOrDigit(description.charAt(end));
            best = Math.min(best, starts && ends ? 2 : starts ? 4 : 6);
        }
        return best;
    }

    private static boolean startsWordAt(String text, int at) {
        return at == 0 || !Character.isLetterOrDigit(text.charAt(at - 1));
    }
}
