package dev.berth.gateway;

/// Which datagrams from outside reach a guest: the filtering behaviour of RFC 4787 section 5. A guest's end of UDP
/// has one port outside whatever it is (endpoint-independent mapping).
public enum UdpFiltering {
    /// All that are sent to the port of a guest. REQ-8: "If application transparency is most important, it is
    /// RECOMMENDED that a NAT have an "Endpoint-Independent Filtering" behavior."
    ENDPOINT_INDEPENDENT,

    /// Those from addresses that the guest has sent to. REQ-8: "If a more stringent filtering behavior is most
    /// important, it is RECOMMENDED that a NAT have an "Address-Dependent Filtering" behavior."
    ADDRESS_DEPENDENT,

    /// Those from addresses and ports that the guest has sent to.
    ADDRESS_AND_PORT_DEPENDENT
}
