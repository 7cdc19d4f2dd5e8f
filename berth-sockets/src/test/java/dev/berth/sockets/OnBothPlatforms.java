package dev.berth.sockets;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.ParameterDeclarations;

/// Runs every test of the class twice, on the JDK's own sockets and on Berth. The system property
/// `berth.test.platform` (`jdk` or `berth`) chooses one.
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Inherited
@ParameterizedClass(name = "{0}")
@ArgumentsSource(OnBothPlatforms.Platforms.class)
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@interface OnBothPlatforms {
    /// The platforms; each is closed when its tests are done.
    final class Platforms implements ArgumentsProvider {
        @Override
        public Stream<? extends Arguments> provideArguments(ParameterDeclarations parameters, ExtensionContext context)
                throws Exception {
            Stream.Builder<Arguments> platforms = Stream.builder();
            String chosen = System.getProperty("berth.test.platform", "both");
            if (!chosen.equals("berth")) {
                platforms.add(Arguments.of(new KernelPlatform()));
            }
            if (!chosen.equals("jdk")) {
                platforms.add(Arguments.of(new BerthPlatform()));
            }
            return platforms.build();
        }
    }
}
