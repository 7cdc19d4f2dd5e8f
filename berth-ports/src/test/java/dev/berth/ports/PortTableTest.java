package dev.berth.ports;

class PortTableTest {}
