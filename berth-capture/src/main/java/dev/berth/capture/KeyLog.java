package dev.berth.capture;

/// Lines of a key log: a label, 32 octets of client random and a secret, the latter two in hexadecimal digits (RFC 9850
/// section 2).
final class KeyLog {
    private static final int CLIENT_RANDOM_DIGITS = 64;

    private KeyLog() {}

    /// The same lines with line feeds behind them.
    ///
    /// @throws IllegalArgumentException if a line has another form; its text is not in the message
    static String checked(String keyLog) {
        StringBuilder lines = new StringBuilder(keyLog.length() + 1);
        int number = 0;
        for (String line : keyLog.lines().toList()) {
            number++;
            String stripped = line.strip();
            if (stripped.isEmpty()) {
                continue;
            }
            if (!stripped.startsWith("#") && !isSecret(stripped)) {
                throw new IllegalArgumentException("Line " + number
                        + " of the key log is not a label, 64 hexadecimal digits of client random and a secret");
            }
            if (!stripped.chars().allMatch(c -> c >= ' ' && c < 0x7f)) {
                throw new IllegalArgumentException("Line " + number + " of the key log is not ASCII");
            }
            lines.append(stripped).append('\n');
        }
        return lines.toString();
    }

    private static boolean isSecret(String line) {
        int first = line.indexOf(' ');
        int second = line.indexOf(' ', first + 1);
        if (first < 1 || second < 0 || line.indexOf(' ', second + 1) >= 0) {
            return false;
        }
        return line.chars().limit(first).allMatch(c -> c == '_' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9')
                && second - first - 1 == CLIENT_RANDOM_DIGITS
                && line.length() > second + 1
                && isHexadecimal(line, first + 1, second)
                && isHexadecimal(line, second + 1, line.length());
    }

    private static boolean isHexadecimal(String line, int from, int to) {
        for (int i = from; i < to; i++) {
            if (Character.digit(line.charAt(i), 16) < 0) {
                return false;
            }
        }
        return (to - from) % 2 == 0;
    }
}
