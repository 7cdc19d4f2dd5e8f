package dev.berth.agent.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class PortTextTest {
    private static final long PATIENCE = 30_000_000_000L;

    @Test
    void kindsAreNamed() {
        assertThat(PortText.kind(Transport.TCP, 80)).isEqualTo("http, well-known");
        assertThat(PortText.kind(Transport.TCP, 5432)).isEqualTo("postgresql, registered");
        assertThat(PortText.kind(Transport.UDP, 53)).isEqualTo("domain, well-known");
        assertThat(PortText.kind(Transport.TCP, 4)).isEqualTo("well-known");
        assertThat(PortText.kind(Transport.TCP, 49_152)).isEqualTo("ephemeral");
    }

    @Test
    void tableShowsListenersAndFlowsInColumns() throws Exception {
        try (Host host =
                Host.builder("a").address(IpAddress.Prefix.parse("10.0.0.1/24")).start()) {
            TcpAcceptor acceptor = host.openTcpAcceptor();
            acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
            acceptor.listen(5);
            TcpSocket client = host.openTcpSocket();
            client.bind(new Endpoint(IpAddress.parse("10.0.0.1"), 50_000));
            client.connect(new Endpoint(IpAddress.parse("10.0.0.1"), 80), PATIENCE);
            acceptor.accept(PATIENCE);
            assertThat(PortText.table(host).stream().map(String::stripTrailing))
                    .startsWith(
                            "PROTO  LOCAL           REMOTE          STATE        PORTS",
                            "tcp    *:80            -               LISTEN       80 http, well-known")
                    .contains(
                            "tcp    10.0.0.1:80     10.0.0.1:50000  ESTABLISHED  "
                                    + "80 http, well-known <> 50000 ephemeral",
                            "tcp    10.0.0.1:50000  10.0.0.1:80     ESTABLISHED  "
                                    + "50000 ephemeral <> 80 http, well-known")
                    .endsWith("ephemeral tcp ports 49152-65535: none in use");
        }
    }

    @Test
    void longTablesEndWithCounts() throws Exception {
        try (Host host =
                Host.builder("a").address(IpAddress.Prefix.parse("10.0.0.1/24")).start()) {
            TcpAcceptor acceptor = host.openTcpAcceptor();
            acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
            acceptor.listen(50);
            for (int i = 0; i < 25; i++) {
                host.openTcpSocket().connect(new Endpoint(IpAddress.parse("10.0.0.1"), 80), PATIENCE);
            }
            List<String> table = PortText.table(host);
            assertThat(table)
                    .hasSize(2 + 40 + 2)
                    .contains("... and 10 more; all flows: 50 ESTABLISHED")
                    .endsWith(
                            "ephemeral tcp ports 49152-65535: 25 in use towards 1 destination, 0 of them in TIME-WAIT");
        }
    }
}
