/// The `berth` command.
package dev.berth.cli;
