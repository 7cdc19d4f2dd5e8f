package dev.berth.ports;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;

/// Makes the resource of [ServiceRegistry] from the CSV file that IANA publishes (`service-names-port-numbers.csv`).
/// `scripts/update-service-registry` runs it.
final class ServiceRegistryCompiler {
    private ServiceRegistryCompiler() {}

    /// Arguments: IANA's CSV file, the date of the snapshot (`2026-02-13`), the resource to write, the CSV file without
    /// people to write.
    public static void main(String[] args) {
        try (Reader csv = Files.newBufferedReader(Path.of(args[0]))) {
            String kept = ServiceRows.write(ServiceRows.read(csv));
            byte[] resource = compile(new StringReader(kept), args[1]);
            Files.write(Path.of(args[2]), resource);
            Files.writeString(Path.of(args[3]), kept);
            System.out.println(new ServiceRegistry(resource).size() + " entries, " + resource.length + " octets");
        } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
            System.err.println("update-service-registry: " + e.getMessage());
            System.exit(1);
        }
    }

    /// @throws IllegalArgumentException if the date is none, or a row of the CSV makes no sense
    static byte[] compile(Reader csv, String date) throws IOException {
        if (!date.matches("\\d{4}-[01]\\d-[0-3]\\d")) {
            throw new IllegalArgumentException("A date is YYYY-MM-DD, not '" + date + "'");
        }
        Map<ServiceRows.Entry, Integer> entries = ServiceRows.entries(ServiceRows.read(csv));
        List<ServiceRows.Entry> ordered = new ArrayList<>(entries.keySet());
        // A stable sort: among the entries of a port the order is IANA's.
        ordered.sort(Comparator.comparingInt(e -> e.first() < 0 ? PortRange.PORTS : e.first()));
        if (ordered.isEmpty() || ordered.size() > 0xffff) {
            throw new IllegalArgumentException("A registry has 1 to 65535 entries, not " + ordered.size());
        }
        Comparator<String> folded = (a, b) -> Arrays.compareUnsigned(StringPool.key(a), StringPool.key(b));
        TreeSet<String> names = new TreeSet<>(folded.thenComparing(Comparator.naturalOrder()));
        TreeSet<String> descriptions = new TreeSet<>();
        names.add(""); // is number 0
        for (ServiceRows.Entry entry : ordered) {
            names.add(entry.name());
            names.add(entry.aliasOf());
            descriptions.add(entry.description());
        }
        return write(entries, ordered, List.copyOf(names), List.copyOf(descriptions), date);
    }

    private static byte[] write(
            Map<ServiceRows.Entry, Integer> transports,
            List<ServiceRows.Entry> entries,
            List<String> names,
            List<String> descriptions,
            String date) {
        Map<String, Integer> nameNumbers = numbers(names);
        Map<String, Integer> descriptionNumbers = numbers(descriptions);
        List<Integer> aliases = IntStream.range(0, entries.size())
                .filter(i -> !entries.get(i).aliasOf().isEmpty())
                .boxed()
                .toList();
        List<Integer> codes = IntStream.range(0, entries.size())
                .filter(i -> entries.get(i).serviceCode() != null)
                .boxed()
                .toList();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        i32(out, ServiceRegistry.MAGIC);
        i32(out, Integer.parseInt(date.replace("-", "")));
        i32(out, entries.size());
        i32(out, (int) entries.stream().filter(e -> e.first() >= 0).count());
        i32(out, entries.stream().mapToInt(e -> e.last() - e.first()).max().orElse(0));
        i32(out, aliases.size());
        i32(out, codes.size());
        for (ServiceRows.Entry entry : entries) {
            u16(out, entry.flags() | transports.get(entry));
            u16(out, Math.max(0, entry.first()));
            u16(out, Math.max(0, entry.last()));
            u16(out, nameNumbers.get(entry.name()));
            u16(out, descriptionNumbers.get(entry.description()));
        }
        IntStream.range(0, entries.size())
                .boxed()
                .sorted(Comparator.comparingInt(
                        i -> nameNumbers.get(entries.get(i).name())))
                .forEach(i -> u16(out, i));
        for (int alias : aliases) {
            u16(out, alias);
            u16(out, nameNumbers.get(entries.get(alias).aliasOf()));
        }
        for (int code : codes) {
            u16(out, code);
            i32(out, entries.get(code).serviceCode());
        }
        writePool(out, names);
        writePool(out, descriptions);
        return out.toByteArray();
    }

    private static Map<String, Integer> numbers(List<String> strings) {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        for (String string : strings) {
            numbers.put(string, numbers.size());
        }
        return numbers;
    }

    /// The form that [StringPool] reads.
    static void writePool(ByteArrayOutputStream out, List<String> strings) {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        List<Integer> blocks = new ArrayList<>();
        byte[] before = {};
        for (int i = 0; i < strings.size(); i++) {
            byte[] bytes = strings.get(i).getBytes(StandardCharsets.UTF_8);
            int shared = 0;
            if (i % StringPool.BLOCK == 0) {
                blocks.add(data.size());
            } else {
                int mismatch = Arrays.mismatch(before, bytes);
                shared = mismatch < 0 ? bytes.length : mismatch;
                varint(data, shared);
            }
            varint(data, bytes.length - shared);
            data.write(bytes, shared, bytes.length - shared);
            before = bytes;
        }
        i32(out, strings.size());
        i32(out, data.size());
        blocks.forEach(block -> i32(out, block));
        out.writeBytes(data.toByteArray());
    }

    private static void u16(ByteArrayOutputStream out, int value) {
        out.write(value >>> 8);
        out.write(value);
    }

    private static void i32(ByteArrayOutputStream out, int value) {
        u16(out, value >>> 16);
        u16(out, value);
    }

    private static void varint(ByteArrayOutputStream out, int value) {
        int rest = value;
        for (; rest >= 0x80; rest >>>= 7) {
            out.write(rest & 0x7f | 0x80);
        }
        out.write(rest);
    }
}
