package dev.berth.tun;

import java.io.IOException;

/// The kernel does not let this process into a network namespace, or not change it. As root of the user namespace that
/// the network namespace belongs to, it would: see [NamespaceOwner].
public final class NamespaceAccessException extends IOException {
    private static final long serialVersionUID = 1;

    NamespaceAccessException(String message) {
        super(message);
    }
}
