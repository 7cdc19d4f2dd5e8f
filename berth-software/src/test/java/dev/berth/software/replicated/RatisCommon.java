package dev.berth.software.replicated;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.rpc.SupportedRpcType;
import org.apache.ratis.util.TimeDuration;

/// What members and clients of Apache Ratis agree on.
final class RatisCommon {
    static final int PORT = 9_872;
    static final RaftGroupId GROUP = RaftGroupId.valueOf(new UUID(0xb, 7));

    private RatisCommon() {}

    static RaftGroup group(List<String> names) {
        return RaftGroup.valueOf(
                GROUP,
                names.stream()
                        .map(name -> RaftPeer.newBuilder()
                                .setId(name)
                                .setAddress(name + ":" + PORT)
                                .build())
                        .toList());
    }

    static RaftProperties properties() {
        RaftProperties properties = new RaftProperties();
        RaftConfigKeys.Rpc.setType(properties, SupportedRpcType.GRPC);
        return properties;
    }

    static TimeDuration millis(long number) {
        return TimeDuration.valueOf(number, TimeUnit.MILLISECONDS);
    }
}
