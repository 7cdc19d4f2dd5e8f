package dev.berth.software.replicated;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.retry.RetryPolicies;

/// A client of Apache Ratis.
public final class RatisWriter implements Writer {
    private static final int ATTEMPTS = 300;

    private final List<String> acknowledged = new ArrayList<>();
    private volatile boolean ends;
    private final AtomicInteger failed = new AtomicInteger();
    private RaftClient client;
    private Thread thread;

    /// Loaded by [OwnProcess].
    public RatisWriter() {}

    @Override
    public void start(List<String> names, Runnable changed) {
        RaftProperties properties = RatisCommon.properties();
        RaftClientConfigKeys.Rpc.setRequestTimeout(properties, RatisCommon.millis(1_000));
        client = RaftClient.newBuilder()
                .setRaftGroup(RatisCommon.group(names))
                .setProperties(properties)
                .setRetryPolicy(RetryPolicies.retryUpToMaximumCountWithFixedSleep(ATTEMPTS, RatisCommon.millis(100)))
                .build();
        thread = Thread.ofPlatform().name("writer").start(() -> write(changed));
    }

    private void write(Runnable changed) {
        int number = 0;
        while (!ends) {
            String entry = "entry-" + ++number;
            try {
                if (client.io().send(Message.valueOf(entry)).isSuccess()) {
                    synchronized (acknowledged) {
                        acknowledged.add(entry);
                    }
                } else {
                    failed.incrementAndGet();
                }
            } catch (IOException e) {
                failed.incrementAndGet(); // the test looks at the number
            }
            changed.run();
        }
    }

    @Override
    public List<String> acknowledged() {
        synchronized (acknowledged) {
            return List.copyOf(acknowledged);
        }
    }

    @Override
    public int failed() {
        return failed.get();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        ends = true;
        thread.join(60_000);
        client.close();
    }
}
