/// Linux TUN and TAP devices as links of a host, through the foreign function interface of Java.
package dev.berth.tun;
