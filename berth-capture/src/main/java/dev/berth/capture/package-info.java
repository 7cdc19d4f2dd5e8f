/// Packet capture: writing pcapng files, and a link that records what passes through it.
///
/// A [dev.berth.capture.Capture] is a file under way. [dev.berth.capture.CapturingLink] puts it around any link;
/// [dev.berth.capture.Capture.Origin] takes packets that pass no link. What is recorded has the form that it would
/// have on a wire: checksums are complete and large packets are cut into their segments.
package dev.berth.capture;
