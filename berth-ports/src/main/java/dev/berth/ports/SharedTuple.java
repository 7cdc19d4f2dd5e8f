package dev.berth.ports;

import java.util.ArrayList;
import java.util.List;

/// The slot of a tuple that several connected UDP endpoints have, each through a binding of its own, because all agreed
/// to share the port. The one that connected last gets the datagrams, as on Linux.
final class SharedTuple extends Flow {
    /// In the order in which they connected; two at least.
    private final List<Flow> members = new ArrayList<>(2);

    SharedTuple(Flow first) {
        super(
                first.localHi(),
                first.localLo(),
                first.localPort(),
                first.remoteHi(),
                first.remoteLo(),
                first.remotePort());
        members.add(first);
    }

    void add(Flow flow) {
        members.add(flow);
    }

    void remove(Flow flow) {
        members.remove(flow);
    }

    void replace(Flow old, Flow with) {
        members.set(members.indexOf(old), with);
    }

    int size() {
        return members.size();
    }

    Flow at(int index) {
        return members.get(index);
    }

    Flow owner() {
        return members.getLast();
    }
}
