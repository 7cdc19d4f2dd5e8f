package dev.berth.it.kernel;

/// The host sends single segments; those are lost and overtaken.
class LossOfSegmentsTest extends LossTest {
    @Override
    boolean segmented() {
        return false;
    }
}
