package dev.berth.ports;

/// What IANA says of a port number of one transport (RFC 6335 section 6).
public enum PortAssignment {
    /// Assigned to a service.
    ASSIGNED,
    /// Held back by IANA; not available for assignment.
    RESERVED,
    /// Free to be assigned on request.
    UNASSIGNED,
    /// Of the dynamic range, which is never assigned.
    DYNAMIC
}
