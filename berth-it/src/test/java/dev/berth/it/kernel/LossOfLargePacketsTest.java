package dev.berth.it.kernel;

/// Packets that stand for many segments are lost and overtaken as a whole.
class LossOfLargePacketsTest extends LossTest {
    @Override
    boolean segmented() {
        return true;
    }
}
