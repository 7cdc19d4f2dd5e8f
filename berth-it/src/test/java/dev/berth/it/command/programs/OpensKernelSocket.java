package dev.berth.it.command.programs;

import java.net.ServerSocket;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;

/// Goes past Berth: it asks the JDK for the provider of the kernel's channels. The package `sun.nio.ch` must be
/// exported to it.
final class OpensKernelSocket {
    private OpensKernelSocket() {}

    public static void main(String[] args) throws Exception {
        new ServerSocket(80).close();
        try (SocketChannel channel = kernelProvider().openSocketChannel()) {
            System.out.println("opened " + channel.isOpen());
        } catch (SocketException e) {
            System.out.println("refused: " + e.getMessage());
        }
    }

    private static SelectorProvider kernelProvider() throws ReflectiveOperationException {
        return (SelectorProvider) Class.forName("sun.nio.ch.DefaultSelectorProvider")
                .getMethod("get")
                .invoke(null);
    }
}
