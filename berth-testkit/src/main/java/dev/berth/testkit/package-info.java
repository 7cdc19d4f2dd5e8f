/// Support for tests: pairs of hosts under virtual time, seeded runs, checks for leaks.
package dev.berth.testkit;
