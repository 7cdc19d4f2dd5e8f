package dev.berth.ports;

/// Prints how long the first look-up of this JVM takes; `docs/PORT_TABLE.md` has the command.
final class ServiceRegistryFirstLookup {
    private ServiceRegistryFirstLookup() {}

    public static void main(String[] args) {
        long start = System.nanoTime();
        String name = ServiceRegistry.iana().nameOf(Transport.TCP, 443);
        long nanos = System.nanoTime() - start;
        System.out.println(nanos / 1000 + " us until " + name);
    }
}
