package dev.berth.ports;

import org.jspecify.annotations.Nullable;

/// What the tables of all shards of a host have in common beside their objects.
final class CommonPorts<L> {
    int flows;
    int timeWaits;

    @Nullable
    PortBinding<L> everyPort;
}
