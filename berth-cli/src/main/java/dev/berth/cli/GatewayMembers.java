package dev.berth.cli;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Who is on the network that `berth gateway` serves, and how they are attached.
interface GatewayMembers extends AutoCloseable {
    /// Where they are, and by which addresses they are known, for people.
    String describe();

    /// The names of devices and sockets, for the list of programs.
    String places();

    /// Who is there, by name, with their addresses and what was counted of each.
    List<Map<String, @Nullable Object>> guests();

    /// What passed, for people.
    String statistics();

    /// Lets somebody know why nobody can be there any more, once.
    void whenDown(Consumer<String> action);

    /// Takes them off the network. Idempotent.
    @Override
    void close();
}
