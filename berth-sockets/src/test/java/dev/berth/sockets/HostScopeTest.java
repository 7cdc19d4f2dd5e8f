package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Which host a thread is in the scope of.
@Timeout(60)
class HostScopeTest {
    private Host one;
    private Host two;

    @BeforeEach
    void start() throws IOException {
        one = host("one");
        two = host("two");
    }

    private static Host host(String name) throws IOException {
        return Host.builder(name).address(IpAddress.Prefix.parse("10.0.0.1/24")).start();
    }

    @AfterEach
    void stop() {
        one.close();
        two.close();
    }

    @Test
    void there_is_no_host_without_a_scope_and_an_installation() {
        assertThat(HostScope.current()).isEmpty();
        assertThatThrownBy(HostScope::requiredHost).hasMessageContaining("No sockets are installed");
    }

    @Test
    void scopes_nest_and_end() {
        HostScope.run(one, () -> {
            assertThat(HostScope.current()).contains(one);
            assertThat(HostScope.<Optional<Host>, RuntimeException>call(two, HostScope::current))
                    .contains(two);
            assertThat(HostScope.current()).contains(one);
        });
        assertThat(HostScope.current()).isEmpty();
    }

    @Test
    void a_scope_ends_with_a_failure_which_passes() {
        assertThatThrownBy(() -> HostScope.run(one, () -> {
                    throw new IOException("on purpose");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("on purpose");
        assertThat(HostScope.current()).isEmpty();
    }

    @Test
    void a_thread_begins_in_the_scope_of_its_creator_and_stays_there() throws Exception {
        for (Thread.Builder builder : new Thread.Builder[] {Thread.ofPlatform(), Thread.ofVirtual()}) {
            CompletableFuture<Void> left = new CompletableFuture<>();
            CompletableFuture<Optional<Host>> seen = new CompletableFuture<>();
            Thread thread = HostScope.call(
                    one,
                    () -> builder.start(() -> {
                        left.join();
                        seen.complete(HostScope.current());
                    }));
            left.complete(null);
            assertThat(seen.get(30, TimeUnit.SECONDS)).contains(one);
            thread.join();
        }
    }

    @Test
    void a_thread_that_was_there_before_is_not_in_the_scope() throws Exception {
        CompletableFuture<Void> entered = new CompletableFuture<>();
        CompletableFuture<Optional<Host>> seen = new CompletableFuture<>();
        Thread thread = Thread.ofVirtual().start(() -> {
            entered.join();
            seen.complete(HostScope.current());
        });
        HostScope.run(one, () -> {
            entered.complete(null);
            assertThat(seen.get(30, TimeUnit.SECONDS)).isEmpty();
        });
        thread.join();
    }

    @Test
    void a_scope_is_left_innermost_first() {
        HostScope.Entered outer = HostScope.of(one).enter();
        HostScope.Entered inner = HostScope.of(two).enter();
        assertThatThrownBy(outer::close).isInstanceOf(IllegalStateException.class);
        inner.close();
        assertThatThrownBy(inner::close).isInstanceOf(IllegalStateException.class);
        outer.close();
        assertThat(HostScope.current()).isEmpty();
    }
}
