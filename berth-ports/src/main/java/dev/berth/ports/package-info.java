/// The port system: port numbers and ranges, the service registry, ephemeral port selection and the port table.
package dev.berth.ports;
