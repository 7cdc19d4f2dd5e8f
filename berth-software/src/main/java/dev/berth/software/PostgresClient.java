package dev.berth.software;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;

/// PostgreSQL's JDBC driver at a server elsewhere: the arguments are its URL, a user and a password.
public final class PostgresClient {
    private PostgresClient() {}

    public static void main(String[] arguments) throws SQLException {
        try (Connection connection = DriverManager.getConnection(arguments[0], arguments[1], arguments[2])) {
            Check.equal("PostgreSQL", connection.getMetaData().getDatabaseProductName(), "the product");
            H2OverTcp.rows(connection);
        }
        Check.done();
    }
}
