package dev.berth.it.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ExportsTree;
import com.sun.source.tree.ImportTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.SynchronizedTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Size, documentation and habits of the sources of all modules, read with the parser of the compiler.
class SourceRulesTest {
    private static final int CLASS_LINES = 600;
    private static final int METHOD_LINES = 80;
    private static final int COLUMNS = 120;

    private static final Path ROOT = root();

    private static final List<String> tooLong = new ArrayList<>();
    private static final List<String> undocumented = new ArrayList<>();
    private static final List<String> imports = new ArrayList<>();
    private static final List<String> synchronizedCore = new ArrayList<>();
    private static int types;

    private static Path root() {
        String property = System.getProperty("berth.root");
        Path dir = Path.of(property != null ? property : "").toAbsolutePath();
        while (dir != null && !Files.isDirectory(dir.resolve("berth-wire"))) {
            dir = dir.getParent();
        }
        return Objects.requireNonNull(dir, "the directory of the project");
    }

    /// The Java files of all modules below `src/main/java` or `src/test/java`.
    private static List<Path> sources(String kind) throws IOException {
        List<Path> found = new ArrayList<>();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path module : modules.sorted().toList()) {
                Path dir = module.resolve("src").resolve(kind).resolve("java");
                if (module.getFileName().toString().startsWith("berth-") && Files.isDirectory(dir)) {
                    try (Stream<Path> files = Files.walk(dir)) {
                        files.filter(f -> f.toString().endsWith(".java"))
                                .sorted()
                                .forEach(found::add);
                    }
                }
            }
        }
        return found;
    }

    @BeforeAll
    static void read() throws IOException {
        List<CompilationUnitTree> units = new ArrayList<>();
        var compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            // Module by module: the compiler accepts one module descriptor at a time.
            for (List<Path> module : byModule(sources("main"))) {
                JavacTask task = (JavacTask)
                        compiler.getTask(null, files, null, List.of(), null, files.getJavaFileObjectsFromPaths(module));
                units.clear();
                task.parse().forEach(units::add);
                Set<String> exported = exportedPackages(units);
                for (CompilationUnitTree unit : units) {
                    new Reader(unit, DocTrees.instance(task), exported).scan(unit, null);
                }
            }
        }
    }

    private static List<List<Path>> byModule(List<Path> files) {
        List<List<Path>> modules = new ArrayList<>();
        Path last = null;
        for (Path file : files) {
            Path module = ROOT.relativize(file).getName(0);
            if (!module.equals(last)) {
                modules.add(new ArrayList<>());
                last = module;
            }
            modules.getLast().add(file);
        }
        return modules;
    }

    private static Set<String> exportedPackages(List<CompilationUnitTree> units) {
        Set<String> exported = new HashSet<>();
        for (CompilationUnitTree unit : units) {
            if (unit.getModule() != null) {
                unit.getModule().getDirectives().stream()
                        .filter(d -> d instanceof ExportsTree e && e.getModuleNames() == null)
                        .map(d -> ((ExportsTree) d).getPackageName().toString())
                        .forEach(exported::add);
            }
        }
        return exported;
    }

    @Test
    void sourcesAreFound() {
        assertThat(types).isPositive();
    }

    @Test
    void classesAndMethodsAreShort() {
        assertThat(tooLong).isEmpty();
    }

    @Test
    void exportedTypesAreDocumented() {
        assertThat(undocumented).isEmpty();
    }

    @Test
    void importsNameWhatTheyImport() {
        assertThat(imports).isEmpty();
    }

    @Test
    void coreTakesNoMonitor() {
        assertThat(synchronizedCore).isEmpty();
    }

    @Test
    void linesFitTheColumns() throws IOException {
        List<String> wide = new ArrayList<>();
        for (String kind : List.of("main", "test")) {
            for (Path file : sources(kind)) {
                List<String> lines = Files.readAllLines(file);
                for (int i = 0; i < lines.size(); i++) {
                    if (lines.get(i).length() > COLUMNS && !lines.get(i).startsWith("import ")) {
                        wide.add(ROOT.relativize(file) + ":" + (i + 1));
                    }
                }
            }
        }
        assertThat(wide).as("lines of more than " + COLUMNS + " columns").isEmpty();
    }

    /// Walks through one source file and writes down what is against the rules.
    private static final class Reader extends TreePathScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final SourcePositions positions;
        private final DocTrees trees;
        private final String packageName;
        private final boolean exported;

        Reader(CompilationUnitTree unit, DocTrees trees, Set<String> exportedPackages) {
            this.unit = unit;
            this.trees = trees;
            positions = trees.getSourcePositions();
            packageName =
                    unit.getPackageName() == null ? "" : unit.getPackageName().toString();
            exported = exportedPackages.contains(packageName);
        }

        private long lines(Tree tree) {
            long start = positions.getStartPosition(unit, tree);
            long end = positions.getEndPosition(unit, tree);
            return unit.getLineMap().getLineNumber(end) - unit.getLineMap().getLineNumber(start) + 1;
        }

        private String place(Tree tree) {
            try {
                Path file =
                        ROOT.relativize(Path.of(unit.getSourceFile().toUri()).toRealPath());
                return file + ":" + unit.getLineMap().getLineNumber(positions.getStartPosition(unit, tree));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /// True if the type at hand and all around it are public, so that other modules can name it.
        private boolean isVisible() {
            for (Tree tree : getCurrentPath()) {
                if (tree instanceof ClassTree type
                        && !type.getModifiers().getFlags().contains(Modifier.PUBLIC)
                        && !isMemberOfInterface(type)) {
                    return false;
                }
            }
            return true;
        }

        private boolean isMemberOfInterface(ClassTree member) {
            Tree around = null;
            for (Tree tree : getCurrentPath()) {
                if (around == member && tree instanceof ClassTree type) {
                    return type.getKind() == Tree.Kind.INTERFACE || type.getKind() == Tree.Kind.ANNOTATION_TYPE;
                }
                around = around == member ? around : tree;
            }
            return false;
        }

        @Override
        public Void visitClass(ClassTree type, Void unused) {
            types++;
            long lines = lines(type);
            if (lines > CLASS_LINES) {
                tooLong.add(place(type) + " " + type.getSimpleName() + " has " + lines + " lines, " + CLASS_LINES
                        + " are allowed");
            }
            boolean named = !type.getSimpleName().isEmpty();
            if (exported && named && isVisible() && trees.getDocComment(getCurrentPath()) == null) {
                undocumented.add(place(type) + " " + type.getSimpleName());
            }
            return super.visitClass(type, null);
        }

        @Override
        public Void visitMethod(MethodTree method, Void unused) {
            long lines = lines(method);
            if (lines > METHOD_LINES) {
                tooLong.add(place(method) + " " + method.getName() + " has " + lines + " lines, " + METHOD_LINES
                        + " are allowed");
            }
            if (method.getModifiers().getFlags().contains(Modifier.SYNCHRONIZED)) {
                takesMonitor(method);
            }
            return super.visitMethod(method, null);
        }

        @Override
        public Void visitSynchronized(SynchronizedTree block, Void unused) {
            takesMonitor(block);
            return super.visitSynchronized(block, null);
        }

        private void takesMonitor(Tree tree) {
            if (packageName.startsWith("dev.berth.") && Modules.CORE.contains(Modules.of(packageName))) {
                synchronizedCore.add(place(tree));
            }
        }

        @Override
        public Void visitImport(ImportTree use, Void unused) {
            if (use.isModule() || use.getQualifiedIdentifier().toString().endsWith(".*")) {
                imports.add(place(use) + " " + use.toString().strip());
            }
            return super.visitImport(use, null);
        }
    }
}
