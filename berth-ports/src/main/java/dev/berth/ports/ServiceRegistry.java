package dev.berth.ports;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The *Service Name and Transport Protocol Port Number Registry* of IANA (RFC 6335): names, ports, transports
/// and descriptions, no people.
///
/// [#iana] loads it on first use from a resource of 240 KB in some ten milliseconds and keeps it as flat arrays of
/// about 400 KB; strings are made when asked for. A look-up is a binary search. Immutable and safe for all
/// threads.
///
/// An entry without a transport but with a port counts for TCP and UDP. Entries that only say *unassigned* are
/// left out: what is not in the registry is unassigned.
public final class ServiceRegistry {
    static final String RESOURCE = "service-registry.bin";
    static final int MAGIC = 0x42505231; // "BPR1"
    static final int HAS_PORT = 0x10;
    static final int IS_RANGE = 0x20;
    static final int IS_RESERVED = 0x40;
    private static final int TRANSPORTS = 0x0f;

    private final int date;
    /// The names, in lower-case order, then the descriptions, in UTF-8.
    private final byte[] text;
    /// Where each string begins in `text`, names first; the last element is the end.
    private final int[] textAt;

    private final int names;
    // The entries, those with ports first, by their first port and otherwise in the order of the registry.
    private final byte[] flags;
    private final char[] first;
    private final char[] last;
    private final char[] name;
    private final char[] description;
    private final int withPorts;
    /// The largest number of ports before an entry's first port that an earlier entry can still cover.
    private int longest;
    /// The entries in the order of their names.
    private final char[] byName;

    private static final class Iana {
        static final ServiceRegistry REGISTRY = load();

        private static ServiceRegistry load() {
            try (InputStream in = ServiceRegistry.class.getResourceAsStream(RESOURCE)) {
                if (in == null) {
                    throw new IllegalStateException("The resource " + RESOURCE + " is missing");
                }
                return new ServiceRegistry(in.readAllBytes());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /// The registry of IANA as it was on [#date].
    public static ServiceRegistry iana() {
        return Iana.REGISTRY;
    }

    /// Reads the binary form that `ServiceRegistryCompiler` (among the tests) writes.
    ///
    /// @throws IllegalArgumentException if it is not that form
    ServiceRegistry(byte[] resource) {
        Cursor in = new Cursor(resource);
        if (in.i32() != MAGIC) {
            throw new IllegalArgumentException("Not a service registry");
        }
        date = in.i32();
        names = in.varint();
        int strings = names + in.varint();
        int entries = in.varint();
        withPorts = in.varint();
        text = new byte[in.varint()];
        textAt = new int[strings + 1];
        for (int i = 0; i < strings; i++) {
            int shared = in.varint();
            int own = in.varint();
            if (shared > 0) {
                System.arraycopy(text, textAt[i - 1], text, textAt[i], shared);
            }
            in.copy(text, textAt[i] + shared, own);
            textAt[i + 1] = textAt[i] + shared + own;
        }
        flags = new byte[entries];
        first = new char[entries];
        last = new char[entries];
        name = new char[entries];
        description = new char[entries];
        readEntries(in);
        byName = sortByName();
    }

    private void readEntries(Cursor in) {
        int port = 0;
        for (int i = 0; i < flags.length; i++) {
            int flag = in.u8();
            flags[i] = (byte) flag;
            if ((flag & HAS_PORT) != 0) {
                port += in.varint();
                first[i] = (char) port;
                last[i] = (char) (port + ((flag & IS_RANGE) != 0 ? in.varint() : 0));
                longest = Math.max(longest, last[i] - first[i]);
            }
            name[i] = (char) in.varint();
            description[i] = (char) in.varint();
        }
    }

    private char[] sortByName() {
        int[] starts = new int[names + 1];
        for (char n : name) {
            starts[n + 1]++;
        }
        for (int i = 1; i <= names; i++) {
            starts[i] += starts[i - 1];
        }
        char[] order = new char[name.length];
        for (int i = 0; i < name.length; i++) {
            order[starts[name[i]]++] = (char) i;
        }
        return order;
    }

    /// The day the snapshot of the registry is of, such as `2026-02-13`.
    public String date() {
        return String.format(Locale.ROOT, "%04d-%02d-%02d", date / 10_000, date / 100 % 100, date % 100);
    }

    /// The number of entries. One entry may be for several transports and several ports.
    public int size() {
        return flags.length;
    }

    /// The name of the service a port is assigned to; null if it is assigned to none. Of several names it is
    /// the one the registry lists first. Ports of the dynamic range have none (RFC 6335 section 8.1.2).
    public @Nullable String nameOf(Transport transport, int port) {
        for (int i = firstCovering(port); i < withPorts && first[i] <= port; i++) {
            if (covers(i, transport, port) && !isReserved(i) && length(name[i]) > 0) {
                return string(name[i]);
            }
        }
        return null;
    }

    /// What the registry says of a port of one transport.
    public PortAssignment assignment(Transport transport, int port) {
        if (PortKind.of(port) == PortKind.DYNAMIC) {
            return PortAssignment.DYNAMIC;
        }
        PortAssignment found = PortAssignment.UNASSIGNED;
        for (int i = firstCovering(port); i < withPorts && first[i] <= port; i++) {
            if (covers(i, transport, port)) {
                if (!isReserved(i)) {
                    return PortAssignment.ASSIGNED;
                }
                found = PortAssignment.RESERVED;
            }
        }
        return found;
    }

    /// A port in words: `http (World Wide Web HTTP), well-known`, `reserved, well-known`, `unassigned,
    /// registered` or `ephemeral/dynamic`.
    public String describe(Transport transport, int port) {
        String kind = PortKind.of(port).text();
        for (Service service : servicesAt(transport, port)) {
            if (!service.reserved()) {
                String words = service.description();
                String label = service.name().isEmpty() ? words : service.name();
                return label + (words.isEmpty() || label.equals(words) ? "" : " (" + words + ")") + ", " + kind;
            }
        }
        PortAssignment assignment = assignment(transport, port);
        return assignment == PortAssignment.DYNAMIC ? kind : assignment.name().toLowerCase(Locale.ROOT) + ", " + kind;
    }

    /// The entries for a port of one transport, in the order of the registry.
    public List<Service> servicesAt(Transport transport, int port) {
        PortRange.requirePort(port);
        List<Service> found = new ArrayList<>();
        for (int i = firstCovering(port); i < withPorts && first[i] <= port; i++) {
            if (covers(i, transport, port)) {
                found.add(service(i));
            }
        }
        return found;
    }

    /// The ports assigned to a service name for a transport, ascending, ranges written out; empty if there is
    /// none. Names are compared without regard to case (RFC 6335 section 5.1).
    public int[] portsOf(String serviceName, Transport transport) {
        PortSet ports = new PortSet();
        for (Service service : servicesNamed(serviceName)) {
            PortRange range = service.ports();
            if (range != null && service.transports().contains(transport)) {
                for (int port = range.first(); port <= range.last(); port++) {
                    ports.add(port);
                }
            }
        }
        int[] all = new int[ports.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = ports.select(i);
        }
        return all;
    }

    /// The entries with a service name, by port. Names are compared without regard to case (RFC 6335 section
    /// 5.1).
    public List<Service> servicesNamed(String serviceName) {
        List<Service> found = new ArrayList<>();
        byte[] key = serviceName.toLowerCase(Locale.ROOT).getBytes(StandardCharsets.UTF_8);
        int low = 0;
        int high = key.length == 0 ? 0 : byName.length;
        while (low < high) {
            int middle = low + high >>> 1;
            if (compareName(name[byName[middle]], key) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        for (int i = low; key.length > 0 && i < byName.length && compareName(name[byName[i]], key) == 0; i++) {
            found.add(service(byName[i]));
        }
        return found;
    }

    /// The entries whose name or description contains a text, without regard to case, in the order of their
    /// ports. Walks over the whole registry.
    public List<Service> search(String part) {
        String wanted = part.toLowerCase(Locale.ROOT);
        List<Service> found = new ArrayList<>();
        for (int i = 0; i < flags.length; i++) {
            if (string(name[i]).toLowerCase(Locale.ROOT).contains(wanted)
                    || string(description[i]).toLowerCase(Locale.ROOT).contains(wanted)) {
                found.add(service(i));
            }
        }
        return found;
    }

    /// The first entry that may cover a port: the first whose first port is not too far below.
    private int firstCovering(int port) {
        int low = 0;
        int high = withPorts;
        while (low < high) {
            int middle = low + high >>> 1;
            if (first[middle] < port - longest) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private boolean covers(int entry, Transport transport, int port) {
        return first[entry] <= port && port <= last[entry] && (flags[entry] & 1 << transport.ordinal()) != 0;
    }

    private boolean isReserved(int entry) {
        return (flags[entry] & IS_RESERVED) != 0;
    }

    private Service service(int entry) {
        Set<Transport> transports = EnumSet.noneOf(Transport.class);
        for (Transport transport : Transport.values()) {
            if ((flags[entry] & TRANSPORTS & 1 << transport.ordinal()) != 0) {
                transports.add(transport);
            }
        }
        PortRange ports = (flags[entry] & HAS_PORT) == 0 ? null : new PortRange(first[entry], last[entry]);
        return new Service(string(name[entry]), ports, transports, string(description[entry]), isReserved(entry));
    }

    private int length(int string) {
        return textAt[string + 1] - textAt[string];
    }

    private String string(int string) {
        return new String(text, textAt[string], length(string), StandardCharsets.UTF_8);
    }

    private int compareName(int string, byte[] key) {
        int length = length(string);
        for (int i = 0; i < Math.min(length, key.length); i++) {
            int c = text[textAt[string] + i];
            int difference = (c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c) - key[i];
            if (difference != 0) {
                return difference;
            }
        }
        return length - key.length;
    }

    /// Reads the binary form.
    private static final class Cursor {
        private final byte[] bytes;
        private int at;

        Cursor(byte[] bytes) {
            this.bytes = bytes;
        }

        int u8() {
            return bytes[at++] & 0xff;
        }

        int i32() {
            return u8() << 24 | u8() << 16 | u8() << 8 | u8();
        }

        /// Seven bits a byte, the lowest first; the top bit says that more follow.
        int varint() {
            int value = 0;
            for (int shift = 0; ; shift += 7) {
                int b = u8();
                value |= (b & 0x7f) << shift;
                if (b < 0x80) {
                    return value;
                }
            }
        }

        void copy(byte[] into, int offset, int length) {
            System.arraycopy(bytes, at, into, offset, length);
            at += length;
        }
    }
}
