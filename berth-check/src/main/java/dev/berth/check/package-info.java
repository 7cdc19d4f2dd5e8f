/// What tests of every module share: seeded properties, and the requirements that a test proves.
package dev.berth.check;
