package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.DatagramSocket;
import java.net.MulticastSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// A view of a channel has nothing below it but the channel: a method of the JDK's class that it did not override would
/// open a socket of the kernel, or another one of the host.
class ViewsTest {
    @Test
    void views_override_every_method_that_could_reach_a_socket() {
        assertThat(inherited(SocketView.class, Socket.class)).isEmpty();
        assertThat(inherited(ServerSocketView.class, ServerSocket.class)).isEmpty();
        assertThat(inherited(DatagramSocketView.class, DatagramSocket.class)).isEmpty();
        assertThat(inherited(MulticastSocketView.class, MulticastSocket.class)).isEmpty();
        assertThat(inherited(MulticastSocketView.class, DatagramSocket.class)).isEmpty();
    }

    private static List<String> inherited(Class<?> view, Class<?> base) {
        List<String> missing = new ArrayList<>();
        for (Method method : base.getMethods()) {
            boolean ofJdk = method.getDeclaringClass().getPackageName().equals("java.net");
            // setPerformancePreferences does nothing in the JDK either
            boolean without = method.getName().equals("setPerformancePreferences");
            if (ofJdk && !without && !Modifier.isStatic(method.getModifiers()) && !isOverridden(view, method)) {
                missing.add(method.toString());
            }
        }
        return missing;
    }

    private static boolean isOverridden(Class<?> view, Method method) {
        return Stream.of(view.getDeclaredMethods())
                .anyMatch(own -> own.getName().equals(method.getName())
                        && Arrays.equals(own.getParameterTypes(), method.getParameterTypes()));
    }
}
