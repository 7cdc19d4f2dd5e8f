package dev.berth.it.compliance;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.AssignmentTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/// Finds the tests that carry a `@Requirement`, in the test sources of all modules, with the parser of the compiler.
final class RequirementScanner extends TreeScanner<Void, Void> {
    private static final Set<String> TESTS =
            Set.of("Test", "ParameterizedTest", "RepeatedTest", "TestFactory", "TestTemplate", "FuzzTest");

    private final Map<String, List<String>> testsById = new TreeMap<>();
    private final List<String> notTests = new ArrayList<>();
    private final Deque<String> classes = new ArrayDeque<>();

    /// Reads the test sources of every module below `root`.
    static RequirementScanner scan(Path root) throws IOException {
        RequirementScanner scanner = new RequirementScanner();
        var compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask) compiler.getTask(
                    null, files, null, List.of(), null, files.getJavaFileObjectsFromPaths(testSources(root)));
            for (CompilationUnitTree unit : task.parse()) {
                scanner.scan(unit, null);
            }
        }
        return scanner;
    }

    private static List<Path> testSources(Path root) throws IOException {
        List<Path> found = new ArrayList<>();
        try (Stream<Path> modules = Files.list(root)) {
            for (Path module : modules.sorted().toList()) {
                Path tests = module.resolve("src/test/java");
                if (Files.isDirectory(tests)) {
                    try (Stream<Path> files = Files.walk(tests)) {
                        files.filter(f -> f.toString().endsWith(".java")
                                        && !f.endsWith("module-info.java")
                                        && !f.endsWith("package-info.java"))
                                .sorted()
                                .forEach(found::add);
                    }
                }
            }
        }
        return found;
    }

    /// The tests of each requirement as `Class.method`, or `Class` where the annotation is on the class.
    Map<String, List<String>> testsById() {
        return testsById;
    }

    /// Annotated methods that no test runner would run.
    List<String> notTests() {
        return notTests;
    }

    @Override
    public Void visitClass(ClassTree node, Void unused) {
        classes.push(node.getSimpleName().toString());
        List<String> ids = requirements(node.getModifiers());
        if (!ids.isEmpty()) {
            note(ids, classes.peek());
        }
        super.visitClass(node, null);
        classes.pop();
        return null;
    }

    @Override
    public Void visitMethod(MethodTree node, Void unused) {
        List<String> ids = requirements(node.getModifiers());
        if (!ids.isEmpty()) {
            String where = classes.peek() + "." + node.getName();
            if (isTest(node.getModifiers())) {
                note(ids, where);
            } else {
                notTests.add(where);
            }
        }
        return super.visitMethod(node, null);
    }

    private void note(List<String> ids, String where) {
        for (String id : ids) {
            testsById.computeIfAbsent(id, i -> new ArrayList<>()).add(where);
        }
    }

    private static boolean isTest(ModifiersTree modifiers) {
        List<String> names = modifiers.getAnnotations().stream()
                .map(RequirementScanner::name)
                .toList();
        return names.stream().anyMatch(TESTS::contains) && !names.contains("Disabled");
    }

    private static List<String> requirements(ModifiersTree modifiers) {
        List<String> ids = new ArrayList<>();
        for (AnnotationTree annotation : modifiers.getAnnotations()) {
            if (name(annotation).equals("Requirement")) {
                new TreeScanner<Void, Void>() {
                    @Override
                    public Void visitLiteral(LiteralTree node, Void unused) {
                        ids.add(String.valueOf(node.getValue()));
                        return null;
                    }

                    @Override
                    public Void visitAssignment(AssignmentTree node, Void unused) {
                        return scan(node.getExpression(), null);
                    }
                }.scan(annotation.getArguments(), null);
            }
        }
        return ids;
    }

    private static String name(AnnotationTree annotation) {
        String name = annotation.getAnnotationType().toString();
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
