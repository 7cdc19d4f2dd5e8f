/// Network namespaces of the Linux kernel for tests with real peers, made and removed with the command `ip`.
package dev.berth.testkit.netns;
