package dev.berth.it.kernel;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import jdk.net.ExtendedSocketOptions;

/// A program on the kernel's sockets, run as a child in a namespace. Servers print `ready` when they listen; what a
/// program found out is printed as one line.
final class KernelPeer {
    private static final int TIMEOUT_MILLIS = 120_000;

    private final String address;
    private final int port;
    private final String[] rest;

    private KernelPeer(String[] arguments) {
        address = arguments[1];
        port = Integer.parseInt(arguments[2]);
        rest = List.of(arguments).subList(3, arguments.length).toArray(String[]::new);
    }

    public static void main(String[] arguments) throws Exception {
        KernelPeer peer = new KernelPeer(arguments);
        switch (arguments[0]) {
            case "http" -> peer.serveHttp();
            case "fetch" -> peer.fetch();
            case "blast" -> peer.blast();
            case "swallow" -> peer.swallow();
            case "measure" -> peer.measure();
            case "share" -> peer.share();
            case "serve" -> peer.serve();
            case "exchange" -> peer.exchange();
            case "many" -> peer.connectOften();
            case "again" -> peer.connectFromOnePort();
            case "reset" -> peer.reset();
            case "accept-reset" -> peer.acceptAndReset();
            case "half-close" -> peer.halfClose();
            case "keep-alive" -> peer.keepAlive();
            case "connect" -> peer.connect();
            case "crowd-connect" ->
                Crowd.connectAll(
                        List.of(peer.address, peer.rest[0]), peer.port, peer.number(1), (int) peer.number(2), (int)
                                peer.number(3));
            case "crowd-serve" -> Crowd.serveAll(peer.port, peer.number(0), (int) peer.number(1));
            case "udp-echo" -> peer.echoDatagrams();
            case "udp-ask" -> peer.askByUdp();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    /// The command that runs this class in a child JVM.
    static String[] command(String what, String address, int port, Object... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx96m", "-Xshare:auto", "-XX:+UseSerialGC"));
        command.add("-cp");
        command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        command.addAll(List.of(KernelPeer.class.getName(), what, address, "" + port));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return command.toArray(String[]::new);
    }

    private long number(int index) {
        return Long.parseLong(rest[index]);
    }

    private InetSocketAddress remote() throws IOException {
        return new InetSocketAddress(InetAddress.getByName(address), port);
    }

    private Socket connected() throws IOException {
        Socket socket = new Socket();
        socket.connect(remote(), TIMEOUT_MILLIS);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        return socket;
    }

    private static void say(String line) {
        System.out.println(line);
    }

    /// `GET /LENGTH` sends so many octets, `PUT /` answers with what [Bulk#read] says.
    private void serveHttp() throws IOException {
        HttpServer server = HttpServer.create(remote(), 128);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", KernelPeer::handle);
        server.start();
        say("ready");
    }

    private static void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (exchange.getRequestMethod().equals("PUT")) {
                byte[] answer =
                        Bulk.read(exchange.getRequestBody(), Long.MAX_VALUE).getBytes(StandardCharsets.US_ASCII);
                exchange.sendResponseHeaders(200, answer.length);
                exchange.getResponseBody().write(answer);
            } else {
                URI uri = exchange.getRequestURI();
                long length = Long.parseLong(uri.getPath().substring(1));
                exchange.sendResponseHeaders(200, length == 0 ? -1 : length);
                Bulk.write(exchange.getResponseBody(), length);
            }
        }
    }

    /// `GET /LENGTH` with the JDK's client; says the status and what [Bulk#read] says.
    private void fetch() throws Exception {
        String host = address.contains(":") ? "[" + address + "]" : address;
        URI uri = URI.create("http://" + host + ":" + port + "/" + rest[0]);
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<InputStream> response =
                    client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = response.body()) {
                say(response.statusCode() + " " + Bulk.read(body, Long.MAX_VALUE));
            }
        }
    }

    /// Accepts connections; on each, sends so many octets as the first argument says while it reads until the end of
    /// the stream, and says what it read.
    private void serve() throws Exception {
        try (ServerSocket server = new ServerSocket(port, 128, InetAddress.getByName(address));
                ExecutorService workers = Executors.newCachedThreadPool()) {
            say("ready");
            for (int i = 0; i < number(1); i++) {
                Socket socket = server.accept();
                workers.execute(() -> {
                    try (socket) {
                        say(bothWays(socket, number(0)));
                    } catch (Exception e) {
                        say(e.toString());
                    }
                });
            }
        }
    }

    /// Connects, sends so many octets and reads until the end of the stream at the same time.
    private void exchange() throws Exception {
        try (Socket socket = connected()) {
            say(bothWays(socket, number(0)));
        }
    }

    private static String bothWays(Socket socket, long length) throws Exception {
        try (ExecutorService writer = Executors.newSingleThreadExecutor()) {
            Future<?> written = writer.submit(() -> {
                Bulk.write(socket.getOutputStream(), length);
                socket.shutdownOutput();
                return null;
            });
            String read = Bulk.read(socket.getInputStream(), Long.MAX_VALUE);
            written.get();
            return read;
        }
    }

    /// Connects so many times, so many at once; sends four octets on each and expects them back, then the end.
    private void connectOften() throws Exception {
        int count = (int) number(0);
        int atOnce = (int) number(1);
        int good = 0;
        try (ExecutorService clients = Executors.newFixedThreadPool(atOnce)) {
            List<Future<Boolean>> results = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int id = i;
                results.add(clients.submit(() -> ask(id)));
            }
            for (Future<Boolean> result : results) {
                try {
                    good += result.get() ? 1 : 0;
                } catch (ExecutionException e) {
                    say("failed: " + e.getCause());
                }
            }
        }
        say("good " + good);
    }

    /// Connects so many times, one after the other, always from the same port. The kernel refuses while its end of
    /// the connection before still waits for the last acknowledgment.
    private void connectFromOnePort() throws IOException {
        int good = 0;
        for (int attempt = 0; good < number(0) && attempt < 100_000; attempt++) {
            try (Socket socket = new Socket()) {
                socket.setReuseAddress(true);
                socket.bind(new InetSocketAddress(5_555));
                socket.connect(remote(), TIMEOUT_MILLIS);
                good += ask(socket, good) ? 1 : 0;
            } catch (BindException | NoRouteToHostException e) {
                Thread.onSpinWait();
            }
        }
        say("good " + good);
    }

    private boolean ask(int id) throws IOException {
        try (Socket socket = connected()) {
            return ask(socket, id);
        }
    }

    private static boolean ask(Socket socket, int id) throws IOException {
        byte[] question = {(byte) (id >>> 24), (byte) (id >>> 16), (byte) (id >>> 8), (byte) id};
        socket.getOutputStream().write(question);
        int answer = new DataInputStream(socket.getInputStream()).readInt();
        return answer == id && socket.getInputStream().read() < 0;
    }

    /// Connects, sends an octet, waits for one and closes with a RST.
    private void reset() throws IOException {
        try (Socket socket = connected()) {
            socket.setSoLinger(true, 0);
            socket.getOutputStream().write(1);
            say("read " + socket.getInputStream().read());
        }
        say("reset");
    }

    /// Accepts one connection, reads an octet and closes with a RST.
    private void acceptAndReset() throws IOException {
        try (ServerSocket server = new ServerSocket(port, 10, InetAddress.getByName(address))) {
            say("ready");
            try (Socket socket = server.accept()) {
                socket.setSoLinger(true, 0);
                say("read " + socket.getInputStream().read());
            }
            say("reset");
        }
    }

    /// Connects, closes its sending direction at once and reads until the end of the stream.
    private void halfClose() throws IOException {
        try (Socket socket = connected()) {
            socket.shutdownOutput();
            say(Bulk.read(socket.getInputStream(), Long.MAX_VALUE));
        }
    }

    /// Connects with keep-alive probes every second and waits for the end of the stream.
    private void keepAlive() throws IOException {
        try (Socket socket = connected()) {
            socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, 1);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPINTERVAL, 1);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 2);
            socket.getOutputStream().write(1);
            say("idle");
            say("end " + socket.getInputStream().read());
        }
    }

    /// Connects and sends until the other end has enough; if there is an argument, on so many connections at once.
    private void blast() throws IOException {
        for (int i = 1; i < (rest.length == 0 ? 1 : number(0)); i++) {
            Socket another = connected();
            Thread.ofPlatform().daemon().start(() -> blast(another));
        }
        blast(connected());
    }

    private static void blast(Socket socket) {
        byte[] block = new byte[256 * 1024];
        try (socket) {
            for (; ; ) {
                socket.getOutputStream().write(block);
            }
        } catch (IOException e) {
            say("blasted until " + e);
        }
    }

    /// Accepts so many connections, reads from all of them, and says `got` and the remote address and octets of each
    /// in the seconds that the third argument gives, after those that the second one gives. They begin when all are
    /// there.
    private void share() throws Exception {
        try (ServerSocket server = new ServerSocket(port, 100, InetAddress.getByName(address))) {
            say("ready");
            Socket[] sockets = new Socket[(int) number(0)];
            AtomicLong[] octets = new AtomicLong[sockets.length];
            for (int i = 0; i < sockets.length; i++) {
                sockets[i] = server.accept();
                sockets[i].setSoLinger(true, 0);
                Socket socket = sockets[i];
                AtomicLong sum = octets[i] = new AtomicLong();
                Thread.ofPlatform().daemon().start(() -> count(socket, sum));
            }
            TimeUnit.SECONDS.sleep(number(1));
            long[] before = Stream.of(octets).mapToLong(AtomicLong::get).toArray();
            TimeUnit.SECONDS.sleep(number(2));
            long[] after = Stream.of(octets).mapToLong(AtomicLong::get).toArray();
            StringBuilder line = new StringBuilder("got");
            for (int i = 0; i < sockets.length; i++) {
                line.append(' ').append(sockets[i].getInetAddress().getHostAddress());
                line.append(' ').append(after[i] - before[i]);
            }
            say(line.toString());
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    private static void count(Socket socket, AtomicLong octets) {
        byte[] block = new byte[64 * 1024];
        try {
            for (int part = 0; part >= 0; part = socket.getInputStream().read(block)) {
                octets.addAndGet(part);
            }
        } catch (IOException e) {
            say("counted until " + e);
        }
    }

    /// Connects and reads until the end.
    private void swallow() throws IOException {
        try (Socket socket = connected()) {
            socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        }
    }

    /// Accepts one connection and reads for so many seconds from the first octet on; says `got`, how many octets came
    /// and the nanoseconds that took.
    private void measure() throws IOException {
        try (ServerSocket server = new ServerSocket(port, 10, InetAddress.getByName(address))) {
            say("ready");
            try (Socket socket = server.accept()) {
                socket.setSoLinger(true, 0);
                byte[] block = new byte[64 * 1024];
                InputStream in = socket.getInputStream();
                long octets = in.read(block);
                long begin = System.nanoTime();
                long end = begin + number(0) * 1_000_000_000L;
                long now = begin;
                while (now < end) {
                    socket.setSoTimeout((int) Math.max(1, (end - now) / 1_000_000));
                    try {
                        int part = in.read(block);
                        if (part < 0) {
                            break;
                        }
                        octets += part;
                    } catch (SocketTimeoutException e) {
                        break; // the time is over while nothing comes
                    }
                    now = System.nanoTime();
                }
                say("got " + octets + " " + (System.nanoTime() - begin));
            }
        }
    }

    private void connect() {
        try (Socket socket = connected()) {
            say("connected " + socket.getPort());
        } catch (IOException e) {
            say(e.toString());
        }
    }

    private void echoDatagrams() throws IOException {
        try (DatagramSocket socket = new DatagramSocket(remote())) {
            say("ready");
            byte[] buffer = new byte[65_535];
            for (int i = 0; i < number(0); i++) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                socket.receive(packet);
                socket.send(packet);
            }
        }
    }

    /// Sends datagrams of the given sizes one after the other and says what came back.
    private void askByUdp() {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(TIMEOUT_MILLIS);
            socket.connect(remote());
            for (String size : rest) {
                byte[] question = Bulk.of(Integer.parseInt(size));
                socket.send(new DatagramPacket(question, question.length));
                DatagramPacket answer = new DatagramPacket(new byte[65_535], 65_535);
                socket.receive(answer);
                InputStream data =
                        new java.io.ByteArrayInputStream(answer.getData(), answer.getOffset(), answer.getLength());
                say(Bulk.read(data, Long.MAX_VALUE));
            }
        } catch (IOException e) {
            say(e.toString());
        }
    }
}
