package dev.berth.ports;

import java.util.Collections;
import java.util.EnumSet;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One entry of the [ServiceRegistry]. Immutable.
///
/// @param name the service name as registered; empty where ports are reserved, or assigned without a name
/// @param ports the port or ports; null for a name without a port (such as those of DNS service discovery)
/// @param transports the transports the entry is for; empty for a name without ports where the registry says none
/// @param description what the registry says about it, on one line; of a port that lost its service also its former
///     name
/// @param marks what else is to be known
/// @param aliasOf the name to be used instead; null if this is no alias
/// @param serviceCode the DCCP service code, 32 bits (RFC 4340 section 8.1.2, RFC 6335 section 10.3), if there is one
public record Service(
        String name,
        @Nullable PortRange ports,
        Set<Transport> transports,
        String description,
        Set<ServiceMark> marks,
        @Nullable String aliasOf,
        OptionalInt serviceCode) {
    /// Copies the sets; the copies keep the order of the enums.
    public Service {
        transports = copy(transports);
        marks = copy(marks);
    }

    private static <E extends Enum<E>> Set<E> copy(Set<E> set) {
        return set.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(set));
    }

    /// Whether the ports are held back from assignment instead of assigned.
    public boolean reserved() {
        return marks.contains(ServiceMark.RESERVED);
    }

    /// Whether the assignment was taken back.
    public boolean deregistered() {
        return marks.contains(ServiceMark.DEREGISTERED);
    }

    /// Whether the name is of the past.
    public boolean historic() {
        return marks.contains(ServiceMark.HISTORIC);
    }

    /// Whether it is for experiments.
    public boolean experimental() {
        return marks.contains(ServiceMark.EXPERIMENTAL);
    }

    /// The name, or the description where there is no name.
    public String label() {
        return name.isEmpty() ? description : name;
    }

    /// The service code as people write it (RFC 4340 section 8.1.2): `SC:DISC` if all four octets are letters, digits
    /// or one of `-_+.*/?@`, spaces at the end left out, otherwise the number; empty if there is none.
    public String serviceCodeText() {
        if (serviceCode.isEmpty()) {
            return "";
        }
        int code = serviceCode.getAsInt();
        StringBuilder text = new StringBuilder("SC:");
        for (int shift = 24; shift >= 0; shift -= 8) {
            text.append((char) (code >>> shift & 0xff));
        }
        String stripped = text.toString().stripTrailing();
        for (int i = 3; i < stripped.length(); i++) {
            char c = stripped.charAt(i);
            if (!ServiceName.isLetterOrDigit(c) && "-_+.*/?@".indexOf(c) < 0) {
                return "SC=" + Integer.toUnsignedString(code);
            }
        }
        return stripped;
    }
}
