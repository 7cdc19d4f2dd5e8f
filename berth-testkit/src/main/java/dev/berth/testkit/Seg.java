package dev.berth.testkit;

import dev.berth.wire.TcpHeader;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A segment of a [TcpScript], to be received by the stack or expected of it. Immutable; sequence numbers are
/// relative to the initial ones, so the first octet of data has the number 1.
///
/// What an expected segment does not say is not compared, except control bits (PSH aside) and the number of data
/// octets.
public final class Seg {
    /// SYN.
    public static final Seg SYN = new Seg(TcpHeader.SYN);
    /// ACK.
    public static final Seg ACK = new Seg(TcpHeader.ACK);
    /// FIN with ACK.
    public static final Seg FIN = new Seg(TcpHeader.FIN | TcpHeader.ACK);
    /// RST alone.
    public static final Seg RST = new Seg(TcpHeader.RST);
    /// A segment without any control bit.
    public static final Seg BARE = new Seg(0);

    int flags;

    @Nullable
    Integer seq;

    @Nullable
    Integer rawSeq;

    @Nullable
    Integer ack;

    @Nullable
    Integer win;

    int data;

    @Nullable
    Integer mss;

    @Nullable
    Integer ws;

    @Nullable
    Boolean sackPermitted;

    @Nullable
    Integer tsVal;

    @Nullable
    Integer tsEcr;

    @Nullable
    Boolean timestamps;

    int @Nullable [] sack;

    @Nullable
    Boolean psh;

    byte @Nullable [] options;

    @Nullable
    Integer ecn;

    byte @Nullable [] fastOpen;

    @Nullable
    Integer userTimeout;

    int urgent;
    boolean badChecksum;

    Seg(int flags) {
        this.flags = flags;
    }

    private Seg copy() {
        Seg copy = new Seg(flags);
        copy.seq = seq;
        copy.rawSeq = rawSeq;
        copy.ack = ack;
        copy.win = win;
        copy.data = data;
        copy.mss = mss;
        copy.ws = ws;
        copy.sackPermitted = sackPermitted;
        copy.tsVal = tsVal;
        copy.tsEcr = tsEcr;
        copy.timestamps = timestamps;
        copy.sack = sack;
        copy.psh = psh;
        copy.options = options;
        copy.ecn = ecn;
        copy.userTimeout = userTimeout;
        copy.fastOpen = fastOpen;
        copy.urgent = urgent;
        copy.badChecksum = badChecksum;
        return copy;
    }

    /// With the sequence number.
    public Seg seq(int value) {
        Seg copy = copy();
        copy.seq = value;
        return copy;
    }

    /// With a sequence number that is not relative.
    public Seg rawSeq(int value) {
        Seg copy = copy();
        copy.rawSeq = value;
        return copy;
    }

    /// With ACK and the acknowledgment number.
    public Seg ack(int value) {
        Seg copy = copy();
        copy.ack = value;
        copy.flags |= TcpHeader.ACK;
        return copy;
    }

    /// With the window field, not scaled.
    public Seg win(int value) {
        Seg copy = copy();
        copy.win = value;
        return copy;
    }

    /// With so many octets of data.
    public Seg data(int octets) {
        Seg copy = copy();
        copy.data = octets;
        return copy;
    }

    /// With a maximum segment size option, or without if -1.
    public Seg mss(int value) {
        Seg copy = copy();
        copy.mss = value;
        return copy;
    }

    /// With a window scale option, or without if -1.
    public Seg ws(int value) {
        Seg copy = copy();
        copy.ws = value;
        return copy;
    }

    /// With the SACK permitted option.
    public Seg sackPermitted() {
        return sackPermitted(true);
    }

    /// With or without the SACK permitted option.
    public Seg sackPermitted(boolean value) {
        Seg copy = copy();
        copy.sackPermitted = value;
        return copy;
    }

    /// With timestamps; the values of the stack's own clock are relative to the first that it sent.
    public Seg ts(int value, int echo) {
        Seg copy = ts(true);
        copy.tsVal = value;
        copy.tsEcr = echo;
        return copy;
    }

    /// Expected with this echo of a timestamp, whatever its own value.
    public Seg tsEcr(int echo) {
        Seg copy = ts(true);
        copy.tsEcr = echo;
        return copy;
    }

    /// Expected with or without timestamps.
    public Seg ts(boolean present) {
        Seg copy = copy();
        copy.timestamps = present;
        return copy;
    }

    /// With SACK blocks: left edge, right edge, and so on. None: expected without.
    public Seg sack(int... edges) {
        Seg copy = copy();
        copy.sack = edges.clone();
        return copy;
    }

    /// With PSH.
    public Seg psh() {
        Seg copy = copy();
        copy.psh = true;
        return copy;
    }

    /// Expected without PSH.
    public Seg noPsh() {
        Seg copy = copy();
        copy.psh = false;
        return copy;
    }

    /// With URG and the urgent pointer.
    public Seg urgent(int pointer) {
        Seg copy = copy();
        copy.urgent = pointer;
        copy.flags |= TcpHeader.URG;
        return copy;
    }

    /// With a Fast Open option that brings this cookie; empty: that asks for one.
    public Seg fastOpen(byte... cookie) {
        Seg copy = copy();
        copy.fastOpen = cookie.clone();
        return copy;
    }

    /// With a user timeout option of these 16 bits; -1: expected without.
    public Seg userTimeout(int value) {
        Seg copy = copy();
        copy.userTimeout = value;
        return copy;
    }

    /// With ECN-Echo.
    public Seg ece() {
        Seg copy = copy();
        copy.flags |= TcpHeader.ECE;
        return copy;
    }

    /// With CWR.
    public Seg cwr() {
        Seg copy = copy();
        copy.flags |= TcpHeader.CWR;
        return copy;
    }

    /// With this ECN field in the IP header: 0 not-ECT, 1 and 2 ECT, 3 CE.
    public Seg ecn(int codepoint) {
        Seg copy = copy();
        copy.ecn = codepoint;
        return copy;
    }

    /// To be received with these bytes as options, padded with zero.
    public Seg options(int... bytes) {
        Seg copy = copy();
        byte[] array = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            array[i] = (byte) bytes[i];
        }
        copy.options = array;
        return copy;
    }

    /// To be received with a wrong checksum.
    public Seg badChecksum() {
        Seg copy = copy();
        copy.badChecksum = true;
        return copy;
    }

    /// What does not fit this expectation, or null if `actual` is as expected.
    @Nullable
    String difference(Seg actual) {
        int ignored = TcpHeader.PSH;
        if ((flags & ~ignored) != (actual.flags & ~ignored)) {
            return "control bits";
        }
        if (data != actual.data) {
            return "data";
        }
        if (psh != null && psh != ((actual.flags & TcpHeader.PSH) != 0)) {
            return "PSH";
        }
        if (sack != null && !Arrays.equals(sack, actual.sack == null ? new int[0] : actual.sack)) {
            return "SACK blocks";
        }
        if (differs(seq, actual.seq) || differs(rawSeq, actual.rawSeq)) {
            return "sequence number";
        }
        if (differs(ack, actual.ack)) {
            return "acknowledgment number";
        }
        if ((flags & TcpHeader.URG) != 0 && urgent != actual.urgent) {
            return "urgent pointer";
        }
        if (differs(ecn, actual.ecn)) {
            return "ECN field";
        }
        if (differs(win, actual.win)) {
            return "window";
        }
        if (fastOpen != null && !Arrays.equals(fastOpen, actual.fastOpen)) {
            return "Fast Open option";
        }
        if (differs(userTimeout, actual.userTimeout == null ? Integer.valueOf(-1) : actual.userTimeout)) {
            return "user timeout option";
        }
        if (differs(mss, actual.mss == null ? Integer.valueOf(-1) : actual.mss)
                || differs(ws, actual.ws == null ? Integer.valueOf(-1) : actual.ws)
                || sackPermitted != null && sackPermitted != (actual.sackPermitted != null)
                || timestamps != null && timestamps != (actual.timestamps != null)
                || differs(tsVal, actual.tsVal)
                || differs(tsEcr, actual.tsEcr)) {
            return "options";
        }
        return null;
    }

    private static boolean differs(@Nullable Integer expected, @Nullable Integer actual) {
        return expected != null && !Objects.equals(expected, actual);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        flag(text, TcpHeader.SYN, "SYN");
        flag(text, TcpHeader.FIN, "FIN");
        flag(text, TcpHeader.RST, "RST");
        flag(text, TcpHeader.PSH, "PSH");
        flag(text, TcpHeader.URG, "URG");
        flag(text, TcpHeader.ECE, "ECE");
        flag(text, TcpHeader.CWR, "CWR");
        flag(text, TcpHeader.ACK, "ACK");
        field(text, "seq", seq);
        field(text, "ack", ack);
        field(text, "win", win);
        if (data > 0) {
            text.append(" data ").append(data);
        }
        field(text, "mss", mss);
        field(text, "ws", ws);
        if (sackPermitted != null) {
            text.append(sackPermitted ? " sackPermitted" : " no sackPermitted");
        }
        field(text, "ecn", ecn);
        field(text, "up", (flags & TcpHeader.URG) == 0 ? null : Integer.valueOf(urgent));
        if (timestamps != null) {
            text.append(timestamps ? " ts " + tsVal + ":" + tsEcr : " no ts");
        }
        if (fastOpen != null) {
            text.append(" fast open ").append(Arrays.toString(fastOpen));
        }
        if (sack != null) {
            text.append(" sack ").append(Arrays.toString(sack));
        }
        return text.toString();
    }

    private void flag(StringBuilder text, int flag, String name) {
        if ((flags & flag) != 0) {
            text.append(text.isEmpty() ? "" : ",").append(name);
        }
    }

    private static void field(StringBuilder text, String name, @Nullable Integer value) {
        if (value != null) {
            text.append(' ').append(name).append(' ').append(value);
        }
    }
}
