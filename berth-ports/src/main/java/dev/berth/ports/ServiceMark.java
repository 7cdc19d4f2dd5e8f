package dev.berth.ports;

/// What the registry says of an entry beyond the assignment.
public enum ServiceMark {
    /// The ports are held back from assignment instead of assigned (RFC 6335 section 6).
    RESERVED,
    /// The ports were assigned once and are not any more (RFC 6335 section 8.2), or the name is no longer in use.
    DEREGISTERED,
    /// The name is of the past, such as one with an underscore from before RFC 6335 forbade it (section 10.1).
    HISTORIC,
    /// For experiments, never for a product: `exp1` and `exp2` (RFC 6335 section 6.1, RFC 4727).
    EXPERIMENTAL
}
