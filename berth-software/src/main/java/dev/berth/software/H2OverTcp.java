package dev.berth.software;

import java.net.InetAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.h2.tools.Server;

/// The database H2: its TCP server on its usual port 9092, and its JDBC driver.
public final class H2OverTcp {
    private static final int ROWS = 1_000;

    private H2OverTcp() {}

    public static void main(String[] arguments) throws Exception {
        Server server = Server.createTcpServer("-tcpAllowOthers", "-ifNotExists", "-tcpPort", "9092")
                .start();
        String own = InetAddress.getLocalHost().getHostAddress();
        try (Connection connection =
                DriverManager.getConnection("jdbc:h2:tcp://" + own + ":9092/mem:test;DB_CLOSE_DELAY=-1")) {
            rows(connection);
        }
        server.stop();
        Check.done();
    }

    /// Writes rows and reads them back.
    static void rows(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("create temporary table berths (id int primary key, name varchar(1000))");
        }
        try (PreparedStatement insert = connection.prepareStatement("insert into berths values (?, ?)")) {
            for (int i = 0; i < ROWS; i++) {
                insert.setInt(1, i);
                insert.setString(2, "x".repeat(i % 1_000));
                insert.addBatch();
            }
            insert.executeBatch();
        }
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select count(*), sum(length(name)) from berths")) {
            result.next();
            Check.equal(ROWS, result.getInt(1), "rows written");
            Check.equal(499_500L, result.getLong(2), "their length");
        }
        int sum = 0;
        try (Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select name from berths")) {
            while (result.next()) {
                sum += result.getString(1).length();
            }
        }
        Check.equal(499_500, sum, "rows read");
    }
}
