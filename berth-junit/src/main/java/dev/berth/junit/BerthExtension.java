package dev.berth.junit;

import dev.berth.host.Host;
import dev.berth.network.Network;
import dev.berth.sockets.BerthSelectorProvider;
import dev.berth.sockets.BerthServerSocketFactory;
import dev.berth.sockets.BerthSocketFactory;
import dev.berth.sockets.BerthSockets;
import dev.berth.sockets.HostScope;
import java.io.IOException;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.channels.spi.SelectorProvider;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.opentest4j.TestAbortedException;

/// What stands behind [BerthNetwork], [BerthHost] and [OnHost]; nobody needs to name it. Has no state of its own, so
/// tests may run in parallel.
public final class BerthExtension
        implements BeforeAllCallback,
                BeforeEachCallback,
                AfterEachCallback,
                AfterAllCallback,
                ParameterResolver,
                InvocationInterceptor {
    private static final Namespace NAMESPACE = Namespace.create(BerthExtension.class);

    /// Used by JUnit.
    public BerthExtension() {}

    /// The networks of one test or one class; made as they are asked for.
    private static final class Networks {
        private final Plan plan;
        private final @Nullable Networks outer; // of the class that this one is nested in
        private final Map<String, TestNetwork> open = new LinkedHashMap<>();

        Networks(Plan plan, @Nullable Networks outer) {
            this.plan = plan;
            this.outer = outer;
        }

        synchronized TestNetwork get(String name) throws IOException {
            if (outer != null && outer.plan.isOfClass(name)) {
                return outer.get(name);
            }
            TestNetwork there = open.get(name);
            if (there == null) {
                there = new TestNetwork(plan.settings(name));
                open.put(name, there);
            }
            return there;
        }

        synchronized Collection<TestNetwork> all() {
            return new ArrayList<>(open.values());
        }

        /// With those of the classes that this one is nested in.
        Collection<TestNetwork> inSight() {
            Collection<TestNetwork> all = all();
            if (outer != null) {
                all.addAll(outer.inSight());
            }
            return all;
        }

        synchronized void close() {
            open.values().forEach(TestNetwork::close);
            open.clear();
        }
    }

    private static @Nullable Networks networksOf(ExtensionContext context, String level) {
        return context.getStore(NAMESPACE).get(level, Networks.class);
    }

    private static Networks ofClass(ExtensionContext context) {
        Networks there = networksOf(context, "class");
        if (there == null) {
            // A parameter of one method alone registers the extension after the class has begun.
            there = new Networks(new Plan(context.getRequiredTestClass()), null);
        }
        return there;
    }

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        Plan plan = new Plan(context.getRequiredTestClass());
        Networks networks = new Networks(plan, networksOf(context, "class"));
        context.getStore(NAMESPACE).put("class", networks);
        fill(context, plan, true, null);
    }

    @Override
    public void beforeEach(ExtensionContext context) throws Exception {
        Networks networks = ofMethod(context);
        refuseSharedInstance(context, networks.plan);
        for (Object instance : context.getRequiredTestInstances().getAllInstances()) {
            fill(context, networks.plan, false, instance);
        }
    }

    /// Two tests that run at once in one instance would fill its fields for each other.
    private static void refuseSharedInstance(ExtensionContext context, Plan plan) {
        boolean parallel = context.getConfigurationParameter("junit.jupiter.execution.parallel.enabled")
                .map(Boolean::parseBoolean)
                .orElse(false);
        if (parallel
                && context.getExecutionMode() == ExecutionMode.CONCURRENT
                && context.getTestInstanceLifecycle().orElse(null) == TestInstance.Lifecycle.PER_CLASS) {
            for (Plan.Target target : plan.targets()) {
                if (!target.isStatic() && !plan.isOfClass(target.networkName())) {
                    throw new ExtensionConfigurationException(target.field() + " cannot be filled for tests that run "
                            + "at once in one instance: use parameters, or the lifecycle PER_METHOD");
                }
            }
        }
    }

    private static Networks ofMethod(ExtensionContext context) {
        Networks there = networksOf(context, "method");
        if (there == null) {
            Plan plan = new Plan(context.getRequiredTestClass());
            context.getTestMethod().ifPresent(plan::addParameters);
            there = new Networks(plan, null);
            context.getStore(NAMESPACE).put("method", there);
        }
        return there;
    }

    private static void fill(ExtensionContext context, Plan plan, boolean ofClass, @Nullable Object instance)
            throws Exception {
        for (Plan.Target target : plan.targets()) {
            boolean wanted = ofClass
                    ? target.isStatic()
                            && target.field().getDeclaringClass().isAssignableFrom(context.getRequiredTestClass())
                    : !target.isStatic() && target.field().getDeclaringClass().isInstance(instance);
            if (wanted) {
                TestNetwork network = network(context, plan, target.networkName());
                Object value = target.host() != null
                        ? ofHost(network, target.host(), target.field().getType())
                        : ofNetwork(network, target.field().getType());
                if (value == null) {
                    throw new ExtensionConfigurationException(target.field() + " has a type that Berth does not give: "
                            + target.field().getType().getName());
                }
                target.field().setAccessible(true);
                target.field().set(instance, value);
            }
        }
    }

    private static TestNetwork network(ExtensionContext context, Plan plan, String name) throws IOException {
        boolean inTest = context.getTestMethod().isPresent();
        if (!inTest || plan.isOfClass(name)) {
            return ofClass(context).get(name);
        }
        return ofMethod(context).get(name);
    }

    private static @Nullable Object ofNetwork(TestNetwork network, Class<?> type) {
        return type == Network.class ? network.network() : type == TrafficLog.class ? network.traffic() : null;
    }

    private static @Nullable Object ofHost(TestNetwork network, BerthHost annotation, Class<?> type)
            throws IOException {
        Host host = network.host(annotation.value(), annotation.address());
        if (type == Host.class) {
            return host;
        } else if (type == SocketFactory.class) {
            return new BerthSocketFactory(host);
        } else if (type == ServerSocketFactory.class) {
            return new BerthServerSocketFactory(host);
        } else if (type == SelectorProvider.class) {
            return new BerthSelectorProvider(host);
        } else if (type == HostScope.class) {
            return HostScope.of(host, network.network());
        } else if (type == InetAddress.class) {
            return address(host);
        }
        return null;
    }

    private static InetAddress address(Host host) throws UnknownHostException {
        return InetAddress.getByAddress(host.name(), host.addresses().getFirst().octets());
    }

    @Override
    public boolean supportsParameter(ParameterContext context, ExtensionContext extension) {
        return context.isAnnotated(BerthNetwork.class) || context.isAnnotated(BerthHost.class);
    }

    @Override
    public Object resolveParameter(ParameterContext context, ExtensionContext extension) {
        Parameter parameter = context.getParameter();
        BerthNetwork network = parameter.getAnnotation(BerthNetwork.class);
        BerthHost host = parameter.getAnnotation(BerthHost.class);
        String name = network != null ? network.value() : host.network();
        Plan plan = extension.getTestMethod().isPresent() ? ofMethod(extension).plan : ofClass(extension).plan;
        if (!(context.getDeclaringExecutable() instanceof Method) && !plan.isOfClass(name)) {
            throw new ParameterResolutionException("A constructor cannot be given network '" + name
                    + "', which every test has anew: use a field, or a parameter of the test method");
        }
        plan.addParameters(context.getDeclaringExecutable());
        try {
            TestNetwork from = network(extension, plan, name);
            Object value =
                    host != null ? ofHost(from, host, parameter.getType()) : ofNetwork(from, parameter.getType());
            if (value == null) {
                throw new ParameterResolutionException(
                        "Parameter " + parameter + " has a type that Berth does not give: "
                                + parameter.getType().getName());
            }
            return value;
        } catch (IOException e) {
            throw new ParameterResolutionException("Network '" + name + "' cannot be started", e);
        }
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Networks own = ofMethod(context);
        Networks shared = ofClass(context);
        try {
            Throwable failure = context.getExecutionException().orElse(null);
            AssertionError leaked = failure == null ? leaked(own.all()) : null;
            if (leaked != null) {
                failure = leaked;
            }
            if (failure != null && !(failure instanceof TestAbortedException)) {
                List<TestNetwork> networks = new ArrayList<>(own.all());
                networks.addAll(shared.inSight());
                FailureReport.write(context, failure, networks);
            }
            if (leaked != null) {
                throw leaked;
            }
        } finally {
            own.close();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        Networks networks = ofClass(context);
        try {
            Throwable failure = context.getExecutionException().orElse(null);
            AssertionError leaked = failure == null ? leaked(networks.all()) : null;
            Throwable told = leaked != null ? leaked : failure;
            if (told != null && !(told instanceof TestAbortedException)) {
                FailureReport.write(context, told, networks.inSight());
            }
            if (leaked != null) {
                throw leaked;
            }
        } finally {
            networks.close();
        }
    }

    private static @Nullable AssertionError leaked(Collection<TestNetwork> networks) {
        StringBuilder text = new StringBuilder();
        for (TestNetwork network : networks) {
            for (Leak leak : network.leaks()) {
                text.append("\n  ").append(leak);
            }
        }
        return text.isEmpty() ? null : new AssertionError("The test has left open on its network:" + text);
    }

    // The scope of a host

    @Override
    public void interceptTestMethod(
            Invocation<@Nullable Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        inScope(invocation, method, context);
    }

    @Override
    public void interceptTestTemplateMethod(
            Invocation<@Nullable Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        inScope(invocation, method, context);
    }

    @Override
    public <T extends @Nullable Object> T interceptTestFactoryMethod(
            Invocation<T> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        return inScope(invocation, method, context);
    }

    @Override
    public void interceptDynamicTest(
            Invocation<@Nullable Void> invocation,
            org.junit.jupiter.api.extension.DynamicTestInvocationContext dynamic,
            ExtensionContext context)
            throws Throwable {
        try (HostScope.Entered entered = enter(context.getTestMethod(), context)) {
            invocation.proceed();
        }
    }

    @Override
    public void interceptBeforeEachMethod(
            Invocation<@Nullable Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        inScope(invocation, method, context);
    }

    @Override
    public void interceptAfterEachMethod(
            Invocation<@Nullable Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        inScope(invocation, method, context);
    }

    private static <T extends @Nullable Object> T inScope(
            Invocation<T> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
            throws Throwable {
        try (HostScope.Entered entered = enter(Optional.of(method.getExecutable()), context)) {
            return invocation.proceed();
        }
    }

    /// Enters the scope that a method, the test or its class asks for; null if none does.
    private static HostScope.@Nullable Entered enter(Optional<Method> method, ExtensionContext context)
            throws IOException {
        OnHost wanted = method.map(found -> find(found)).orElse(null);
        if (wanted == null) {
            wanted = context.getTestMethod().map(found -> find(found)).orElse(null);
        }
        for (Class<?> type = context.getRequiredTestClass();
                wanted == null && type != null;
                type = type.getEnclosingClass()) {
            wanted = find(type);
        }
        if (wanted == null) {
            return null;
        }
        if (!BerthSockets.isInstalled()) {
            throw new ExtensionConfigurationException("@OnHost(\"" + wanted.value() + "\") is without effect, and the "
                    + "test would use this machine's network: start the JVM with -javaagent:berth.jar, or call "
                    + "BerthSockets.install(host) before its first socket");
        }
        Plan plan = ofMethod(context).plan;
        TestNetwork network = network(context, plan, wanted.network());
        return HostScope.of(network.host(wanted.value(), ""), network.network()).enter();
    }

    private static @Nullable OnHost find(AnnotatedElement element) {
        return element.getAnnotation(OnHost.class);
    }
}
