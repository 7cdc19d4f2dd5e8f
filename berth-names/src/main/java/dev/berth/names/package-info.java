/// Names and addresses of hosts, and a name server that answers with them.
package dev.berth.names;
