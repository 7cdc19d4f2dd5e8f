package dev.berth.gateway.shared;

import dev.berth.wire.IpAddress;
import java.util.List;

/// What a member asks for when it joins a shared network. Immutable.
///
/// @param name the name it wants
/// @param named whether it must be that name; otherwise it gets another one, such as `app-2`, if that is taken
/// @param addresses the addresses it must have; if there are none, it gets those it had before if they are free, or
///     other ones
/// @param program what runs in its process, for people
public record MemberWish(String name, boolean named, List<IpAddress> addresses, String program) {
    /// Copies the list.
    public MemberWish {
        addresses = List.copyOf(addresses);
    }
}
