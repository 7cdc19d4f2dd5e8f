package dev.berth.stack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TcbTest {
    private static final List<String> OF_PENDING = List.of(
            "ACK_NOW",
            "ACK_DELAYED",
            "SEND",
            "SYN",
            "RETRANSMIT",
            "PROBE",
            "FIN_QUEUED",
            "FIN_SENT",
            "KEEP_ALIVE",
            "LOSS_PROBE");

    private static final List<String> NUMBERS = List.of("QUICK_ACKS");

    @Test
    void every_bit_of_flags_and_of_pending_means_one_thing() throws IllegalAccessException {
        Map<String, Integer> flags = new LinkedHashMap<>();
        Map<String, Integer> pending = new LinkedHashMap<>();
        for (Field field : Tcb.class.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())
                    && field.getType() == int.class
                    && !NUMBERS.contains(field.getName())) {
                (OF_PENDING.contains(field.getName()) ? pending : flags).put(field.getName(), field.getInt(null));
            }
        }
        assertThat(pending.keySet()).containsExactlyInAnyOrderElementsOf(OF_PENDING);
        assertThat(flags).as("flags").hasSizeGreaterThan(20);
        assertThat(clashes(flags)).isEmpty();
        assertThat(clashes(pending)).isEmpty();
    }

    private static List<String> clashes(Map<String, Integer> bits) {
        List<String> clashes = new ArrayList<>();
        int used = 0;
        for (Map.Entry<String, Integer> bit : bits.entrySet()) {
            if (Integer.bitCount(bit.getValue()) != 1 || (used & bit.getValue()) != 0) {
                clashes.add(bit.toString());
            }
            used |= bit.getValue();
        }
        return clashes;
    }
}
