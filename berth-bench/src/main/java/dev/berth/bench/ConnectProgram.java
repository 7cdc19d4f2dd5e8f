package dev.berth.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;

/// One of the child JVMs of [KernelPorts]: it holds sockets of the kernel that have begun to connect to one
/// destination and wait for an answer that never comes, and times `connect`. One process does not do, because its
/// descriptors are limited to fewer than there are ports.
final class ConnectProgram {
    /// Descriptors that are left for the JVM and for sockets that are only tried.
    private static final int SPARE = 64;

    private static final int FEWEST = 5;
    private static final int MOST = 1 << 16;

    private final KernelCalls calls;
    private final SplittableRandom random = new SplittableRandom(1);
    private int[] sockets = new int[1 << 15];
    private int count;

    private ConnectProgram(KernelCalls calls) {
        this.calls = calls;
    }

    /// Prints `ready`, then answers each line.
    ///
    /// - `fill N`: opens sockets, N at most, and connects them; `HELD NANOS` says how many there are now and how much
    ///   time of the processor the calls of `connect` took.
    /// - `probe NANOS`: opens, connects and closes one socket after the other; the answer is the nanoseconds of
    ///   `connect` in the median: by the clock or of the processor, whichever is less, since a call that searches for
    ///   a millisecond is often interrupted on a busy machine.
    /// - `fail NANOS`: the same where no port is left.
    /// - `punch N`: closes N of them, chosen at random; `HELD`.
    public static void main(String[] arguments) throws IOException {
        ConnectProgram program = new ConnectProgram(new KernelCalls(KernelPorts.ADDRESS, KernelPorts.PORT));
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("ready");
        String line;
        while ((line = commands.readLine()) != null) {
            String[] words = line.split(" ", -1);
            System.out.println(program.answer(words[0], Long.parseLong(words[1])));
        }
    }

    private String answer(String command, long number) {
        try {
            return switch (command) {
                case "fill" -> fill((int) number);
                case "probe" -> probe(number, KernelCalls.EINPROGRESS);
                case "fail" -> probe(number, KernelCalls.EADDRNOTAVAIL);
                case "punch" -> punch((int) number);
                default -> "error unknown command " + command;
            };
        } catch (IOException e) {
            return "error " + e.getMessage();
        }
    }

    private String fill(int more) throws IOException {
        int opened = open(more);
        long start = Threads.cpuNanos();
        for (int i = count; i < opened; i++) {
            expect(calls.connect(sockets[i]), KernelCalls.EINPROGRESS);
        }
        long nanos = Threads.cpuNanos() - start;
        count = opened;
        return count + " " + nanos;
    }

    /// Opens sockets behind those there are; returns the number of all.
    private int open(int more) throws IOException {
        int opened = count;
        for (; opened < count + more; opened++) {
            int socket = calls.socket();
            if (socket == -KernelCalls.EMFILE) {
                int spared = Math.min(SPARE, opened - count);
                for (int i = 0; i < spared; i++) {
                    close(sockets[--opened]);
                }
                return opened;
            }
            if (socket < 0) {
                throw new IOException("socket: error " + -socket);
            }
            if (opened == sockets.length) {
                sockets = Arrays.copyOf(sockets, 2 * opened);
            }
            sockets[opened] = socket;
        }
        return opened;
    }

    private String probe(long nanos, int expected) throws IOException {
        long[] times = new long[MOST];
        long[] cpuTimes = new long[MOST];
        int n = 0;
        long begin = System.nanoTime();
        do {
            int socket = calls.socket();
            if (socket < 0) {
                throw new IOException("socket: error " + -socket);
            }
            long cpu = Threads.cpuNanos();
            long start = System.nanoTime();
            int result = calls.connect(socket);
            times[n] = System.nanoTime() - start;
            cpuTimes[n++] = Threads.cpuNanos() - cpu;
            close(socket);
            expect(result, expected);
        } while (n < FEWEST || n < MOST && System.nanoTime() - begin < nanos);
        return String.valueOf(Math.min(median(times, n), median(cpuTimes, n)));
    }

    private static long median(long[] values, int count) {
        Arrays.sort(values, 0, count);
        return values[count / 2];
    }

    private String punch(int holes) throws IOException {
        for (int i = 0; i < holes; i++) {
            int at = random.nextInt(count);
            close(sockets[at]);
            sockets[at] = sockets[--count];
        }
        return String.valueOf(count);
    }

    private void close(int socket) throws IOException {
        expect(calls.close(socket), 0);
    }

    private static void expect(int result, int error) throws IOException {
        if (result != -error) {
            throw new IOException("A call of the kernel returned " + result + ", not " + -error);
        }
    }
}
