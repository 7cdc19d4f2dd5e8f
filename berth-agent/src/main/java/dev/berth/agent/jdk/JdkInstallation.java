package dev.berth.agent.jdk;

import dev.berth.agent.jdk.Rewrite.Part;
import dev.berth.gateway.KernelSockets;
import dev.berth.host.Host;
import dev.berth.names.NameTable;
import dev.berth.sockets.BerthSocketImpl;
import dev.berth.sockets.BerthSockets;
import dev.berth.sockets.JdkHooks;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.AccessFlag;
import java.net.Socket;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// Makes the sockets, channels, names and interfaces of this JVM those of a host, by rewriting methods of the JDK
/// ([Rewrite]) where that is allowed, and else as [BerthSockets] does.
///
/// Parts of the JDK that are not as Berth knows them are left alone; [#notCovered] says what that means.
public final class JdkInstallation {
    private static final ClassDesc PLATFORM_SOCKET = ClassDesc.of("dev.berth.sockets.PlatformBerthSocket");

    private static final String LEFT_OUT = "dev.berth.agent.without";

    private final Instrumentation instrumentation;
    private final KernelGuard guard;
    private final Map<Part, String> missing = new EnumMap<>(Part.class);

    private JdkInstallation(Instrumentation instrumentation, KernelGuard guard) {
        this.instrumentation = instrumentation;
        this.guard = guard;
    }

    /// Installs the sockets of `host`: names are its own and those of `names`, others are looked up as the JDK does.
    ///
    /// @param instrumentation of the agent
    /// @param rewriting whether methods of the JDK may be rewritten
    /// @param strictness what becomes of sockets of the kernel that the JDK still opens
    /// @throws IllegalStateException if sockets were installed before, or the program or the JVM has chosen others
    ///     already; the message is a sentence that says which
    public static JdkInstallation install(
            Instrumentation instrumentation, Host host, boolean rewriting, Strictness strictness, NameTable... names) {
        JdkInstallation installation = new JdkInstallation(instrumentation, new KernelGuard(strictness));
        open(instrumentation);
        instrumentation.addTransformer(new NativeTransports());
        Set<Part> wanted = EnumSet.noneOf(Part.class);
        if (rewriting) {
            wanted = EnumSet.allOf(Part.class);
        }
        if (strictness == Strictness.OFF) {
            wanted.remove(Part.KERNEL_SOCKETS);
        } else {
            wanted.add(Part.KERNEL_SOCKETS);
        }
        for (Part part : leftOut()) {
            if (wanted.remove(part)) {
                installation.missing.put(part, "left out by the property " + LEFT_OUT);
            }
        }
        Set<Part> rewritten = wanted.isEmpty() ? wanted : installation.rewrite(wanted);
        BerthSockets.install(host, !rewritten.contains(Part.SOCKETS), !rewritten.contains(Part.DATAGRAMS), true, names);
        if (rewriting) {
            installation.missing.putAll(SelfCheck.failures(host, rewritten));
        }
        return installation;
    }

    /// What tests of the fallback take out.
    private static Set<Part> leftOut() {
        Set<Part> parts = EnumSet.noneOf(Part.class);
        String names = System.getProperty(LEFT_OUT);
        if (names != null) {
            for (String name : names.split(",", -1)) {
                parts.add(Part.valueOf(name));
            }
        }
        return parts;
    }

    /// What is not covered because this JDK is another than Berth knows, for people; empty if nothing is amiss.
    public List<String> notCovered() {
        List<String> lines = new ArrayList<>();
        for (Map.Entry<Part, String> each : missing.entrySet()) {
            lines.add(each.getKey().otherwise() + " (" + each.getValue() + ")");
        }
        return lines;
    }

    /// Lets Berth see what it needs of the JDK: also for published ports, which open sockets of the kernel. May be
    /// called more than once.
    public static void open(Instrumentation instrumentation) {
        Set<Module> ours = new HashSet<>(List.of(
                JdkInstallation.class.getModule(), BerthSockets.class.getModule(), KernelSockets.class.getModule()));
        instrumentation.redefineModule(
                Object.class.getModule(),
                Set.of(),
                Map.of("sun.nio.ch", ours, "sun.net", ours),
                Map.of("java.net", ours),
                Set.of(),
                Map.of());
    }

    /// Rewrites what can be.
    ///
    /// @return the parts that are wholly rewritten
    private Set<Part> rewrite(Set<Part> wanted) {
        Set<Part> rewritten = EnumSet.copyOf(wanted);
        List<Rewrite> rewrites = new ArrayList<>();
        for (Rewrite each : Rewrite.all()) {
            if (wanted.contains(each.part())) {
                rewrites.add(each);
            }
        }
        JdkRewriter rewriter = new JdkRewriter(rewrites);
        try {
            plug(new JdkHooks(sockets()));
            instrumentation.addTransformer(rewriter, true);
            List<Class<?>> types = new ArrayList<>();
            for (String type : rewriter.types()) {
                types.add(Class.forName(type, false, null));
            }
            instrumentation.retransformClasses(types.toArray(new Class<?>[0]));
        } catch (ReflectiveOperationException | UnmodifiableClassException | LinkageError | RuntimeException e) {
            for (Part part : wanted) {
                missing.put(part, "the JDK cannot be rewritten: " + e);
            }
            return EnumSet.noneOf(Part.class);
        }
        Set<String> done = rewriter.done();
        for (Rewrite rewrite : rewrites) {
            if (!done.contains(rewrite.hook()) || rewriter.failures().containsKey(rewrite.type())) {
                rewritten.remove(rewrite.part());
                missing.putIfAbsent(rewrite.part(), "this JDK has another " + rewrite);
            }
        }
        guard.watch(rewritten);
        return rewritten;
    }

    /// Puts the class into `java.net` that the rewritten methods ask.
    private void plug(JdkHooks hooks) throws ReflectiveOperationException {
        MethodHandles.Lookup net = MethodHandles.privateLookupIn(Socket.class, MethodHandles.lookup());
        Class<?> plug = net.defineClass(JdkRewriter.hookClass());
        BiFunction<String, @Nullable Object[], @Nullable Optional<?>> answers =
                (method, arguments) -> guard.answer(hooks, method, arguments);
        MethodHandles.privateLookupIn(plug, MethodHandles.lookup())
                .findStaticVarHandle(plug, JdkRewriter.ANSWERS, BiFunction.class)
                .set(answers);
    }

    /// A [BerthSocketImpl] that is a `sun.net.PlatformSocketImpl`: java.net then treats it as one of its own.
    private static JdkHooks.SocketMaker sockets() throws ReflectiveOperationException {
        ClassDesc parent = BerthSocketImpl.class.describeConstable().orElseThrow();
        MethodTypeDesc constructor = MethodTypeDesc.of(
                ConstantDescs.CD_void, Host.class.describeConstable().orElseThrow(), ConstantDescs.CD_boolean);
        byte[] type = ClassFile.of()
                .build(
                        PLATFORM_SOCKET,
                        builder -> builder.withFlags(AccessFlag.FINAL, AccessFlag.SYNTHETIC)
                                .withSuperclass(parent)
                                .withInterfaceSymbols(ClassDesc.of("sun.net.PlatformSocketImpl"))
                                .withMethodBody(
                                        ConstantDescs.INIT_NAME,
                                        constructor,
                                        ClassFile.ACC_PUBLIC,
                                        code -> code.aload(0)
                                                .aload(1)
                                                .iload(2)
                                                .invokespecial(parent, ConstantDescs.INIT_NAME, constructor)
                                                .return_()));
        MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(BerthSocketImpl.class, MethodHandles.lookup());
        MethodHandle maker = lookup.findConstructor(
                        lookup.defineClass(type), MethodType.methodType(void.class, Host.class, boolean.class))
                .asType(MethodType.methodType(BerthSocketImpl.class, Host.class, boolean.class));
        return (host, server) -> {
            try {
                return (BerthSocketImpl) maker.invokeExact(host, server);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new LinkageError("The constructor throws nothing", e);
            }
        };
    }
}
