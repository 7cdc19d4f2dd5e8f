package dev.berth.cli;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;

/// A Java program that is ready to run in this JVM: its classes are on the class path, its main method is found, and
/// none of its code has run yet.
final class Program {
    private final Class<?> type;
    private final Method main;
    private final String[] arguments;

    private Program(Class<?> type, Method main, List<String> arguments) {
        this.type = type;
        this.main = main;
        this.arguments = arguments.toArray(new String[0]);
    }

    /// The program of a jar, as `java -jar` understands it.
    ///
    /// @throws IOException if it cannot be read or has no main class, with a sentence that says so
    static Program ofJar(Instrumentation instrumentation, Path jar, List<String> arguments) throws IOException {
        Attributes attributes;
        try (JarFile file = ClassPath.open(jar)) {
            Manifest manifest = file.getManifest();
            attributes = manifest == null ? new Attributes() : manifest.getMainAttributes();
        }
        String mainClass = attributes.getValue(Attributes.Name.MAIN_CLASS);
        if (mainClass == null || mainClass.isBlank()) {
            throw new IOException(jar + " has no Main-Class in its manifest; name one with -cp " + jar + " MAIN");
        }
        if (attributes.getValue("Launcher-Agent-Class") != null) {
            throw new IOException(jar + " has a Launcher-Agent-Class in its manifest, which is not supported");
        }
        ClassPath classPath = new ClassPath(instrumentation);
        classPath.append(jar.toString());
        classPath.export(attributes.getValue("Add-Exports"), false);
        classPath.export(attributes.getValue("Add-Opens"), true);
        return of(mainClass.strip(), jar.toString(), jar.toString(), arguments);
    }

    /// The program of a class on a class path, as `java -cp` understands it.
    ///
    /// @throws IOException if the class path cannot be read or the class has no main method, with a sentence that
    ///     says so
    static Program ofClass(Instrumentation instrumentation, String classPath, String mainClass, List<String> arguments)
            throws IOException {
        new ClassPath(instrumentation).append(classPath);
        return of(mainClass, mainClass, classPath, arguments);
    }

    private static Program of(String mainClass, String command, String classPath, List<String> arguments)
            throws IOException {
        Class<?> type;
        Method main;
        try {
            type = Class.forName(mainClass.replace('/', '.'), false, ClassLoader.getSystemClassLoader());
            main = mainMethod(type);
        } catch (ClassNotFoundException e) {
            throw new IOException("There is no class " + mainClass + " on the class path " + classPath, e);
        } catch (LinkageError e) {
            throw new IOException("Class " + mainClass + " cannot be loaded: " + e, e);
        }
        if (main == null) {
            throw new IOException("Class " + mainClass + " has no main method");
        }
        System.setProperty("java.class.path", classPath);
        System.setProperty("sun.java.command", (command + " " + String.join(" ", arguments)).strip());
        return new Program(type, main, arguments);
    }

    /// The main method that the launcher of Java chooses (Java Language Specification section 12.1.4): with arguments
    /// before without, its own before inherited, static or not.
    private static @Nullable Method mainMethod(Class<?> type) {
        Method withArguments = findMain(type, String[].class);
        return withArguments != null ? withArguments : findMain(type);
    }

    private static @Nullable Method findMain(Class<?> type, Class<?>... parameters) {
        for (Class<?> each = type; each != null; each = each.getSuperclass()) {
            for (Method method : each.getDeclaredMethods()) {
                if (method.getName().equals("main")
                        && method.getReturnType() == void.class
                        && !Modifier.isPrivate(method.getModifiers())
                        && Arrays.equals(method.getParameterTypes(), parameters)) {
                    return method;
                }
            }
        }
        return null;
    }

    /// Runs the program on this thread until its main method returns.
    ///
    /// @throws Throwable what the main method throws
    void run() throws Throwable {
        main.setAccessible(true);
        try {
            // Here and not on the way into the method, where the errors of static initializers look like ours.
            Class.forName(type.getName(), true, type.getClassLoader());
        } catch (LinkageError e) {
            throw withoutOurs(e);
        }
        try {
            Object[] values = main.getParameterCount() == 0 ? new Object[0] : new Object[] {arguments};
            main.invoke(Modifier.isStatic(main.getModifiers()) ? null : instance(), values);
        } catch (InvocationTargetException e) {
            throw withoutOurs(e.getCause() == null ? e : e.getCause());
        }
    }

    private Object instance() throws ReflectiveOperationException {
        Constructor<?> constructor = type.getDeclaredConstructor();
        constructor.setAccessible(true);
        return constructor.newInstance();
    }

    private static Throwable withoutOurs(Throwable thrown) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            each.setStackTrace(withoutOurs(each.getStackTrace()));
        }
        return thrown;
    }

    /// A stack trace without what lies below the main method.
    private static StackTraceElement[] withoutOurs(StackTraceElement[] trace) {
        int length = trace.length;
        while (length > 0 && isOurs(trace[length - 1].getClassName())) {
            length--;
        }
        return Arrays.copyOf(trace, length);
    }

    private static boolean isOurs(String type) {
        return type.startsWith("dev.berth.cli.")
                || type.startsWith("jdk.internal.reflect.")
                || type.equals(Class.class.getName())
                || type.equals(Method.class.getName());
    }
}
