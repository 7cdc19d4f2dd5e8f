package dev.berth.software;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;

/// A Spring Boot application on port 8080 that asks the web server of another host, by its name. Options of Spring are
/// its arguments.
@SpringBootApplication
@RestController
public class SpringFront {
    private final RestClient client = RestClient.create();

    /// Passes on what `http://HOST:8080/hello` answers.
    @GetMapping("/ask/{host}")
    public String ask(@PathVariable("host") String host) {
        return "front: "
                + client.get().uri("http://" + host + ":8080/hello").retrieve().body(String.class);
    }

    public static void main(String[] arguments) {
        SpringApplication.run(SpringFront.class, arguments);
        System.out.println("ready");
    }
}
