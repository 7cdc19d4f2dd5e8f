package dev.berth.junit;

import dev.berth.network.Network;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/// What a class of tests says of its networks: which there are, which of them belong to the class, and what they are
/// like.
final class Plan {
    /// What a network is like, as [BerthNetwork] says it.
    record Settings(
            String name,
            List<String> hosts,
            int mtu,
            boolean virtualTime,
            long seed,
            Leaks leaks,
            int captureMegabytes) {
        Settings(BerthNetwork network) {
            this(
                    network.value(),
                    List.of(network.hosts()),
                    network.mtu(),
                    network.virtualTime(),
                    network.seed(),
                    network.leaks(),
                    network.captureMegabytes());
        }

        /// With nothing said but the name.
        static Settings plain(String name) {
            return new Settings(name, List.of(), Network.MAX_MTU, false, 0, Leaks.IGNORE, CAPTURE_MEGABYTES);
        }

        boolean isPlain() {
            return equals(plain(name));
        }
    }

    private static final int CAPTURE_MEGABYTES = 2;

    /// A field to be filled.
    record Target(
            Field field,
            @Nullable BerthNetwork network,
            @Nullable BerthHost host) {
        boolean isStatic() {
            return Modifier.isStatic(field.getModifiers());
        }

        String networkName() {
            return network != null ? network.value() : host != null ? host.network() : BerthNetwork.DEFAULT;
        }
    }

    private final List<Target> targets = new ArrayList<>();
    private final Map<String, Settings> settings = new HashMap<>();
    private final Set<String> ofClass = new TreeSet<>();

    /// Reads the annotations of a class, of what it extends and of what it is nested in.
    Plan(Class<?> type) {
        for (Class<?> outer = type; outer != null; outer = outer.getEnclosingClass()) {
            BerthNetwork onClass = outer.getAnnotation(BerthNetwork.class);
            if (onClass != null) {
                settle(onClass, outer);
            }
            for (Class<?> each = outer; each != null && each != Object.class; each = each.getSuperclass()) {
                for (Field field : each.getDeclaredFields()) {
                    add(field);
                }
            }
        }
        for (Target target : targets) {
            if (target.isStatic()) {
                ofClass.add(target.networkName());
            }
        }
    }

    private void add(Field field) {
        BerthNetwork network = field.getAnnotation(BerthNetwork.class);
        BerthHost host = field.getAnnotation(BerthHost.class);
        if (network == null && host == null) {
            return;
        }
        if (network != null && host != null) {
            throw new ExtensionConfigurationException(field + " has both @BerthNetwork and @BerthHost");
        }
        if (Modifier.isFinal(field.getModifiers())) {
            throw new ExtensionConfigurationException(field + " is final and cannot be filled");
        }
        targets.add(new Target(field, network, host));
        if (network != null) {
            settle(network, field);
        }
    }

    /// What a method's or constructor's parameters say.
    void addParameters(Executable executable) {
        for (Parameter parameter : executable.getParameters()) {
            BerthNetwork network = parameter.getAnnotation(BerthNetwork.class);
            if (network != null) {
                settle(network, parameter);
            }
        }
    }

    /// Several places may name the same network; one of them at most may say what it is like.
    private void settle(BerthNetwork network, AnnotatedElement where) {
        Settings said = new Settings(network);
        Settings known = settings.get(said.name);
        if (known == null || known.isPlain()) {
            settings.put(said.name, said);
        } else if (!said.isPlain() && !said.equals(known)) {
            throw new ExtensionConfigurationException("What network '" + said.name
                    + "' is like is said twice and differently; the second time at " + where);
        }
    }

    /// The settings of a network; those of [BerthNetwork] where nothing was said.
    Settings settings(String network) {
        Settings known = settings.get(network);
        return known != null ? known : Settings.plain(network);
    }

    boolean isOfClass(String network) {
        return ofClass.contains(network);
    }

    List<Target> targets() {
        return targets;
    }

    /// The names of all networks that the class speaks of.
    Set<String> networks() {
        Set<String> names = new TreeSet<>(settings.keySet());
        targets.forEach(target -> names.add(target.networkName()));
        return names;
    }
}
