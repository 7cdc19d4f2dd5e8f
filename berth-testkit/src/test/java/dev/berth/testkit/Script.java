package dev.berth.testkit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;

/// A [TcpScript] that JUnit runs: every test ends by proving that nothing is left.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
abstract class Script extends TcpScript {
    @AfterEach
    void nothing_is_left() {
        finish();
    }
}
