package dev.berth.software.replicated;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.util.LifeCycle;

/// A server of Apache Ratis whose state is the list of all committed entries.
public final class RatisMember implements Member {
    private final Entries entries = new Entries();
    private Runnable changed = () -> {};
    private RaftServer server;

    /// Loaded by [OwnProcess].
    public RatisMember() {}

    private final class Entries extends BaseStateMachine {
        private final List<String> committed = new ArrayList<>();

        @Override
        public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
            LogEntryProto entry = transaction.getLogEntry();
            String text = entry.getStateMachineLogEntry().getLogData().toStringUtf8();
            synchronized (committed) {
                committed.add(text);
            }
            updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
            changed.run();
            return CompletableFuture.completedFuture(Message.valueOf(text));
        }

        @Override
        public void notifyLeaderChanged(RaftGroupMemberId member, RaftPeerId leader) {
            changed.run();
        }

        List<String> copy() {
            synchronized (committed) {
                return List.copyOf(committed);
            }
        }
    }

    @Override
    public void start(Role role) throws IOException {
        changed = role.changed();
        RaftProperties properties = RatisCommon.properties();
        GrpcConfigKeys.Server.setPort(properties, RatisCommon.PORT);
        RaftServerConfigKeys.setStorageDir(properties, List.of(role.directory().toFile()));
        RaftServerConfigKeys.Rpc.setTimeoutMin(properties, RatisCommon.millis(500));
        RaftServerConfigKeys.Rpc.setTimeoutMax(properties, RatisCommon.millis(1_000));
        server = RaftServer.newBuilder()
                .setServerId(RaftPeerId.valueOf(role.own()))
                .setGroup(RatisCommon.group(role.names()))
                .setProperties(properties)
                .setStateMachine(entries)
                .setOption(role.recovers() ? RaftStorage.StartupOption.RECOVER : RaftStorage.StartupOption.FORMAT)
                .build();
        server.start();
    }

    @Override
    public boolean isLeader() {
        try {
            DivisionInfo info = server.getDivision(RatisCommon.GROUP).getInfo();
            return server.getLifeCycleState() == LifeCycle.State.RUNNING && info.isLeader() && info.isLeaderReady();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public List<String> entries() {
        return entries.copy();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    @Override
    public String toString() {
        return server.toString();
    }
}
