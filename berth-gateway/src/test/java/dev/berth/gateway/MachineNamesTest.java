package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.wire.Bytes;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What the machine knows: by the JDK's resolver, and by name servers that a file of the test names and the test plays.
@Timeout(60)
class MachineNamesTest {
    private static final int A = 1;
    private static final int MX = 15;
    private static final int ANSWER = 0x8180;
    private static final int CUT = 0x0200;

    @TempDir
    Path directory;

    private final List<CompletableFuture<Void>> servers = new ArrayList<>();
    private Path file;
    private DatagramSocket udp;
    private ServerSocket tcp;

    @BeforeEach
    void open() throws IOException {
        file = directory.resolve("resolv.conf");
        tcp = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.3"));
        tcp.setSoTimeout(20_000);
        udp = new DatagramSocket(tcp.getLocalPort(), InetAddress.getByName("127.0.0.3"));
        udp.setSoTimeout(20_000);
    }

    @AfterEach
    void close() throws Exception {
        udp.close();
        tcp.close();
        for (CompletableFuture<Void> each : servers) {
            each.get(20, TimeUnit.SECONDS);
        }
    }

    private MachineNames names(String text) throws IOException {
        Files.writeString(file, text);
        return new MachineNames(KernelSockets.provider("A test"), file, udp.getLocalPort());
    }

    private interface Step {
        void run() throws IOException;
    }

    private void serve(Step step) {
        servers.add(CompletableFuture.runAsync(() -> {
            try {
                step.run();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }));
    }

    private static byte[] query(String name, int type) {
        byte[] query = new byte[12 + name.length() + 2 + 4];
        Bytes.put16(query, 0, 0x4711);
        Bytes.put16(query, 2, 0x0100);
        Bytes.put16(query, 4, 1);
        int at = 12;
        for (String label : name.split("[.]")) {
            query[at++] = (byte) label.length();
            byte[] octets = label.getBytes(StandardCharsets.US_ASCII);
            System.arraycopy(octets, 0, query, at, octets.length);
            at += octets.length;
        }
        Bytes.put16(query, at + 1, type);
        Bytes.put16(query, at + 3, 1);
        return query;
    }

    /// The question with other flags and some octets more, by which the test knows it again.
    private static byte[] answer(byte[] query, int flags, int more) {
        byte[] answer = Arrays.copyOf(query, query.length + 1);
        Bytes.put16(answer, 2, flags);
        answer[query.length] = (byte) more;
        return answer;
    }

    private byte[] reply(byte[]... answers) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[512], 512);
        udp.receive(packet);
        byte[] query = Arrays.copyOf(packet.getData(), packet.getLength());
        for (byte[] each : answers) {
            udp.send(new DatagramPacket(each, each.length, packet.getSocketAddress()));
        }
        return query;
    }

    @Test
    void other_types_are_asked_of_the_name_server_of_the_file() throws Exception {
        byte[] query = query("example.test", MX);
        byte[] stranger = answer(query, ANSWER, 1);
        Bytes.put16(stranger, 0, 0x4712);
        byte[] question = answer(query, 0x0100, 2);
        serve(() -> assertThat(reply(stranger, question, new byte[3], answer(query, ANSWER, 3)))
                .isEqualTo(query));
        assertThat(names("# a comment\nsearch lab\nnameserver 127.0.0.3\n").ask(query))
                .isEqualTo(answer(query, ANSWER, 3));
    }

    @Test
    void a_name_server_that_is_not_there_is_passed_over() throws Exception {
        byte[] query = query("example.test", MX);
        serve(() -> reply(answer(query, ANSWER, 7)));
        assertThat(names("nameserver 127.0.0.4\nnameserver 127.0.0.3\n").ask(query))
                .isEqualTo(answer(query, ANSWER, 7));
    }

    @Test
    void an_answer_that_was_cut_is_asked_for_again_over_tcp() throws Exception {
        byte[] query = query("example.test", MX);
        serve(() -> reply(answer(query, ANSWER | CUT, 1)));
        serve(() -> {
            try (Socket client = tcp.accept()) {
                DataInputStream in = new DataInputStream(client.getInputStream());
                byte[] asked = new byte[in.readUnsignedShort()];
                in.readFully(asked);
                assertThat(asked).isEqualTo(query);
                byte[] whole = answer(query, ANSWER, 2);
                DataOutputStream out = new DataOutputStream(client.getOutputStream());
                out.writeShort(whole.length);
                out.flush();
                out.write(whole, 0, 5);
                out.flush();
                out.write(whole, 5, whole.length - 5);
            }
        });
        assertThat(names("nameserver 127.0.0.3\n").ask(query)).isEqualTo(answer(query, ANSWER, 2));
    }

    @Test
    void a_name_server_that_ends_the_connection_is_told_of() throws Exception {
        byte[] query = query("example.test", MX);
        serve(() -> reply(answer(query, ANSWER | CUT, 1)));
        serve(() -> tcp.accept().close());
        MachineNames names = names("nameserver 127.0.0.3\n");
        assertThatThrownBy(() -> names.ask(query)).isInstanceOf(IOException.class);
    }

    @Test
    void the_file_is_read_each_time_and_may_be_missing_or_name_nobody() throws Exception {
        byte[] query = query("example.test", MX);
        MachineNames names = names("nameserver nonsense\n");
        for (boolean there : new boolean[] {true, false}) {
            assertThatThrownBy(() -> names.ask(query)).isInstanceOf(IOException.class);
            if (there) {
                Files.delete(file);
            }
        }
        Files.writeString(file, "nameserver 127.0.0.3\n");
        serve(() -> reply(answer(query, ANSWER, 9)));
        assertThat(names.ask(query)).isEqualTo(answer(query, ANSWER, 9));
    }

    @Test
    void addresses_are_what_the_jdk_finds_and_no_name_server_is_asked() throws Exception {
        byte[] answer = names("nameserver 127.0.0.3\n").ask(query("localhost", A));
        assertThat(answer).endsWith(127, 0, 0, 1);
        assertThat(Bytes.u16(answer, 2) & 0x0400).as("not an authority").isZero();
        assertThat(Bytes.u16(answer, 6)).isPositive();
    }

    @Test
    void the_type_of_a_query_is_found_or_none() {
        assertThat(MachineNames.type(query("a.b.c", MX))).isEqualTo(MX);
        assertThat(MachineNames.type(new byte[0])).isZero();
        assertThat(MachineNames.type(new byte[12])).isZero();
        byte[] pointer = query("abc", A);
        pointer[12] = (byte) 0xc0;
        assertThat(MachineNames.type(pointer)).isZero();
    }
}
