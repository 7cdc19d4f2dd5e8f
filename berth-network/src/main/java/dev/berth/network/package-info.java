/// Networks in memory: hosts with names and addresses that reach each other without any device.
package dev.berth.network;
