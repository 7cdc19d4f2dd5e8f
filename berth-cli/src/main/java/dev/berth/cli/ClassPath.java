package dev.berth.cli;

import java.io.File;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/// Appends to the class path of the running JVM, so that the classes of a program belong to the system class loader,
/// as when `java` starts it.
final class ClassPath {
    /// What a system class loader offers to agents, as the documentation of [Instrumentation] has it.
    private static final String APPEND = "appendToClassPathForInstrumentation";

    private final Instrumentation instrumentation;

    ClassPath(Instrumentation instrumentation) {
        this.instrumentation = instrumentation;
    }

    /// Appends the elements of a class path, written as for `java -cp`: with `*` for the jars of a directory, and
    /// without regard to what does not exist.
    ///
    /// @throws IOException if one of them cannot be read
    void append(String classPath) throws IOException {
        for (String element : classPath.split(File.pathSeparator, -1)) {
            if (element.equals("*") || element.endsWith(File.separator + "*")) {
                for (Path jar : jars(Path.of(element.substring(0, element.length() - 1)))) {
                    append(jar);
                }
            } else {
                append(Path.of(element));
            }
        }
    }

    private static List<Path> jars(Path directory) throws IOException {
        List<Path> jars = new ArrayList<>();
        if (Files.isDirectory(directory)) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "*.{jar,JAR}")) {
                entries.forEach(jars::add);
            }
        }
        jars.sort(null);
        return jars;
    }

    private void append(Path element) throws IOException {
        if (Files.isDirectory(element)) {
            appendDirectory(element);
        } else if (Files.exists(element)) {
            try (JarFile jar = open(element)) {
                instrumentation.appendToSystemClassLoaderSearch(jar);
            }
        }
    }

    /// Opens a jar.
    ///
    /// @throws IOException if that is not possible, with a sentence that says why
    static JarFile open(Path jar) throws IOException {
        try {
            if (Files.isDirectory(jar)) {
                throw new IOException(jar + " is a directory, not a jar");
            }
            if (Files.exists(jar) && !Files.isReadable(jar)) {
                throw new IOException("No permission to read " + jar);
            }
            return new JarFile(jar.toFile());
        } catch (NoSuchFileException e) {
            throw new IOException("There is no file " + jar, e);
        } catch (ZipException e) {
            throw new IOException(jar + " is not a jar", e);
        }
    }

    /// The public method takes jars only; what it calls takes directories as well.
    private void appendDirectory(Path directory) throws IOException {
        ClassLoader loader = ClassLoader.getSystemClassLoader();
        Module ours = ClassPath.class.getModule();
        String loaderPackage = loader.getClass().getPackageName();
        instrumentation.redefineModule(
                loader.getClass().getModule(),
                Set.of(),
                Map.of(),
                Map.of(loaderPackage, Set.of(ours)),
                Set.of(),
                Map.of());
        try {
            Method append = loader.getClass().getDeclaredMethod(APPEND, String.class);
            append.setAccessible(true);
            append.invoke(loader, directory.toString());
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
            throw new IOException("This JVM takes no directory (" + directory + ") on the class path; use a jar", e);
        }
    }

    /// Opens packages of the JDK to the program, as the manifest of its jar asks for.
    ///
    /// @param packages `MODULE/PACKAGE` names, separated by spaces, or null
    /// @param deep whether for reflection on what is not public too
    void export(@Nullable String packages, boolean deep) {
        if (packages == null) {
            return;
        }
        Set<Module> program = Set.of(ClassLoader.getSystemClassLoader().getUnnamedModule());
        for (String each : packages.strip().split("\\s+")) {
            int slash = each.indexOf('/');
            Module module = slash < 0
                    ? null
                    : ModuleLayer.boot().findModule(each.substring(0, slash)).orElse(null);
            String name = each.substring(slash + 1);
            // As java does, which warns of modules and packages that it does not know, but starts the program.
            if (module == null || !module.getPackages().contains(name)) {
                System.err.println("berth run: The jar asks for package " + each + ", which this JVM does not have.");
                continue;
            }
            Map<String, Set<Module>> to = Map.of(name, program);
            instrumentation.redefineModule(
                    module, Set.of(), deep ? Map.of() : to, deep ? to : Map.of(), Set.of(), Map.of());
        }
    }
}
