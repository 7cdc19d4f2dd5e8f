package dev.berth.it.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What docs/NETWORK.md shows works: all of its Java is compiled and run, and does what the page says.
@Timeout(60)
class NetworkPageTest {
    @TempDir
    Path directory;

    private static List<String> blocks() throws IOException {
        List<String> blocks = Example.blocks(Example.page("docs/NETWORK.md"));
        assertThat(blocks).as("those that have a test here").hasSize(4);
        return blocks;
    }

    @Test
    void the_first_network_has_the_addresses_that_it_says() throws Exception {
        String block = blocks().get(0).stripTrailing();
        assertThat(block).endsWith("}").contains("// 10.0.0.1 and fd00::1", "// 10.0.0.2 and fd00::2");
        String printed = Example.run(
                directory,
                block.substring(0, block.length() - 1)
                        + "System.out.println(web.addresses() + \" \" + client.addresses());}");
        assertThat(printed.strip()).isEqualTo("[10.0.0.1, fd00::1] [10.0.0.2, fd00::2]");
    }

    @Test
    void subnets_routers_and_links_are_as_planned() throws Exception {
        String printed = Example.run(directory, blocks().get(1) + """
                try (network) {
                    for (String name : List.of("web", "www.example", "home", "db", "gw")) {
                        System.out.println(name + " " + network.addresses(name));
                    }
                    TcpAcceptor acceptor = network.find("db").orElseThrow().openTcpAcceptor();
                    acceptor.bind(new Endpoint(IpAddress.parse("10.2.0.77"), 5432));
                    acceptor.listen(1);
                    try (TcpSocket socket = network.find("home").orElseThrow().openTcpSocket()) {
                        socket.connect(new Endpoint(IpAddress.parse("10.2.0.77"), 5432), 10_000_000_000L);
                        System.out.println("connected");
                    }
                }
                """);
        assertThat(printed.lines())
                .containsExactly(
                        "web [10.1.0.2, fd00:1::2]",
                        "www.example [10.1.0.2, fd00:1::2]",
                        "home [10.1.0.3, fd00:1::3]",
                        "db [10.2.0.77]",
                        "gw [10.1.0.1, fd00:1::1, 10.2.0.1]",
                        "connected");
    }

    @Test
    void faults_begin_and_the_one_in_the_block_ends() throws Exception {
        String block = blocks().get(2);
        assertThat(block).contains("{ ... }");
        String printed = Example.run(
                directory,
                """
                try (Network network = Network.create("lab")) {
                    for (String name : List.of("web", "db", "leader", "a", "b", "c")) {
                        network.host(name);
                    }
                """
                        + block.replace("...", "System.out.println(network.faults().size());")
                        + "System.out.println(network.faults().size()); }");
        assertThat(printed.lines()).containsExactly("1", "6");
    }

    @Test
    void virtual_time_passes_until_all_is_echoed() throws Exception {
        String printed =
                Example.run(directory, blocks().get(3) + "System.out.println(talk.received()); network.close();");
        assertThat(printed.strip()).isEqualTo("1000000");
    }
}
