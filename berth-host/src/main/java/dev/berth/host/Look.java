package dev.berth.host;

import java.util.function.BooleanSupplier;

/// What a thread looks for ([Spinning#look]): true once it is there. A thread that looks may *attend* a host
/// meanwhile and do for it what others leave to it ([Attendance]); it does so between [#begin] and [#end], and not
/// while it has offered its processor to others.
@FunctionalInterface
public interface Look extends BooleanSupplier {
    /// The thread looks from now on, again and again.
    default void begin() {}

    /// The thread does not look for a while, or not any more; also where [#begin] has thrown something.
    ///
    /// @param found what it looked for is there
    default void end(boolean found) {}
}
