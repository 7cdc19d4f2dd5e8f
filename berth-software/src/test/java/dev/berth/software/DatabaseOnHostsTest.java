package dev.berth.software;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.junit.BerthNetwork;
import dev.berth.network.Fault;
import dev.berth.network.Network;
import dev.berth.sockets.HostScope;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import org.h2.tools.Server;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// JDBC drivers, unmodified, on one host, and their database on another: H2 with its server, and PostgreSQL's driver
/// before a server that is not there or says nothing.
@Timeout(120)
class DatabaseOnHostsTest {
    private static final Duration ONE_WAY = Duration.ofMillis(200);

    @BerthNetwork(
            hosts = {"db", "app"},
            mtu = 1_500)
    Network network;

    @BeforeAll
    static void sockets() {
        InThisJvm.nowhere();
    }

    private HostScope scope(String name) {
        return HostScope.of(network.find(name).orElseThrow(), false, network);
    }

    private static int one(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select 1")) {
            result.next();
            return result.getInt(1);
        }
    }

    private static Connection h2(int timeoutMillis) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:h2:tcp://db:9092/mem:test;DB_CLOSE_DELAY=-1;NETWORK_TIMEOUT=" + timeoutMillis);
    }

    @Test
    void h2_works_is_slow_and_is_cut_off() throws Exception {
        Server server = scope("db")
                .call(() -> Server.createTcpServer("-tcpAllowOthers", "-ifNotExists", "-tcpPort", "9092")
                        .start());
        scope("app").run(() -> {
            try (Connection connection = h2(60_000)) {
                H2OverTcp.rows(connection);
                try (Fault slow = network.between("app", "db").port(9092).latency(ONE_WAY)) {
                    long begin = System.nanoTime();
                    assertThat(one(connection)).isEqualTo(1);
                    assertThat(System.nanoTime() - begin)
                            .as("there and back")
                            .isGreaterThanOrEqualTo(2 * ONE_WAY.toNanos());
                    assertThat(slow.packets()).isPositive();
                }
                assertThat(one(connection)).isEqualTo(1);
            }
            Connection patient = h2(1_000);
            try (Fault cut = network.between("app", "db").cut()) {
                long begin = System.nanoTime();
                assertThatThrownBy(() -> one(patient))
                        .isInstanceOf(SQLNonTransientConnectionException.class)
                        .hasMessageContaining("Connection is broken");
                assertThat(System.nanoTime() - begin).as("the driver's timeout").isGreaterThanOrEqualTo(1_000_000_000L);
                assertThat(cut.packets()).isPositive();
            }
            try (Connection again = h2(60_000)) {
                assertThat(one(again)).isEqualTo(1);
            }
        });
        server.stop();
    }

    @Test
    void postgresql_s_driver_says_what_is_wrong() throws Exception {
        String url = "jdbc:postgresql://db/postgres?connectTimeout=1&socketTimeout=1&loginTimeout=0&sslmode=disable"
                + "&gssEncMode=disable";
        scope("app").run(() -> {
            assertThatThrownBy(() -> DriverManager.getConnection(url, "berth", ""))
                    .hasMessageContaining("db:5432")
                    .hasRootCauseInstanceOf(ConnectException.class);
            try (Fault cut = network.between("app", "db").cut()) {
                assertThatThrownBy(() -> DriverManager.getConnection(url, "berth", ""))
                        .hasRootCauseInstanceOf(SocketTimeoutException.class)
                        .rootCause()
                        .hasMessage("Connect timed out");
                assertThat(cut.packets()).isPositive();
            }
        });
        try (ServerSocket silent = scope("db").call(() -> new ServerSocket(5432))) {
            scope("app")
                    .run(() -> assertThatThrownBy(() -> DriverManager.getConnection(url, "berth", ""))
                            .hasRootCauseInstanceOf(SocketTimeoutException.class)
                            .rootCause()
                            .hasMessage("Read timed out"));
            silent.accept().close();
        }
    }
}
