package dev.berth.names;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.wire.IpAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResolverFileTest {
    @Test
    void name_servers_are_in_their_order_and_once() {
        assertThat(ResolverFile.parse("""
                        # nameserver 1.1.1.1
                        search example.org
                        nameserver 127.0.0.53
                          nameserver\tfe80::1%eth0
                        nameserver 127.0.0.53 # again
                        nameserver not-an-address
                        nameserver
                        options ndots:5
                        """)).containsExactly(IpAddress.parse("127.0.0.53"), IpAddress.parse("fe80::1"));
    }

    @Test
    void without_any_the_defaults_of_resolvers_are_taken(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("resolv.conf");
        assertThat(ResolverFile.nameServers(file)).contains(IpAddress.LOOPBACK_IPV4, IpAddress.parse("8.8.8.8"));
        Files.writeString(file, "search example.org\n");
        assertThat(ResolverFile.nameServers(file)).contains(IpAddress.LOOPBACK_IPV4);
        Files.writeString(file, "nameserver 192.0.2.1\n");
        assertThat(ResolverFile.nameServers(file)).containsExactly(IpAddress.parse("192.0.2.1"));
    }
}
