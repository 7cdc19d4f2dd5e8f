/// Networks that several processes of one user share: the process that holds one, and the links of its members.
package dev.berth.gateway.shared;
