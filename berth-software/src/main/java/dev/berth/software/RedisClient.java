package dev.berth.software;

import java.net.URI;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;

/// Jedis at a Redis server elsewhere: the argument is its URL.
public final class RedisClient {
    private static final int KEYS = 1_000;

    private RedisClient() {}

    public static void main(String[] arguments) {
        try (Jedis jedis = new Jedis(URI.create(arguments[0]))) {
            Check.equal("PONG", jedis.ping(), "ping");
            Pipeline pipeline = jedis.pipelined();
            for (int i = 0; i < KEYS; i++) {
                pipeline.set("key" + i, "value" + i);
            }
            pipeline.sync();
            int right = 0;
            for (int i = 0; i < KEYS; i++) {
                if (("value" + i).equals(jedis.get("key" + i))) {
                    right++;
                }
            }
            Check.equal(KEYS, right, "keys");
            byte[] large = new byte[1 << 20];
            jedis.set("large".getBytes(), large);
            Check.equal(large.length, jedis.get("large".getBytes()).length, "a large value");
        }
        Check.done();
    }
}
