/// Small programs around other people's software. None of them knows Berth.
@org.jspecify.annotations.NullMarked
package dev.berth.software;
