package dev.berth.software;

import java.net.InetAddress;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;

/// A Spring Boot application with its own Tomcat on port 8080, which asks itself. Options of Spring are its arguments.
@SpringBootApplication
@RestController
public class SpringApplicationProgram {
    /// Says what was asked for, and on which kind of thread.
    @GetMapping("/hello/{name}")
    public String hello(@PathVariable("name") String name) {
        return "hello " + name + (Thread.currentThread().isVirtual() ? " on a virtual thread" : "");
    }

    public static void main(String[] arguments) throws Exception {
        SpringApplication.run(SpringApplicationProgram.class, arguments);
        boolean virtual = String.join(" ", arguments).contains("virtual.enabled=true");
        RestClient client =
                RestClient.create("http://" + InetAddress.getLocalHost().getHostAddress() + ":8080");
        int right = 0;
        for (int i = 0; i < 20; i++) {
            String answer = client.get().uri("/hello/" + i).retrieve().body(String.class);
            String expected = "hello " + i + (virtual ? " on a virtual thread" : "");
            if (expected.equals(answer)) {
                right++;
            }
        }
        Check.equal(20, right, "requests to Spring Boot");
        Check.done();
    }
}
