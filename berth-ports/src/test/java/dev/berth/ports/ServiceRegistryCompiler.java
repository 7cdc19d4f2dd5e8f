package dev.berth.ports;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;

/// Makes the resource of [ServiceRegistry] from the CSV file that IANA publishes
/// (`service-names-port-numbers.csv`). See `docs/PORT_TABLE.md` for the command.
final class ServiceRegistryCompiler {
    private ServiceRegistryCompiler() {}

    private record Key(String name, int first, int last, String description, boolean reserved) {}

    /// Arguments: the CSV file, the date of the snapshot (`2026-02-13`), the file to write.
    public static void main(String[] args) throws IOException {
        try (Reader csv = Files.newBufferedReader(Path.of(args[0]))) {
            Files.write(Path.of(args[2]), compile(csv, args[1]));
        }
    }

    static byte[] compile(Reader csv, String date) throws IOException {
        Map<Key, Integer> entries = read(csv);
        List<Key> keys = new ArrayList<>(entries.keySet());
        keys.sort(Comparator.comparingInt(k -> k.first < 0 ? PortRange.PORTS : k.first)); // stable: keeps IANA's order

        Comparator<String> lower = Comparator.comparing(s -> s.toLowerCase(Locale.ROOT));
        TreeSet<String> names = new TreeSet<>(lower.thenComparing(Comparator.naturalOrder()));
        TreeSet<String> descriptions = new TreeSet<>();
        for (Key key : keys) {
            names.add(key.name);
            descriptions.add(key.description);
        }
        List<String> strings = new ArrayList<>(names);
        strings.addAll(descriptions);

        ByteArrayOutputStream out = new ByteArrayOutputStream();
        i32(out, ServiceRegistry.MAGIC);
        i32(out, Integer.parseInt(date.replace("-", "")));
        varint(out, names.size());
        varint(out, descriptions.size());
        varint(out, keys.size());
        varint(out, (int) keys.stream().filter(k -> k.first >= 0).count());
        varint(
                out,
                strings.stream()
                        .mapToInt(s -> s.getBytes(StandardCharsets.UTF_8).length)
                        .sum());
        writeStrings(out, strings);
        Map<String, Integer> nameIndex = index(names, 0);
        Map<String, Integer> descriptionIndex = index(descriptions, names.size());
        int port = 0;
        for (Key key : keys) {
            boolean hasPort = key.first >= 0;
            boolean range = key.last > key.first;
            out.write(entries.get(key)
                    | (hasPort ? ServiceRegistry.HAS_PORT : 0)
                    | (range ? ServiceRegistry.IS_RANGE : 0)
                    | (key.reserved ? ServiceRegistry.IS_RESERVED : 0));
            if (hasPort) {
                varint(out, key.first - port);
                port = key.first;
            }
            if (range) {
                varint(out, key.last - key.first);
            }
            varint(out, nameIndex.get(key.name));
            varint(out, descriptionIndex.get(key.description));
        }
        return out.toByteArray();
    }

    /// The entries with their transports as a mask; rows that differ in nothing else are one.
    private static Map<Key, Integer> read(Reader csv) throws IOException {
        CSVFormat format = CSVFormat.RFC4180
                .builder()
                .setHeader()
                .setSkipHeaderRecord(true)
                .setIgnoreEmptyLines(true)
                .get();
        Map<Key, Integer> entries = new LinkedHashMap<>();
        for (CSVRecord row : format.parse(csv)) {
            String name = row.get("Service Name").strip();
            String port = row.get("Port Number").strip();
            String transport = row.get("Transport Protocol").strip();
            String description = row.get("Description").strip().replaceAll("\\s+", " ");
            boolean unnamed = name.isEmpty();
            if (unnamed && description.toLowerCase(Locale.ROOT).contains("unassigned")) {
                continue;
            }
            PortRange range = port.isEmpty() ? null : PortRange.parse(port);
            int mask = transport.isEmpty()
                    ? range == null ? 0 : 1 << Transport.TCP.ordinal() | 1 << Transport.UDP.ordinal()
                    : 1 << Transport.parse(transport).ordinal();
            boolean reserved = unnamed && !description.startsWith("any private");
            Key key = range == null
                    ? new Key(name, -1, -1, description, reserved)
                    : new Key(name, range.first(), range.last(), description, reserved);
            entries.merge(key, mask, (a, b) -> a | b);
        }
        return entries;
    }

    private static Map<String, Integer> index(Iterable<String> strings, int from) {
        Map<String, Integer> index = new LinkedHashMap<>();
        int next = from;
        for (String string : strings) {
            index.put(string, next++);
        }
        return index;
    }

    /// Each string as what it shares with the one before, and its own rest.
    private static void writeStrings(ByteArrayOutputStream out, List<String> strings) {
        byte[] before = {};
        for (String string : strings) {
            byte[] bytes = string.getBytes(StandardCharsets.UTF_8);
            int shared = 0;
            while (shared < Math.min(before.length, bytes.length) && before[shared] == bytes[shared]) {
                shared++;
            }
            varint(out, shared);
            varint(out, bytes.length - shared);
            out.write(bytes, shared, bytes.length - shared);
            before = bytes;
        }
    }

    private static void i32(ByteArrayOutputStream out, int value) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            out.write(value >>> shift);
        }
    }

    private static void varint(ByteArrayOutputStream out, int value) {
        int rest = value;
        for (; rest >= 0x80; rest >>>= 7) {
            out.write(rest & 0x7f | 0x80);
        }
        out.write(rest);
    }
}
