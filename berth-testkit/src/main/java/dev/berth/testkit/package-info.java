/// Support for tests: packet scripts, seeded runs and checks for leaks.
package dev.berth.testkit;
