package dev.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.agent.run.HostPlan;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/// Command lines of `berth gateway`; nothing is started for them.
class GatewayCommandUsageTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--tun x --mtu 5 | --mtu is 1280 to 65535, not 5",
                "--tun x --tap y | --tun goes with none of --tap, --qemu and --vfkit",
                "--tun sixteen-octets-x | --tun is the name of a device, 1 to 15 octets, not 16",
                "--tap sixteen-octets-x | --tap is the name of a device, 1 to 15 octets, not 16",
                "--tun a/b | --tun is the name of a device, which has no '/', ':' or space: not 'a/b'",
                "--qemu s --netns 1 | --netns is the namespace of a device",
                "--tun x --address nonsense | Invalid value for option '--address': 'nonsense' is not an IP address",
                "--tun x --publish 80 | '80' is not [ADDRESS:]HOSTPORT:PORT",
                "--tun x --limit per-guest=0 | The limit per-guest is 1 to 1000000, not '0'",
                "--tun x --outside off --limit udp=9 | There is no outside that a limit could be about",
                "--tun x --allow nonsense | 'nonsense' is not"
            })
    void mistakes_are_one_sentence(String arguments, String sentence) {
        StringWriter err = new StringWriter();
        String[] words = ("gateway " + arguments).split(" ");
        int exitCode = Berth.commandLine().setErr(new PrintWriter(err)).execute(words);
        assertThat(exitCode).isEqualTo(2);
        assertThat(err.toString()).startsWith("berth gateway: ").contains(sentence);
        assertThat(err.toString().lines()).hasSize(1);
    }

    @Test
    void its_own_device_and_addresses_are_none_of_a_host() {
        CommandLine berth = Berth.commandLine();
        berth.parseArgs("gateway", "--tun", "tun5", "--address", "10.9.0.2/24", "--publish", "8080:80");
        CommandLine gateway = berth.getSubcommands().get("gateway");
        HostPlan plan = HostOptions.plan(gateway.getCommandSpec(), GatewayCommand.OPTIONS);
        assertThat(plan.tun()).isNull();
        assertThat(plan.outside()).isTrue();
        assertThat(plan.publications()).hasSize(1);
    }
}
