package dev.berth.gateway;

/// What a [SocksProxy] has counted since it was opened, and what it holds now.
///
/// @param connections connections that are carried now
/// @param negotiating clients that have not said yet what they want, or wait for it
/// @param associations clients of UDP now
/// @param accepted clients that came
/// @param opened connections that were opened for them
/// @param failed connections that could not be opened: refused, unreachable or not answered
/// @param denied destinations that the policy denied
/// @param unauthorised clients without the right name and password
/// @param unsupported requests for something else than a connection or datagrams
/// @param malformed clients that sent something that is no request, or gave up before it was complete
/// @param overLimit clients that were too many
/// @param late clients that took too long with their request
/// @param idle connections and associations that were ended because they were idle too long
/// @param datagramsOut datagrams of clients that left
/// @param datagramsIn datagrams that came back
/// @param dropped datagrams that came from somebody else, are pieces of one, or could not be sent on
public record ProxyCounters(
        int connections,
        int negotiating,
        int associations,
        long accepted,
        long opened,
        long failed,
        long denied,
        long unauthorised,
        long unsupported,
        long malformed,
        long overLimit,
        long late,
        long idle,
        long datagramsOut,
        long datagramsIn,
        long dropped) {}
