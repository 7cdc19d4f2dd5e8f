package dev.berth.agent.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Ports are published, listed and ended over the control socket while a host runs.
@Timeout(120)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PublishedPortsTest {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30);

    @TempDir
    private Path dir;

    private static RunningHost run(String options) throws IOException {
        return RunningHost.start(HostPlan.parse("outside=off," + options));
    }

    private ControlClient control(RunningHost host, String name) throws IOException {
        ControlServer server = ControlOption.open(dir.resolve(name).toString(), "test", host);
        return ControlClient.connect(server.path());
    }

    private static Map<String, Object> ask(ControlClient client, String kind, String port)
            throws IOException, ControlException {
        return client.ask(new JsonLine().add("request", kind).add("port", port).toString(), _ -> {});
    }

    private static List<Object> published(ControlClient client) throws IOException, ControlException {
        List<Object> ends = new ArrayList<>();
        client.ask(
                "{\"request\":\"published\"}",
                line -> ends.add(JsonText.object(line).get("outside")));
        return ends;
    }

    private static int portOf(Map<String, Object> answer) {
        String outside = String.valueOf(answer.get("outside"));
        return Integer.parseInt(outside.substring(outside.lastIndexOf(':') + 1));
    }

    private static TcpAcceptor listen(Host host) throws IOException {
        TcpAcceptor acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
        acceptor.listen(50);
        return acceptor;
    }

    /// A connection through a published port says who has accepted it.
    private static String whoAnswers(int port, TcpAcceptor acceptor, String name) throws IOException {
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
            client.setSoTimeout(30_000);
            try (TcpSocket accepted = acceptor.accept(PATIENCE)) {
                accepted.write(name.getBytes(UTF_8), 0, name.length());
            }
            return new String(client.getInputStream().readAllBytes(), UTF_8);
        }
    }

    @Test
    void a_port_comes_and_goes_while_the_host_runs() throws Exception {
        try (RunningHost host = run("name=web");
                TcpAcceptor acceptor = listen(host.host());
                ControlClient client = control(host, "a")) {
            assertThat(host.hosts()).hasSize(1);
            assertThat(published(client)).isEmpty();
            int first = portOf(ask(client, "publish", "0:80"));
            int second = portOf(ask(client, "publish", "0:http"));
            assertThat(published(client)).containsExactly("127.0.0.1:" + first, "127.0.0.1:" + second);
            assertThat(host.hosts()).extracting(Host::name).containsExactly("web", "berth-gateway");
            assertThat(whoAnswers(first, acceptor, "web")).isEqualTo("web");
            assertThat(whoAnswers(second, acceptor, "web")).isEqualTo("web");
            assertThat(ask(client, "unpublish", Integer.toString(first)))
                    .containsEntry("host", "web")
                    .containsEntry("port", 80L)
                    .containsEntry("accepted", 1L);
            assertThat(published(client)).containsExactly("127.0.0.1:" + second);
            assertThatThrownBy(() -> new Socket(InetAddress.getLoopbackAddress(), first).close())
                    .hasMessageContaining("refused");
            assertThat(portOf(ask(client, "publish", first + ":80"))).isEqualTo(first);
        }
    }

    @Test
    void two_hosts_have_the_same_port_behind_different_published_ports() throws Exception {
        try (RunningHost one = run("name=one,publish=0:80");
                RunningHost two = run("name=two,publish=0:80");
                TcpAcceptor first = listen(one.host());
                TcpAcceptor second = listen(two.host());
                ControlClient ofOne = control(one, "one");
                ControlClient ofTwo = control(two, "two")) {
            String a = String.valueOf(published(ofOne).getFirst());
            String b = String.valueOf(published(ofTwo).getFirst());
            assertThat(a).isNotEqualTo(b);
            assertThat(whoAnswers(Publication.machine(a).port(), first, "one")).isEqualTo("one");
            assertThat(whoAnswers(Publication.machine(b).port(), second, "two")).isEqualTo("two");
        }
    }

    @Test
    void a_conflict_names_who_has_the_port() throws Exception {
        try (RunningHost host = run("name=web");
                ControlClient client = control(host, "a");
                ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = portOf(ask(client, "publish", "0:80"));
            assertThatThrownBy(() -> ask(client, "publish", port + ":81"))
                    .isInstanceOf(ControlException.class)
                    .hasMessage("Port " + port + " of 127.0.0.1 is published here already: it leads to port 80 of host"
                            + " 'web'");
            assertThatThrownBy(() -> ask(client, "publish", "0.0.0.0:" + port + ":81"))
                    .hasMessageContaining("it leads to port 80 of host 'web'");
            assertThatThrownBy(() -> ask(client, "publish", other.getLocalPort() + ":80"))
                    .hasMessageStartingWith("Port " + other.getLocalPort() + " of 127.0.0.1 is in use by process "
                            + ProcessHandle.current().pid() + " (java ");
            assertThat(published(client)).containsExactly("127.0.0.1:" + port);
        }
    }

    private static Map<String, Object> entry(ControlClient client, String transport) throws Exception {
        List<Map<String, Object>> found = new ArrayList<>();
        client.ask("{\"request\":\"published\"}", line -> {
            Map<String, Object> port = JsonText.object(line);
            if (transport.equals(port.get("transport"))) {
                found.add(port);
            }
        });
        return found.getFirst();
    }

    @Test
    void a_port_of_udp_comes_and_goes_beside_the_same_one_of_tcp() throws Exception {
        try (RunningHost host = run("name=dns");
                UdpSocket server = host.host().openUdpSocket();
                ControlClient control = control(host, "a");
                DatagramSocket client = new DatagramSocket()) {
            server.bind(new Endpoint(IpAddress.ANY_IPV6, 53));
            client.setSoTimeout(30_000);
            int port = portOf(ask(control, "publish", "0:53/udp"));
            ask(control, "publish", port + ":80"); // nobody has it, as a rule
            client.send(new DatagramPacket("ask".getBytes(UTF_8), 3, InetAddress.getLoopbackAddress(), port));
            byte[] bytes = new byte[100];
            assertThat(server.receive(bytes, 0, 100, PATIENCE)).isEqualTo(3);
            server.send("answer".getBytes(UTF_8), 0, 6, server.lastSender());
            DatagramPacket answer = new DatagramPacket(bytes, 100);
            client.receive(answer);
            assertThat(new String(bytes, 0, answer.getLength(), UTF_8)).isEqualTo("answer");
            assertThat(answer.getPort()).isEqualTo(port);
            assertThat(entry(control, "udp")).containsEntry("port", 53L).containsEntry("connections", 1L);
            assertThat(entry(control, "tcp")).containsEntry("port", 80L);

            assertThatThrownBy(() -> ask(control, "publish", port + ":54/udp"))
                    .hasMessage("UDP port " + port + " of 127.0.0.1 is published here already: it leads to port 53 of"
                            + " host 'dns'");
            assertThatThrownBy(() -> ask(control, "publish", client.getLocalPort() + ":54/udp"))
                    .hasMessageStartingWith("UDP port " + client.getLocalPort() + " of 127.0.0.1 is in use by process "
                            + ProcessHandle.current().pid() + " (java ");
            assertThat(ask(control, "unpublish", port + "/udp")).containsEntry("transport", "udp");
            assertThatThrownBy(() -> ask(control, "unpublish", port + "/udp"))
                    .hasMessage("UDP port " + port + " of 127.0.0.1 is not published here");
            assertThat(published(control)).containsExactly("127.0.0.1:" + port);
            new DatagramSocket(port, InetAddress.getLoopbackAddress()).close();
        }
    }

    @Test
    void a_host_publishes_a_range_from_the_beginning() throws Exception {
        int free;
        try (DatagramSocket first = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            free = first.getLocalPort();
        }
        String range = free + "-" + (free + 1) + ":53-54/udp";
        try (RunningHost host = run("name=dns,publish=" + range)) {
            assertThat(host.describe())
                    .contains("published 127.0.0.1:" + free + " -> 53/udp, published 127.0.0.1:" + (free + 1)
                            + " -> 54/udp");
        }
        try (RunningHost host = run("name=dns,publish=0.0.0.0:" + free + ":53/udp")) {
            assertThat(host.describe()).contains("published 0.0.0.0:" + free + " -> 53/udp");
        }
    }

    @Test
    void what_makes_no_sense_is_refused_in_words() throws Exception {
        try (RunningHost host = run("name=web");
                ControlClient client = control(host, "a")) {
            assertThatThrownBy(() -> ask(client, "publish", "80"))
                    .hasMessageContaining("is not [ADDRESS:]HOSTPORT:PORT");
            assertThatThrownBy(() -> ask(client, "unpublish", "80.80"))
                    .hasMessage("'80.80' is not [ADDRESS:]HOSTPORT[/udp], such as 8080 or 0.0.0.0:8080");
            assertThatThrownBy(() -> ask(client, "unpublish", "0")).hasMessage("Port 0 is none that is published");
            assertThatThrownBy(() -> ask(client, "unpublish", "8080"))
                    .hasMessage("Port 8080 of 127.0.0.1 is not published here");
            assertThatThrownBy(() -> client.ask("{\"request\":\"publish\",\"port\":\"0:80\",\"host\":\"db\"}", _ -> {}))
                    .hasMessage("There is no host 'db' here; there is web");
            assertThatThrownBy(() -> client.ask("{\"request\":\"publish\"}", _ -> {}))
                    .hasMessage("The member 'port' is missing");
        }
    }
}
