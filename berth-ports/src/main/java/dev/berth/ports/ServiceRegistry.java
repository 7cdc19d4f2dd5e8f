package dev.berth.ports;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The *Service Name and Transport Protocol Port Number Registry* of IANA (RFC 6335): names, ports, transports
/// and descriptions, no people.
///
/// [#iana] loads it on first use and reads it where it lies, in one array of octets: nothing is unpacked, and strings
/// and [Service]s are made when asked for. A look-up is a binary search; [#search] and [#near] go through everything.
/// Immutable and safe for all threads.
///
/// An assignment counts for the transports it names only (RFC 6335 section 7.2). A named entry that has a port but
/// names no transport counts for TCP and UDP, as it did when it was made; a reserved one counts for all four. Entries
/// that only say *unassigned* are left out: what is not in the registry is unassigned. Port 0 is reserved for every
/// transport.
public final class ServiceRegistry {
    static final int MAGIC = 0x42505232; // "BPR2"
    /// Octets before the entries: magic, date, entries, entries with ports, longest, aliases, service codes.
    static final int HEADER = 28;
    /// Octets of an entry: flags, first port, last port, name, description.
    static final int ENTRY = 10;
    /// Octets of an alias: entry, name to be used instead.
    static final int ALIAS = 4;
    /// Octets of a service code: entry, code.
    static final int CODE = 6;

    static final int HAS_PORT = 0x10;
    static final int HAS_ALIAS = 0x20;
    static final int HAS_CODE = 0x40;
    /// The flag of the first [ServiceMark]; the others follow.
    static final int FIRST_MARK = 0x100;

    private static final int MOST_NEAR_NAMES = 5;
    private static final ServiceMark[] MARKS = ServiceMark.values();
    private static final Transport[] TRANSPORTS = Transport.values();

    private final byte[] bytes;
    private final int size;
    /// Entries with ports come first, by their first port and otherwise in the order of the registry.
    private final int withPorts;
    /// The largest number of ports before an entry's first port that an earlier entry can still cover.
    private final int longest;
    private final int byName;
    private final int aliases;
    private final int codes;
    private final StringPool names;
    private final StringPool descriptions;

    private static final class Iana {
        static final ServiceRegistry REGISTRY = new ServiceRegistry(ServiceRegistryData.read());
    }

    /// The registry of IANA as it was on [#date].
    public static ServiceRegistry iana() {
        return Iana.REGISTRY;
    }

    /// Reads the binary form that `ServiceRegistryCompiler` (among the tests) writes.
    ///
    /// @param resource is kept, and must not be changed
    /// @throws IllegalArgumentException if it is not that form
    ServiceRegistry(byte[] resource) {
        if (resource.length < HEADER || StringPool.i32(resource, 0) != MAGIC) {
            throw new IllegalArgumentException("Not a service registry");
        }
        bytes = resource;
        size = StringPool.i32(bytes, 8);
        withPorts = StringPool.i32(bytes, 12);
        longest = StringPool.i32(bytes, 16);
        byName = HEADER + ENTRY * size;
        aliases = byName + 2 * size;
        codes = aliases + ALIAS * StringPool.i32(bytes, 20);
        names = new StringPool(bytes, codes + CODE * StringPool.i32(bytes, 24));
        descriptions = new StringPool(bytes, names.end());
    }

    /// The day the snapshot of the registry is of, such as `2026-02-13`.
    public String date() {
        String digits = Integer.toString(StringPool.i32(bytes, 4));
        return digits.substring(0, 4) + "-" + digits.substring(4, 6) + "-" + digits.substring(6);
    }

    /// The number of entries. One entry may be for several transports and several ports.
    public int size() {
        return size;
    }

    /// Every entry: those with ports by their first port, then the names without one.
    public List<Service> services() {
        return IntStream.range(0, size).mapToObj(this::service).toList();
    }

    /// The name of the service a port is assigned to; null if it is assigned to none. Of several names it is
    /// the one the registry lists first, aliases last. Ports of the dynamic range have none (RFC 6335 section 8.1.2).
    ///
    /// @throws IllegalArgumentException if `port` is not within 0 to 65535
    public @Nullable String nameOf(Transport transport, int port) {
        int alias = -1;
        for (int i = firstCovering(port); i < withPorts && first(i) <= port; i++) {
            if (covers(i, transport, port) && !isReserved(i) && name(i) != 0) {
                if ((flags(i) & HAS_ALIAS) == 0) {
                    return names.get(name(i));
                }
                alias = alias < 0 ? i : alias;
            }
        }
        return alias < 0 ? null : names.get(name(alias));
    }

    /// What the registry says of a port of one transport.
    ///
    /// @throws IllegalArgumentException if `port` is not within 0 to 65535
    public PortAssignment assignment(Transport transport, int port) {
        if (PortKind.of(port) == PortKind.DYNAMIC) {
            return PortAssignment.DYNAMIC;
        }
        PortAssignment found = port == 0 ? PortAssignment.RESERVED : PortAssignment.UNASSIGNED;
        for (int i = firstCovering(port); i < withPorts && first(i) <= port; i++) {
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
                String label = service.label();
                return label + (words.isEmpty() || label.equals(words) ? "" : " (" + words + ")") + ", " + kind;
            }
        }
        PortAssignment assignment = assignment(transport, port);
        return assignment == PortAssignment.DYNAMIC ? kind : assignment.name().toLowerCase(Locale.ROOT) + ", " + kind;
    }

    /// The entries for a port of one transport, in the order of the registry.
    ///
    /// @throws IllegalArgumentException if `port` is not within 0 to 65535
    public List<Service> servicesAt(Transport transport, int port) {
        return servicesWithin(new PortRange(port, port), Set.of(transport));
    }

    /// The entries with a port within a range, for at least one of some transports, by their first port and otherwise
    /// in the order of the registry.
    public List<Service> servicesWithin(PortRange range, Set<Transport> transports) {
        int wanted = 0;
        for (Transport transport : transports) {
            wanted |= 1 << transport.ordinal();
        }
        List<Service> found = new ArrayList<>();
        for (int i = firstCovering(range.first()); i < withPorts && first(i) <= range.last(); i++) {
            if (last(i) >= range.first() && (flags(i) & wanted) != 0) {
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

    /// The port that a text names: a number, or the name or alias of a service with exactly one port for the
    /// transport.
    ///
    /// @throws IllegalArgumentException if it names none or several, with a sentence that says what is allowed; for
    ///     an unknown name it has near ones
    public int requirePort(String text, Transport transport) {
        if (!text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return PortRange.parse(text).first();
        }
        int[] ports = portsOf(text, transport);
        if (ports.length == 1) {
            return ports[0];
        }
        String protocol = transport.label();
        if (ports.length > 1) {
            String which = ports.length <= 8
                    ? listed(IntStream.of(ports).mapToObj(Integer::toString).toList(), " and ")
                    : ports[0] + " to " + ports[ports.length - 1];
            throw new IllegalArgumentException("The service '" + text + "' has " + ports.length + " ports for "
                    + protocol + ", " + which + ": give the number");
        }
        if (servicesNamed(text).isEmpty()) {
            throw new IllegalArgumentException(unknown(text));
        }
        for (Transport other : TRANSPORTS) {
            int[] others = portsOf(text, other);
            if (others.length > 0) {
                throw new IllegalArgumentException("The service '" + text + "' has no port for " + protocol
                        + ", but port " + others[0] + " for " + other.label());
            }
        }
        throw new IllegalArgumentException("The service '" + text + "' has a name but no port in IANA's registry");
    }

    /// That a service name is unknown, as a sentence without its full stop, with near names if there are any.
    public String unknown(String serviceName) {
        List<String> near = near(serviceName);
        return "There is no service '" + serviceName + "' in IANA's registry of " + date()
                + (near.isEmpty() ? "" : "; near it: " + listed(near, ", "));
    }

    private static String listed(List<String> words, String lastJoint) {
        int last = words.size() - 1;
        return last == 0 ? words.getFirst() : String.join(", ", words.subList(0, last)) + lastJoint + words.get(last);
    }

    /// Names that may have been meant by an unknown one, the best first, five at most: those few edits away, and
    /// those that begin like it. For an alias it is the name to be used instead.
    public List<String> near(String serviceName) {
        NearNames near = new NearNames(serviceName);
        StringPool.Cursor cursor = names.new Cursor(0);
        int position = 0;
        for (int number = 0; number < names.count(); number++, cursor.next()) {
            int port = PortRange.PORTS;
            String proper = cursor.string();
            for (; position < size && name(entryByName(position)) == number; position++) {
                int entry = entryByName(position);
                port = Math.min(port, (flags(entry) & HAS_PORT) == 0 ? PortRange.PORTS : first(entry));
                proper = (flags(entry) & HAS_ALIAS) == 0 ? proper : aliasOf(entry);
            }
            near.consider(cursor.string(), proper, port);
        }
        return near.best(MOST_NEAR_NAMES);
    }

    /// The entries with a service name, by port; if the name is an alias, they say of what. Names are compared
    /// without regard to case (RFC 6335 section 5.1).
    public List<Service> servicesNamed(String serviceName) {
        List<Service> found = new ArrayList<>();
        byte[] key = StringPool.key(serviceName);
        if (key.length == 0) {
            return found;
        }
        for (int number = names.firstNotLess(key); isNamed(number, serviceName); number++) {
            for (int i = firstOfName(number); i < size && name(entryByName(i)) == number; i++) {
                found.add(service(entryByName(i)));
            }
        }
        found.sort(Comparator.comparingInt(ServiceRegistry::firstPort));
        return found;
    }

    private boolean isNamed(int number, String serviceName) {
        return number < names.count() && names.get(number).equalsIgnoreCase(serviceName);
    }

    private static int firstPort(Service service) {
        PortRange ports = service.ports();
        return ports == null ? PortRange.PORTS : ports.first();
    }

    /// The aliases that entries of the registry declare for a service name, in alphabetical order: `www` and
    /// `www-http` for `http`.
    public List<String> aliasesOf(String serviceName) {
        List<String> found = new ArrayList<>();
        for (int at = aliases; at < codes; at += ALIAS) {
            if (names.get(StringPool.u16(bytes, at + 2)).equalsIgnoreCase(serviceName)) {
                found.add(names.get(name(StringPool.u16(bytes, at))));
            }
        }
        return found.stream().distinct().sorted().toList();
    }

    /// The entries that contain every word of a text in their name or description, without regard to case, the best
    /// first: a name that is the word; one that begins with it; whole words of a description; what begins with it
    /// inside a name or description; other places. Among equals aliases and names without ports come last, low ports
    /// first. A text of spaces finds everything, as [#services] has it.
    public List<Service> search(String text) {
        if (text.isBlank()) {
            return services();
        }
        ServiceSearch search = new ServiceSearch(text);
        int[] ranks = new int[size];
        for (int word = 0; word < search.words(); word++) {
            int[] ofNames = search.ranks(names, word, true);
            int[] ofDescriptions = search.ranks(descriptions, word, false);
            for (int i = 0; i < size; i++) {
                ranks[i] += Math.min(ofNames[name(i)], ofDescriptions[description(i)]);
            }
        }
        return IntStream.range(0, size)
                .filter(i -> ranks[i] < ServiceSearch.NONE)
                .boxed()
                .sorted(Comparator.comparingInt((Integer i) -> ranks[i])
                        .thenComparingInt(i -> flags(i) & HAS_ALIAS)
                        .thenComparingInt(i -> HAS_PORT - (flags(i) & HAS_PORT)))
                .map(this::service)
                .toList();
    }

    /// The first entry that may cover a port: the first whose first port is not too far below.
    private int firstCovering(int port) {
        PortRange.requirePort(port);
        int low = 0;
        int high = withPorts;
        while (low < high) {
            int middle = low + high >>> 1;
            if (first(middle) < port - longest) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /// The position in the order of names of the first entry with a name.
    private int firstOfName(int number) {
        int low = 0;
        int high = size;
        while (low < high) {
            int middle = low + high >>> 1;
            if (name(entryByName(middle)) < number) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private boolean covers(int entry, Transport transport, int port) {
        return first(entry) <= port && port <= last(entry) && (flags(entry) & 1 << transport.ordinal()) != 0;
    }

    private boolean isReserved(int entry) {
        return (flags(entry) & FIRST_MARK << ServiceMark.RESERVED.ordinal()) != 0;
    }

    private Service service(int entry) {
        int flags = flags(entry);
        Set<Transport> transports = EnumSet.noneOf(Transport.class);
        for (Transport transport : TRANSPORTS) {
            if ((flags & 1 << transport.ordinal()) != 0) {
                transports.add(transport);
            }
        }
        Set<ServiceMark> marks = EnumSet.noneOf(ServiceMark.class);
        for (ServiceMark mark : MARKS) {
            if ((flags & FIRST_MARK << mark.ordinal()) != 0) {
                marks.add(mark);
            }
        }
        return new Service(
                names.get(name(entry)),
                (flags & HAS_PORT) == 0 ? null : new PortRange(first(entry), last(entry)),
                transports,
                descriptions.get(description(entry)),
                marks,
                (flags & HAS_ALIAS) == 0 ? null : aliasOf(entry),
                (flags & HAS_CODE) == 0 ? OptionalInt.empty() : OptionalInt.of(code(entry)));
    }

    private String aliasOf(int entry) {
        int at = aliases;
        while (StringPool.u16(bytes, at) != entry) {
            at += ALIAS; // the flag says that there is one
        }
        return names.get(StringPool.u16(bytes, at + 2));
    }

    private int code(int entry) {
        int at = codes;
        while (StringPool.u16(bytes, at) != entry) {
            at += CODE; // the flag says that there is one
        }
        return StringPool.i32(bytes, at + 2);
    }

    private int flags(int entry) {
        return StringPool.u16(bytes, HEADER + ENTRY * entry);
    }

    private int first(int entry) {
        return StringPool.u16(bytes, HEADER + ENTRY * entry + 2);
    }

    private int last(int entry) {
        return StringPool.u16(bytes, HEADER + ENTRY * entry + 4);
    }

    /// The number of the name; 0 is the empty one.
    private int name(int entry) {
        return StringPool.u16(bytes, HEADER + ENTRY * entry + 6);
    }

    private int description(int entry) {
        return StringPool.u16(bytes, HEADER + ENTRY * entry + 8);
    }

    private int entryByName(int position) {
        return StringPool.u16(bytes, byName + 2 * position);
    }
}
