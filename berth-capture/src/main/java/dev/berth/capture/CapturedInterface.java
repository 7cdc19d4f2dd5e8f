package dev.berth.capture;

/// What a [Capture] knows of an interface; the counts are guarded by its lock.
final class CapturedInterface {
    final String name;
    final String description;
    long recorded;
    long missed;

    CapturedInterface(String name, String description) {
        this.name = name;
        this.description = description;
    }
}
