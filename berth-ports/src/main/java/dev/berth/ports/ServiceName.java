package dev.berth.ports;

/// The rules for service names of RFC 6335 section 5.1, and their form in the DNS.
///
/// The [ServiceRegistry] still holds about a hundred older names that break them, such as `whois++`; they are marked
/// and can be looked up. No state; safe for all threads.
public final class ServiceName {
    /// The length of the longest name.
    public static final int MAX_LENGTH = 15;

    private ServiceName() {}

    /// Whether a name obeys the rules of RFC 6335 section 5.1.
    public static boolean isValid(String name) {
        return fault(name).isEmpty();
    }

    /// Checks that a name obeys the rules of RFC 6335 section 5.1.
    ///
    /// @return `name`
    /// @throws IllegalArgumentException if it does not, with a sentence that says which rule it breaks
    public static String requireValid(String name) {
        String fault = fault(name);
        if (!fault.isEmpty()) {
            throw new IllegalArgumentException(fault);
        }
        return name;
    }

    /// The rule that a name breaks, as a sentence; empty if it breaks none.
    private static String fault(String name) {
        String is = "A service name ";
        String not = ", not '" + name + "'";
        // RFC 6335 §5.1: Valid service names are hereby normatively defined as follows:
        //   MUST be at least 1 character and no more than 15 characters long
        if (name.isEmpty() || name.length() > MAX_LENGTH) {
            return is + "has 1 to 15 characters, not " + name.length() + (name.isEmpty() ? "" : ": '" + name + "'");
        }
        //   MUST contain only US-ASCII letters 'A' - 'Z' and 'a' - 'z', digits '0' - '9', and hyphens
        //   MUST contain at least one letter ('A' - 'Z' or 'a' - 'z')
        boolean letter = false;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (!isLetterOrDigit(c) && c != '-') {
                return is + "has letters (A to Z), digits and hyphens only" + not;
            }
            letter |= c > '9';
        }
        if (!letter) {
            return is + "has at least one letter" + not;
        }
        //   MUST NOT begin or end with a hyphen
        if (name.startsWith("-") || name.endsWith("-")) {
            return is + "does not begin or end with a hyphen" + not;
        }
        //   hyphens MUST NOT be adjacent to other hyphens
        return name.contains("--") ? is + "has no two hyphens in a row" + not : "";
    }

    static boolean isLetterOrDigit(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
    }

    /// The label of a service in the DNS, its name behind an underscore (RFC 6335 section 5.2): `_http`.
    ///
    /// @throws IllegalArgumentException if the name breaks the rules
    public static String label(String name) {
        return "_" + requireValid(name);
    }

    /// The labels of a service and its transport as SRV records have them (RFC 2782): `_http._tcp`.
    ///
    /// @throws IllegalArgumentException if the name breaks the rules
    public static String srvName(String name, Transport transport) {
        return label(name) + "._" + transport.label();
    }
}
