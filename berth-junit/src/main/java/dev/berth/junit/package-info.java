/// Networks in tests ([dev.berth.junit.BerthNetwork], [dev.berth.junit.BerthHost], [dev.berth.junit.OnHost]), what was
/// said on them ([dev.berth.junit.TrafficLog]), and assertions about both ([dev.berth.junit.BerthAssertions]).
package dev.berth.junit;
