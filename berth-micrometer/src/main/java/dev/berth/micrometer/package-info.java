/// Meters of a host for Micrometer.
package dev.berth.micrometer;
