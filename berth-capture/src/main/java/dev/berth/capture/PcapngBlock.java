package dev.berth.capture;

import dev.berth.wire.IpAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One block of a pcapng file, as [PcapngReader] reads it.
public sealed interface PcapngBlock {
    /// What people wrote beside the block.
    List<String> comments();

    /// A section begins: interfaces are numbered anew.
    ///
    /// @param bigEndian whether numbers in it are in network byte order
    /// @param application which program wrote it, or empty
    record Section(boolean bigEndian, int major, int minor, String application, List<String> comments)
            implements PcapngBlock {}

    /// An interface.
    ///
    /// @param number its number within the section, from 0
    /// @param linkType what its packets begin with, such as 101 for an IP header
    /// @param snapLength octets of a packet that are recorded at most, 0 for all
    /// @param resolution the unit of times in the file: seconds divided by 10 to this power, or if the uppermost of 8
    ///     bits is set, by 2 to the power of the others
    record Interface(
            int number,
            int linkType,
            long snapLength,
            String name,
            String description,
            int resolution,
            List<String> comments)
            implements PcapngBlock {}

    /// A packet.
    ///
    /// @param captureInterface where it was seen; null if the file does not describe the interface
    /// @param epochNanos when, in nanoseconds since 1970-01-01T00:00:00Z; clamped to the range of `long`, and
    ///     `Long.MIN_VALUE` if the file does not say it
    /// @param direction null if the file does not say it
    /// @param originalLength octets that the packet had; more than are here if it was cut
    /// @param bytes what was recorded of it; the reader does not use the array again
    record Packet(
            @Nullable Interface captureInterface,
            long epochNanos,
            @Nullable Direction direction,
            long originalLength,
            byte[] bytes,
            List<String> comments)
            implements PcapngBlock {
        /// Nanoseconds when the file does not say the time.
        public static final long NO_TIME = Long.MIN_VALUE;
    }

    /// Names of addresses.
    record Names(Map<IpAddress, List<String>> names, List<String> comments) implements PcapngBlock {}

    /// How many packets an interface has seen.
    ///
    /// @param received packets; -1 if the file does not say it
    /// @param missed packets that were seen and are not in the file; -1 if the file does not say it
    record Statistics(int interfaceNumber, long received, long missed, List<String> comments) implements PcapngBlock {}

    /// Secrets to decrypt packets with.
    ///
    /// @param type of the secrets; [#TLS] for lines of a TLS key log
    record Secrets(int type, byte[] bytes, List<String> comments) implements PcapngBlock {
        /// A key log of TLS.
        public static final int TLS = 0x544c_534b;
    }

    /// A block of another type, which is skipped.
    ///
    /// @param length octets of its body
    record Other(int type, int length, List<String> comments) implements PcapngBlock {}
}
