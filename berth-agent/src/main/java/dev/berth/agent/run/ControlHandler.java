package dev.berth.agent.run;

import java.io.IOException;
import java.util.function.Consumer;

/// What answers one kind of request to a control socket.
@FunctionalInterface
public interface ControlHandler {
    /// Answers a request: any number of lines, each one JSON object, and members for the last line, which the server
    /// writes. It takes all members of the request and then calls [ControlRequest#requireNothingElse].
    ///
    /// @param lines takes the lines before the last
    /// @return the last line, whose first member `ok` the server adds
    /// @throws ControlException if it cannot be answered; the message goes to the one who asked
    JsonLine answer(ControlRequest request, Consumer<String> lines) throws ControlException, IOException;
}
