package dev.berth.gateway;

/// What a [Gateway] has counted since it was started, and what it holds now.
///
/// @param connections TCP connections that are carried or being opened now
/// @param opening those of them that are being opened
/// @param opened connections that were opened
/// @param refused those that the outside refused or reset while they were opened
/// @param unreachable those for which the kernel had no way
/// @param timedOut those that the outside did not answer in time
/// @param denied TCP connections, UDP datagrams and echo requests that the policy denied
/// @param spoofed those whose source is no address of the network
/// @param overLimit those that a limit was in the way of, of connections, of descriptors or of those being opened
/// @param overGuestLimit those of them that a limit of their guest was in the way of
/// @param overDestinationLimit those of them that a limit of their destination was in the way of
/// @param displaced connections that were reset so that another guest could have its share
/// @param idle connections that were reset because they were idle too long
/// @param associations inside ends of UDP that have a socket of the kernel now
/// @param evicted associations and identifiers of echo requests that gave way to newer ones
/// @param datagramsOut datagrams that left
/// @param datagramsIn datagrams that came back
/// @param filtered datagrams, echo replies and ICMP errors that came from, or are about, somebody to whom nothing was
///     sent
/// @param undeliverable datagrams that could not be sent on, either way
/// @param errorsPassed ICMP errors about datagrams and echo requests that were passed on to guests
/// @param echoes identifiers of echo requests that have a socket of the kernel now
/// @param echoesOut echo requests that left
/// @param echoesIn replies that came back
/// @param echoesLost echo requests for which there was no socket, because the machine allows none or has none left
/// @param ports connections and associations that have a port of an address which the gateway owns now
public record GatewayCounters(
        int connections,
        int opening,
        long opened,
        long refused,
        long unreachable,
        long timedOut,
        long denied,
        long spoofed,
        long overLimit,
        long overGuestLimit,
        long overDestinationLimit,
        long displaced,
        long idle,
        int associations,
        long evicted,
        long datagramsOut,
        long datagramsIn,
        long filtered,
        long undeliverable,
        long errorsPassed,
        int echoes,
        long echoesOut,
        long echoesIn,
        long echoesLost,
        int ports) {}
