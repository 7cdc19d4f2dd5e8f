package dev.berth.names;

import dev.berth.wire.Bytes;
import dev.berth.wire.IpAddress;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Queries as a resolver writes them, and answers as it reads them.
final class Messages {
    /// A record: its name, its type, its time to live and its data as text.
    record Answer(String name, int type, int timeToLive, String data) {}

    /// An answer that was read whole.
    record Reply(int id, int flags, String question, List<Answer> answers, boolean edns, int extendedRcode) {
        int rcode() {
            return flags & 0xf;
        }

        boolean is(int flag) {
            return (flags & flag) != 0;
        }

        List<String> data() {
            return answers.stream().map(Answer::data).toList();
        }
    }

    private Messages() {}

    static byte[] query(int id, String name, int type) {
        return query(id, DnsQuery.RD, name, type, 0);
    }

    /// A query with an OPT record if `payload` is not 0.
    static byte[] query(int id, int flags, String name, int type, int payload) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        put16(out, id, flags, 1, 0, 0, payload == 0 ? 0 : 1);
        byte[] octets = DnsName.write(name);
        out.write(octets, 0, octets.length);
        put16(out, type, DnsQuery.IN);
        if (payload != 0) {
            out.write(0);
            put16(out, DnsQuery.OPT, payload, 0, 0, 0);
        }
        return out.toByteArray();
    }

    static void put16(ByteArrayOutputStream out, int... values) {
        for (int value : values) {
            out.write(value >>> 8);
            out.write(value);
        }
    }

    static Reply read(byte[] message) {
        int[] counts = {Bytes.u16(message, 4), Bytes.u16(message, 6), Bytes.u16(message, 8), Bytes.u16(message, 10)};
        int at = DnsQuery.HEADER;
        String question = "";
        if (counts[0] == 1) {
            question = rawName(message, at);
            at = DnsName.skip(message, at, message.length) + 4;
        }
        List<Answer> answers = new ArrayList<>();
        boolean edns = false;
        int extended = 0;
        for (int i = 0; i < counts[1] + counts[2] + counts[3]; i++) {
            String name = DnsName.read(message, 0, at, message.length);
            at = DnsName.skip(message, at, message.length);
            int type = Bytes.u16(message, at);
            int length = Bytes.u16(message, at + 8);
            if (type == DnsQuery.OPT) {
                edns = true;
                extended = Bytes.u8(message, at + 4);
            } else {
                byte[] data = Arrays.copyOfRange(message, at + 10, at + 10 + length);
                String text = type == DnsQuery.PTR
                        ? DnsName.read(data, 0, 0, data.length)
                        : IpAddress.of(data).toString();
                answers.add(new Answer(name, type, Bytes.i32(message, at + 4), text));
            }
            at += 10 + length;
        }
        if (at != message.length) {
            throw new AssertionError("The message has " + (message.length - at) + " octets more than it says");
        }
        return new Reply(Bytes.u16(message, 0), Bytes.u16(message, 2), question, answers, edns, extended);
    }

    /// The name in the letters that it was sent in.
    private static String rawName(byte[] message, int from) {
        StringBuilder name = new StringBuilder();
        for (int at = from; message[at] != 0; at += 1 + message[at]) {
            name.append(name.isEmpty() ? "" : ".");
            for (int i = 0; i < message[at]; i++) {
                name.append((char) message[at + 1 + i]);
            }
        }
        return name.toString();
    }
}
