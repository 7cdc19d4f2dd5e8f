package dev.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.agent.run.ControlDirectory;
import dev.berth.agent.run.ControlServer;
import dev.berth.agent.run.HostRequests;
import dev.berth.agent.run.JsonText;
import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

@Timeout(120)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SsCommandTest {
    private static final long PATIENCE = 30_000_000_000L;
    private static final Endpoint WEB = new Endpoint(IpAddress.parse("10.0.0.1"), 80);
    private static final long PID = ProcessHandle.current().pid();

    @TempDir
    private Path dir;

    private ControlDirectory directory;
    private Host host;
    private TcpAcceptor acceptor;
    private ControlServer server;
    private String out = "";
    private String err = "";

    @BeforeEach
    void start() throws Exception {
        host = Host.builder("app")
                .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                .start();
        acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
        acceptor.listen(3_000);
        acceptor.label("web pages");
        directory = ControlDirectory.in(null, dir);
        server = ControlServer.open(directory.socketOf(PID), new HostRequests("web.jar", List.of(host)).handlers());
    }

    @AfterEach
    void stop() {
        server.close();
        host.close();
    }

    private int ss(String... arguments) {
        StringWriter outText = new StringWriter();
        StringWriter errText = new StringWriter();
        int code = new CommandLine(new SsCommand(directory))
                .setOut(new PrintWriter(outText))
                .setErr(new PrintWriter(errText))
                .setCommandName("ss")
                .execute(arguments);
        out = outText.toString();
        err = errText.toString();
        return code;
    }

    /// Through the whole command, with its handling of errors.
    private int berth(String... arguments) {
        StringWriter outText = new StringWriter();
        StringWriter errText = new StringWriter();
        int code = Berth.commandLine()
                .setOut(new PrintWriter(outText))
                .setErr(new PrintWriter(errText))
                .execute(arguments);
        out = outText.toString();
        err = errText.toString();
        return code;
    }

    private TcpSocket connect() throws Exception {
        TcpSocket socket = host.openTcpSocket();
        socket.connect(WEB, PATIENCE);
        return socket;
    }

    private static int port(TcpSocket socket) {
        return Objects.requireNonNull(socket.local()).port();
    }

    private List<Map<String, Object>> json(String... arguments) {
        assertThat(ss(arguments)).as(err).isZero();
        return out.lines().map(JsonText::object).toList();
    }

    @Test
    void listeners_are_shown_in_the_columns_of_ss() {
        assertThat(ss("-ltn")).isZero();
        assertThat(out)
                .isEqualToNormalizingNewlines(String.join(
                        "\n",
                        "Netid  State   Recv-Q  Send-Q  Local Address:Port  Peer Address:Port  Process"
                                + " "
                                        .repeat("web.jar/".length()
                                                + Long.toString(PID).length()
                                                - "Process".length())
                                + "  Owner",
                        "tcp    LISTEN       0    3000                *:80                *:*  web.jar/" + PID
                                + "  web pages",
                        ""));
        ss("-lt");
        assertThat(out).contains("*:http ").doesNotContain("*:80 ");
    }

    @Test
    void connections_are_shown_unless_listeners_are_asked_for() throws Exception {
        TcpSocket client = connect();
        client.write(new byte[100], 0, 100);
        assertThat(ss("-tn")).isZero();
        assertThat(out.lines()).hasSize(3);
        assertThat(out)
                .containsPattern("tcp +ESTAB +0 +0 +10\\.0\\.0\\.1:" + port(client) + " +10\\.0\\.0\\.1:80 ")
                .containsPattern("tcp +ESTAB +100 +0 +10\\.0\\.0\\.1:80 +10\\.0\\.0\\.1:" + port(client) + " ")
                .doesNotContain("LISTEN");
        ss("-tan");
        assertThat(out.lines()).hasSize(4);
        ss("-u");
        assertThat(out.lines()).as("titles alone").hasSize(1);
    }

    @Test
    void more_is_shown_when_asked_for() throws Exception {
        TcpSocket client = connect();
        client.write(new byte[100], 0, 100);
        ss("-tneo", "dport", "=", ":80");
        assertThat(out).containsPattern(" age:\\d+(ms|s|min\\d*s?) in:0 out:100");
        ss("-tni", "dport", "=", ":80");
        assertThat(out)
                .containsPattern("\\n\\t ts sack \\w+ wscale:\\d+,\\d+ rto:\\d+"
                        + " rtt:\\d+\\.\\d{3}/\\d+\\.\\d{3} mss:\\d+"
                        + " cwnd:\\d+ bytes_sent:100 bytes_acked:100 bytes_received:0 unacked:0 retrans:0/0"
                        + " snd_wnd:\\d+ rcv_wnd:\\d+");
        TcpSocket accepted = acceptor.accept(PATIENCE);
        assertThat(accepted.read(new byte[100], 0, 100, PATIENCE)).isEqualTo(100);
        client.close();
        accepted.close();
        ss("-tano", "--state", "time-wait");
        assertThat(out).containsPattern("TIME-WAIT .* timer:\\(timewait,\\d+s,0\\)");
    }

    @ParameterizedTest
    @CsvSource({
        "2, -t",
        "1, -t sport = :http",
        "1, -t sport = :80",
        "1, -t --sport 80",
        "1, -t --dport http",
        "0, -t --sport 81-90",
        "1, -t sport lt :1024",
        "1, -t sport >= 1024",
        "1, -t sport > :80",
        "2, -t src 10.0.0.0/8",
        "0, -t dst 11.0.0.0/8",
        "1, -t dst 10.0.0.1:80",
        "1, -t src [::]/0 --state listening",
        "0, -t -6",
        "2, -t -4",
        "1, -lt",
        "3, -ta",
        "1, state listening",
        "2, state established and src 10.0.0.1",
        "0, state time-wait",
        "0, --state syn-recv",
        "2, --state estab,listening -4",
        "0, -u",
        "3, -a --pid %PID%",
        "3, -a --host app"
    })
    void filters_choose(int expected, String arguments) throws Exception {
        connect();
        assertThat(ss(arguments.replace("%PID%", Long.toString(PID)).split(" ")))
                .as(err)
                .isZero();
        assertThat(out.lines()).as(out).hasSize(1 + expected);
    }

    @Test
    void udp_sockets_are_unconn_or_estab() throws Exception {
        UdpSocket names = host.openUdpSocket();
        names.bind(new Endpoint(IpAddress.parse("10.0.0.1"), 53));
        UdpSocket asker = host.openUdpSocket();
        asker.connect(new Endpoint(IpAddress.parse("10.0.0.1"), 53));
        ss("-uan");
        assertThat(out)
                .containsPattern("udp +UNCONN +0 +0 +10\\.0\\.0\\.1:53 +\\*:\\* ")
                .containsPattern("udp +ESTAB +0 +0 +10\\.0\\.0\\.1:\\d+ +10\\.0\\.0\\.1:53 ");
        ss("-lun");
        assertThat(out).contains("UNCONN").doesNotContain("ESTAB");
    }

    @Test
    void json_is_one_object_a_line() throws Exception {
        TcpSocket client = connect();
        List<Map<String, Object>> lines = json("--json", "-ta", "dport", "=", ":80");
        assertThat(lines)
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .containsEntry("pid", PID)
                        .containsEntry("program", "web.jar")
                        .containsEntry("host", "app")
                        .containsEntry("transport", "tcp")
                        .containsEntry("state", "ESTABLISHED")
                        .containsEntry("local", "10.0.0.1")
                        .containsEntry("localPort", (long) port(client))
                        .containsEntry("remotePort", 80L)
                        .containsEntry("octetsOut", 0L)
                        .containsKeys("ageMillis", "owner", "timer", "srttMicros", "cwnd", "ssthresh"));
        assertThat(json("--json", "-l"))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .containsEntry("state", "LISTEN")
                        .containsEntry("local", "::")
                        .containsEntry("remote", null)
                        .containsEntry("sendQueue", 3_000L)
                        .containsEntry("owner", "web pages"));
    }

    @Test
    void many_sockets_come_in_pages_each_of_them_once() throws Exception {
        for (int i = 0; i < 2_500; i++) {
            connect();
        }
        List<Map<String, Object>> lines = json("--json", "-t");
        assertThat(lines).hasSize(5_000);
        assertThat(lines.stream().map(line -> line.get("localPort") + ">" + line.get("remotePort")))
                .doesNotHaveDuplicates();
        assertThat(ss("-tn")).isZero();
        assertThat(out.lines()).hasSize(5_001);
    }

    @Test
    void fill_and_summary_show_the_use_of_ports() throws Exception {
        for (int i = 0; i < 10; i++) {
            connect();
        }
        ss("--fill", "-tn");
        assertThat(out.lines()).hasSize(2);
        assertThat(out).containsPattern("tcp +10\\.0\\.0\\.1 +10\\.0\\.0\\.1:80 +10 +0 +16374 +0\\.1% +web\\.jar/");
        assertThat(json("--fill", "--json", "-t"))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .containsEntry("inUse", 10L)
                        .containsEntry("free", 16_374L)
                        .containsEntry("percent", 0.1));
        ss("-s");
        assertThat(out)
                .contains("host app of web.jar/" + PID)
                .contains("TCP: 20 flows (20 ESTABLISHED), 1 bound, ephemeral ports 49152-65535")
                .contains("at most 20 flows, 0 in TIME-WAIT, 10 ports of 10.0.0.1 towards 10.0.0.1 port 80");
        assertThat(json("-s", "--json", "-t"))
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .containsEntry("mostFlows", 20L)
                        .containsEntry("states", Map.of("ESTABLISHED", 20L))
                        .containsKey("refusals"));
    }

    @Test
    void a_command_line_without_sense_is_one_sentence_and_code_2() {
        for (String[] each : new String[][] {
            {"--state flying", "'flying' is not a state"},
            {"--sport 70000", "A port is 0 to 65535, not 70000"},
            {"--sport htttp", "htttp"},
            {"--dst 10.0.0", "10.0.0"},
            {"--watch 0", "'--watch' takes 0.1 to 86400 seconds"},
            {"--fill -s", "Either --fill or --summary"},
            {"sport != :80", "'!=' is not supported"},
            {"sport =", "Something is missing behind '='"},
            {"or sport = :80", "'or' is not understood"},
            {"sport > :65535", "No port is in that range"},
            {"--sport 80 sport = :81", "No port is both in 80 and in 81"}
        }) {
            assertThat(berth(("ss " + each[0]).split(" "))).as(each[0]).isEqualTo(2);
            assertThat(err).as(each[0]).contains(each[1]);
            assertThat(err.lines()).as(each[0]).hasSize(1);
        }
    }

    @Test
    void nobody_there_is_one_sentence_and_code_1() {
        Path socket = server.path();
        assertThat(berth("ss", "--control", socket.toString(), "--host", "db")).isEqualTo(1);
        assertThat(err).isEqualToNormalizingNewlines("berth ss: There is no host 'db'; there is app.\n");
        server.close();
        assertThat(berth("ss", "--control", socket.toString())).isEqualTo(1);
        assertThat(err).startsWith("berth ss: Nobody answers at " + socket).contains("No such file");
        assertThat(ss("-a")).isEqualTo(1);
        assertThat(err).contains("No 'berth run' of this user is running");
    }
}
