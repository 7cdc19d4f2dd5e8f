/// Programs that use nothing but the JDK, to be run on a Berth host.
package dev.berth.examples;
