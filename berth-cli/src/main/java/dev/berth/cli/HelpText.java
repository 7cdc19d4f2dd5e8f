package dev.berth.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi.Text;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/// The help of every command, broken into lines here: only at spaces, as picocli also breaks within `resolv.conf` and
/// `fd00::1/64`.
///
/// Lines of a description or footer that follow each other are one paragraph, wherever the source breaks them; those
/// that begin with a space, and empty ones, stand for themselves. A list of commands has the first sentence of each.
final class HelpText extends Help {
    private static final int NAMES_INDENT = 2;

    /// For [picocli.CommandLine#setHelpFactory].
    HelpText(CommandSpec command, ColorScheme colours) {
        super(command, colours);
    }

    private int width() {
        return commandSpec().usageMessage().width() - 1; // a full line may get an empty one after it
    }

    @Override
    public String description(Object... parameters) {
        return text(commandSpec().usageMessage().description(), parameters);
    }

    @Override
    public String footer(Object... parameters) {
        return text(commandSpec().usageMessage().footer(), parameters);
    }

    private String text(String[] lines, Object... parameters) {
        List<String> broken = new ArrayList<>();
        for (String paragraph : paragraphs(lines)) {
            String words = paragraph.stripLeading();
            String indent = paragraph.substring(0, paragraph.length() - words.length());
            if (paragraph.length() <= width()) {
                broken.add(paragraph);
                continue;
            }
            Text text = colorScheme().ansi().new Text(words);
            for (Text line : broken(text, width() - indent.length())) {
                broken.add(indent + line.plainString());
            }
        }
        UsageMessageSpec usage = commandSpec().usageMessage();
        boolean wide = usage.adjustLineBreaksForWideCJKCharacters();
        String[] all = broken.toArray(new String[0]);
        return join(colorScheme().ansi(), usage.width(), wide, all, new StringBuilder(), parameters)
                .toString();
    }

    private static List<String> paragraphs(String[] lines) {
        List<String> paragraphs = new ArrayList<>();
        boolean open = false;
        for (String line : lines) {
            boolean flows = !line.isEmpty() && line.charAt(0) != ' ';
            if (flows && open) {
                paragraphs.set(paragraphs.size() - 1, paragraphs.getLast() + " " + line);
            } else {
                paragraphs.add(line);
            }
            open = flows;
        }
        return paragraphs;
    }

    /// @param width of a line, in characters; a longer word has a line to itself
    private static List<Text> broken(Text text, int width) {
        List<Text> lines = new ArrayList<>();
        String plain = text.plainString();
        int from = 0;
        while (plain.length() - from > width) {
            int space = plain.lastIndexOf(' ', from + width);
            if (space <= from) {
                space = plain.indexOf(' ', from);
                if (space < 0) {
                    break;
                }
            }
            lines.add(text.substring(from, space));
            from = space + 1;
        }
        lines.add(text.substring(from));
        return lines;
    }

    @Override
    public Layout createDefaultLayout(
            List<OptionSpec> options, List<PositionalParamSpec> positionals, ColorScheme colours) {
        Layout layout = super.createDefaultLayout(options, positionals, colours);
        Column last = layout.textTable().columns()[layout.textTable().columns().length - 1];
        int width = last.width - last.indent - 1;
        IOptionRenderer option = layout.optionRenderer();
        IParameterRenderer parameter = layout.parameterRenderer();
        return new Layout(
                colours,
                layout.textTable(),
                (spec, label, scheme) -> rows(option.render(spec, label, scheme), width),
                (spec, label, scheme) -> rows(parameter.render(spec, label, scheme), width));
    }

    /// The same rows with the last column broken anew.
    private static Text[][] rows(Text[][] rows, int width) {
        int last = rows[0].length - 1;
        Text all = rows[0][last];
        for (int i = 1; i < rows.length; i++) {
            all = all.concat(" ").concat(rows[i][last]);
        }
        List<Text[]> broken = new ArrayList<>();
        for (Text line : broken(all, width)) {
            Text[] row = rows[0].clone();
            for (int column = 0; column < last && !broken.isEmpty(); column++) {
                row[column] = line.substring(0, 0);
            }
            row[last] = line;
            broken.add(row);
        }
        return broken.toArray(new Text[0][]);
    }

    @Override
    public String commandList(Map<String, Help> commands) {
        int names = 0;
        for (String name : commands.keySet()) {
            names = Math.max(names, name.length());
        }
        int indent = NAMES_INDENT + names + 2;
        StringBuilder list = new StringBuilder();
        commands.forEach((name, help) -> {
            Text text = colorScheme().ansi()
            .new Text(firstSentence(help.commandSpec().usageMessage().description()));
            String before = " ".repeat(NAMES_INDENT) + name;
            for (Text line : broken(text, width() - indent)) {
                list.append(before)
                        .repeat(' ', indent - before.length())
                        .append(line)
                        .append(System.lineSeparator());
                before = "";
            }
        });
        return list.toString();
    }

    private static String firstSentence(String[] description) {
        String all = String.join(" ", description).replace("%%", "%");
        int end = all.indexOf(". ");
        return end < 0 ? all : all.substring(0, end + 1);
    }
}
