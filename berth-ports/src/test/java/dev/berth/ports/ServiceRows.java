package dev.berth.ports;

import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.apache.commons.csv.CSVRecord;

/// The rows of IANA's CSV file, and what they mean.
final class ServiceRows {
    private static final String[] COLUMNS = {
        "Service Name", "Port Number", "Transport Protocol", "Description", "Service Code", "Assignment Notes"
    };

    /// What is understood of the notes; the rest of them, which names people, is left out.
    private static final Pattern NOTE = Pattern.compile("This entry is an alias to \"(?<alias>[^\"]+)\""
            + "|This is a duplicate of the \"(?<duplicate>[^\"]+)\" service"
            + "|(?<historic>This entry is now historic)"
            + "|(?<gone>This service name is no longer in use)"
            + "|(?i:De-Assigned on [0-9-]+(?:, previously (?<previously>[a-z0-9-]+))?)"
            + "|Historic usage was (?<usage>[a-z0-9-]+)"
            + "|Previously assigned to (?<released>[A-Za-z ]+) but released"
            + "|This (?:entry|port) (?:has been|is being) removed|\\(Removed |De-registered|assignment withdrawn");

    /// What stands behind the description of a name with an alias; the alias says it too.
    private static final Pattern REPLACEMENT =
            Pattern.compile("\\s*IANA assigned this well-formed service\\s+name as a replacement for \"[^\"]*\"\\.?");

    private static final Pattern TAKEN_BACK =
            Pattern.compile("De-registered|Removed|Deprecated|Decomissioned|De-Commissioned", Pattern.CASE_INSENSITIVE);

    private ServiceRows() {}

    /// A row without its people.
    record Row(String name, String port, String transport, String description, String serviceCode, String notes) {}

    /// An entry of the resource; rows that differ in nothing but the transport are one.
    record Entry(
            String name, int first, int last, String description, int flags, String aliasOf, Integer serviceCode) {}

    /// Reads IANA's file or what [#write] made of it.
    static List<Row> read(Reader csv) throws IOException {
        CSVFormat format = CSVFormat.RFC4180
                .builder()
                .setHeader()
                .setSkipHeaderRecord(true)
                .setIgnoreEmptyLines(true)
                .get();
        List<Row> rows = new ArrayList<>();
        for (CSVRecord row : format.parse(csv)) {
            rows.add(new Row(
                    row.get("Service Name").strip(),
                    row.get("Port Number").strip(),
                    row.get("Transport Protocol").strip(),
                    REPLACEMENT.matcher(row.get("Description")).replaceAll("").strip(),
                    row.get("Service Code").strip(),
                    understood(row.get("Assignment Notes"))));
        }
        return rows;
    }

    /// The notes that are understood, one a line.
    private static String understood(String notes) {
        List<String> kept = new ArrayList<>();
        Matcher matcher = NOTE.matcher(notes.replaceAll("\\s+", " "));
        while (matcher.find()) {
            kept.add(matcher.group());
        }
        return String.join("\n", kept);
    }

    /// The rows as CSV, without the columns on people.
    static String write(List<Row> rows) throws IOException {
        StringWriter out = new StringWriter();
        CSVFormat format = CSVFormat.RFC4180
                .builder()
                .setHeader(COLUMNS)
                .setRecordSeparator('\n')
                .get();
        try (CSVPrinter printer = new CSVPrinter(out, format)) {
            for (Row row : rows) {
                printer.printRecord(row.name, row.port, row.transport, row.description, row.serviceCode, row.notes);
            }
        }
        return out.toString();
    }

    /// The entries with their transports as a mask, in the order of the rows.
    static Map<Entry, Integer> entries(List<Row> rows) {
        Map<Entry, Integer> entries = new LinkedHashMap<>();
        for (Row row : rows) {
            if (!isUnassigned(row)) {
                entries.merge(entry(row), transports(row), (a, b) -> a | b);
            }
        }
        return entries;
    }

    private static boolean isUnassigned(Row row) {
        return row.name.isEmpty() && row.description.toLowerCase(Locale.ROOT).contains("unassigned");
    }

    private static boolean isReserved(Row row) {
        return row.name.isEmpty() && !row.description.startsWith("any private");
    }

    private static int transports(Row row) {
        if (!row.transport.isEmpty()) {
            return 1 << Transport.parse(row.transport).ordinal();
        }
        int both = 1 << Transport.TCP.ordinal() | 1 << Transport.UDP.ordinal();
        return row.port.isEmpty() ? 0 : isReserved(row) ? (1 << Transport.values().length) - 1 : both;
    }

    private static Entry entry(Row row) {
        PortRange range = row.port.isEmpty() ? null : PortRange.parse(row.port);
        if (range != null && range.last() > PortRange.USER.last()) {
            throw new IllegalArgumentException("IANA assigns no port above 49151, but the file has " + row);
        }
        int flags = range == null ? 0 : ServiceRegistry.HAS_PORT;
        String alias = "";
        String former = "";
        boolean gone = isReserved(row) && (TAKEN_BACK.matcher(row.description).lookingAt() || !row.notes.isEmpty());
        Matcher notes = NOTE.matcher(row.notes);
        while (notes.find()) {
            alias = first(alias, notes.group("alias"), notes.group("duplicate"));
            former = first(former, notes.group("previously"), notes.group("usage"), notes.group("released"));
            flags |= notes.group("historic") == null ? 0 : mark(ServiceMark.HISTORIC);
            gone |= notes.group("gone") != null;
        }
        flags |= alias.isEmpty() ? 0 : ServiceRegistry.HAS_ALIAS;
        flags |= isReserved(row) ? mark(ServiceMark.RESERVED) : 0;
        flags |= gone ? mark(ServiceMark.DEREGISTERED) : 0;
        flags |= row.description.contains("(historic)") ? mark(ServiceMark.HISTORIC) : 0;
        flags |= row.description.startsWith("RFC3692-style Experiment") ? mark(ServiceMark.EXPERIMENTAL) : 0;
        String description = row.description.replaceAll("\\s+", " ");
        if (isReserved(row) && !former.isEmpty()) {
            description += ", formerly " + former;
        }
        Integer code = null;
        if (!row.serviceCode.isEmpty()) {
            code = Integer.parseUnsignedInt(row.serviceCode);
            flags |= ServiceRegistry.HAS_CODE;
        }
        return range == null
                ? new Entry(row.name, -1, -1, description, flags, alias, code)
                : new Entry(row.name, range.first(), range.last(), description, flags, alias, code);
    }

    private static int mark(ServiceMark mark) {
        return ServiceRegistry.FIRST_MARK << mark.ordinal();
    }

    private static String first(String soFar, String... others) {
        for (String other : others) {
            if (soFar.isEmpty() && other != null) {
                return other;
            }
        }
        return soFar;
    }
}
