package dev.berth.ports;

/// What [PortTable#visitFlows] calls for every flow. It must not change the table.
@FunctionalInterface
public interface FlowVisitor {
    /// Sees one flow.
    ///
    /// @return whether to go on
    boolean visit(Flow flow);
}
