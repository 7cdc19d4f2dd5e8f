package dev.berth.network;

/// How a link loses packets: a chain of two states, of which the good one loses few packets and the bad one many
/// (Gilbert and Elliott). Random loss is the case in which the link never leaves the good state. Immutable.
///
/// @param goodToBad the probability, for each packet, that a good link turns bad
/// @param badToGood the probability, for each packet, that a bad link turns good
/// @param lossInGood the probability that a good link loses a packet
/// @param lossInBad the probability that a bad link loses a packet
public record LossModel(double goodToBad, double badToGood, double lossInGood, double lossInBad) {
    /// Nothing is lost.
    public static final LossModel NONE = new LossModel(0, 1, 0, 0);

    /// @throws IllegalArgumentException if a figure is no probability, or a link that turns bad stays so for ever
    public LossModel {
        probability("of turning bad", goodToBad);
        probability("of turning good", badToGood);
        probability("of loss in the good state", lossInGood);
        probability("of loss in the bad state", lossInBad);
        if (goodToBad > 0 && badToGood == 0) {
            throw new IllegalArgumentException("A link that turns bad and never good again is a link that is cut");
        }
    }

    /// Each packet is lost with the same probability, whatever happened to those before.
    ///
    /// @param rate 0 to 1; 0.02 is 2 %
    public static LossModel random(double rate) {
        if (!(rate >= 0 && rate <= 1)) {
            throw new IllegalArgumentException("The part of packets that is lost is 0 to 1 (0.02 is 2 %), not " + rate);
        }
        return new LossModel(0, 1, rate, 0);
    }

    /// Losses come in bursts: a bad link loses everything (the model of Gilbert).
    ///
    /// @param rate the part of all packets that is lost in the long run, more than 0 and less than 1
    /// @param meanLength packets that a burst has on average, 1 or more
    /// @throws IllegalArgumentException if no link can be like that
    public static LossModel bursts(double rate, double meanLength) {
        if (!(rate > 0 && rate < 1) || !(meanLength >= 1)) {
            throw new IllegalArgumentException("Bursts take a part between 0 and 1 of all packets and are 1 packet "
                    + "long or more, not " + rate + " and " + meanLength);
        }
        double leave = 1 / meanLength;
        double enter = leave * rate / (1 - rate);
        if (enter > 1) {
            throw new IllegalArgumentException("Bursts of " + meanLength + " packets on average cannot take " + rate
                    + " of all packets: at least one packet lies between two of them");
        }
        return new LossModel(enter, leave, 0, 1);
    }

    /// True if a packet can be lost at all.
    public boolean loses() {
        return lossInGood > 0 || goodToBad > 0 && lossInBad > 0;
    }

    static void probability(String what, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException("The probability " + what + " is 0 to 1, not " + value);
        }
    }
}
