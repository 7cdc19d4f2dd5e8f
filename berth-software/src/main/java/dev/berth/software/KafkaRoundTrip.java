package dev.berth.software;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.tools.StorageTool;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Time;

/// A Kafka broker and controller on their usual ports 9092 and 9093, a producer and a consumer.
public final class KafkaRoundTrip {
    private static final int RECORDS = 1_000;
    private static final String TOPIC = "berths";

    private KafkaRoundTrip() {}

    public static void main(String[] arguments) throws Exception {
        String own = InetAddress.getLocalHost().getHostAddress();
        Path directory = Files.createTempDirectory("kafka");
        Properties broker = new Properties();
        broker.setProperty("process.roles", "broker,controller");
        broker.setProperty("node.id", "1");
        broker.setProperty("controller.quorum.voters", "1@" + own + ":9093");
        broker.setProperty("listeners", "PLAINTEXT://" + own + ":9092,CONTROLLER://" + own + ":9093");
        broker.setProperty("controller.listener.names", "CONTROLLER");
        broker.setProperty("log.dirs", directory.resolve("log").toString());
        broker.setProperty("offsets.topic.replication.factor", "1");
        broker.setProperty("offsets.topic.num.partitions", "1");
        broker.setProperty("group.initial.rebalance.delay.ms", "0");
        Path configuration = directory.resolve("broker.properties");
        try (var writer = Files.newBufferedWriter(configuration)) {
            broker.store(writer, null);
        }
        int status = StorageTool.execute(
                new String[] {"format", "-t", "4L6g3nShT-eMCtK--X86sw", "-c", configuration.toString()}, System.out);
        Check.equal(0, status, "the storage");
        KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(broker), Time.SYSTEM);
        server.startup();
        produce(own);
        consume(own);
        server.shutdown();
        Check.done();
    }

    private static void produce(String own) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("bootstrap.servers", own + ":9092");
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < RECORDS; i++) {
                producer.send(new ProducerRecord<>(TOPIC, "key" + i, "value" + i));
            }
        }
        System.out.println("right: produced");
    }

    private static void consume(String own) {
        Properties properties = new Properties();
        properties.setProperty("bootstrap.servers", own + ":9092");
        properties.setProperty("group.id", "test");
        properties.setProperty("auto.offset.reset", "earliest");
        Set<String> values = new HashSet<>();
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(TOPIC));
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (values.size() < RECORDS && System.nanoTime() < end) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    values.add(record.value());
                }
            }
        }
        Check.equal(RECORDS, values.size(), "records consumed");
    }
}
