package dev.berth.sockets.installed;

import static dev.berth.sockets.installed.Scene.check;

import dev.berth.sockets.InstalledSelectorProvider;
import java.io.IOException;
import java.net.Socket;
import java.nio.channels.spi.SelectorProvider;

/// Installs where something stands in the way.
final class InstallProgram {
    private InstallProgram() {}

    public static void main(String[] args) {
        Scene.play(() -> {
            switch (args[0]) {
                case "twice" -> {
                    Scene.install();
                    failing("host 'berth' are installed in this JVM already", Scene::install);
                }
                case "factory" -> {
                    setFactory();
                    failing("The program has set a factory of its own for java.net.Socket", Scene::install);
                }
                case "provider" -> {
                    check(SelectorProvider.provider() != null, "the JVM has chosen its provider");
                    failing("before the first channel or selector is opened", Scene::install);
                }
                case "nothing" -> failing("No sockets are installed", new InstalledSelectorProvider()::host);
                default -> throw new AssertionError(args[0]);
            }
            return null;
        });
    }

    private interface Action {
        Object run() throws IOException;
    }

    @SuppressWarnings("deprecation")
    private static void setFactory() throws IOException {
        Socket.setSocketImplFactory(() -> null);
    }

    private static void failing(String sentence, Action action) throws IOException {
        try {
            action.run();
        } catch (IllegalStateException e) {
            check(e.getMessage().contains(sentence), "the message says why: " + e.getMessage());
            return;
        }
        throw new AssertionError("It should have failed: " + sentence);
    }
}
