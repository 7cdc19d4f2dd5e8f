package dev.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// What is read without picocli is read as picocli reads it.
class RunLineTest {
    /// Words of command lines, good and bad; those with `=` at the end get a value.
    private static final String[] WORDS = """
            -cp -classpath --class-path classes:lib/a.jar -jar app.jar Main -Dkey=value -Dkey= -Dkey -D -Da=b=c -D=x
            --name --name=web --name= web --strict --strict=log log --strict= --spi --spi=true --ports --control
            --control=off off --address 10.5.0.1/16 --address=10.5.0.2 fd00::5 --publish 8080:80 --publish=8081:http
            --reserved 50000,50001-50100 --reserved=50000, --outside --outside=off on --allow --deny=10.0.0.0/8:80
            192.168.0.0/16 --port-policy=linux --ephemeral=2000-3000 --selection=uniform --unprivileged-from=1024

            --no-such-option --help -h -p -- - @ @file "a" 'a' --name="web" --tun=t0 --capture=x.pcapng -x a=b ${key}
            --network --network=shop shop
            """.split("\\s"); // the empty line is an empty word

    private static RunRequest byPicocli(List<String> words) {
        CommandLine command = Berth.commandLine();
        List<String> all = new ArrayList<>(words);
        all.addFirst("run");
        CommandLine.ParseResult parsed = command.parseArgs(all.toArray(new String[0]));
        return ((RunCommand) parsed.subcommand().commandSpec().userObject()).request();
    }

    @Test
    void whatever_is_read_without_picocli_means_the_same_to_picocli() {
        int[] read = new int[1];
        Seeds.run(3_000, random -> {
            List<String> words = new ArrayList<>();
            for (int i = random.nextInt(8); i >= 0; i--) {
                words.add(WORDS[random.nextInt(WORDS.length)]);
            }
            RunRequest request = RunLine.parse(words);
            if (request != null) {
                read[0]++;
                assertThat(request).as("%s", words).isEqualTo(byPicocli(words));
            }
        });
        assertThat(read[0]).isGreaterThan(Long.getLong("berth.seed") == null ? 50 : -1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "app.jar",
                "app.jar --help -x --name=9",
                "-jar app.jar",
                "-cp classes Main a b",
                "-Da=b=c -Dd=e --class-path classes Main",
                "--publish 8080:80 --publish=0.0.0.0:8081:http --address 10.5.0.1/16 --name web app.jar",
                "--strict --spi --ports app.jar",
                "--strict=log --control=off app.jar",
                "--deny 10.0.0.0/8 --allow=10.0.0.0/16 --deny=::/0 app.jar",
                "--reserved 50000,50001-50100 --reserved=60000 --selection random-tries:3 app.jar",
                "--shards 2 app.jar",
                "--capture p.pcapng --port-policy linux --ephemeral 2000-3000 --unprivileged-from 1024 -cp . Main"
            })
    void usual_command_lines_need_no_picocli(String line) {
        List<String> words = Arrays.asList(line.split(" "));
        assertThat(Objects.requireNonNull(RunLine.parse(words))).isEqualTo(byPicocli(words));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-cp classes",
                "-jar",
                "-jar -cp classes Main",
                "--strict app.jar",
                "--name",
                "--name --spi app.jar",
                "--name=a --name=b app.jar",
                "-cp a -cp b Main",
                "--help",
                "@arguments app.jar",
                "app.jar @arguments",
                "-- app.jar",
                "--publish 80 app.jar",
                "--outside=off --allow=::/0 app.jar",
                "-m a/b",
                "-Dkey app.jar",
                "--spi=true app.jar",
                "--reserved=50000, app.jar"
            })
    void what_is_wrong_or_unusual_is_left_to_picocli(String line) {
        assertThat(RunLine.parse(Arrays.asList(line.split(" ")))).isNull();
    }

    @Test
    void a_jar_that_no_file_can_be_called_is_left_to_picocli() {
        List<String> words = List.of("a\0b");
        assertThat(RunLine.parse(words)).isNull();
        assertThatThrownBy(() -> byPicocli(words)).hasMessageContaining("is not the name of a file");
    }
}
