package dev.berth.ports;

/// A range of ports of which some are taken, and the choice of the next one: the structure that a [PortTable] keeps
/// for each destination, by itself. For those who hand out ports without flows, and to measure it.
///
/// [#claim] chooses uniformly at random among the free ports. It and [#release] take constant time however full the
/// range is, and allocate only when the number of taken ports moves from few to many or back.
///
/// Not safe for use by several threads.
public final class PortPool {
    private final PortSet taken = new PortSet();
    private final PortSet reserved;
    private final PortPicker picker;

    /// A pool of the policy's ephemeral range without its reserved ports, none of them taken.
    public PortPool(PortPolicy policy, Entropy entropy) {
        reserved = policy.reservedSet();
        picker = new PortPicker(policy.ephemeral(), reserved, entropy);
    }

    /// Takes a free port.
    ///
    /// @return the port; 0 if none is free
    public int claim() {
        int port = picker.pick(taken, 0);
        if (port != 0) {
            taken.add(port);
        }
        return port;
    }

    /// Gives a port back.
    ///
    /// @throws IllegalStateException if it is not taken
    public void release(int port) {
        if (!taken.remove(port)) {
            throw new IllegalStateException("Port " + port + " is not taken");
        }
    }

    /// How many ports are free.
    public int free() {
        return picker.free(taken, 0);
    }
}
