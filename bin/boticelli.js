#!/usr/bin/env node
// CommonJS (see package.json beside it): Node starts it faster than an ES module.
const { readFileSync, writeSync } = require('node:fs');
const { join } = require('node:path');

if (!printVersion()) {
  const { loadWithCache } = require('./compile-cache.js');
  loadWithCache(join(__dirname, '../dist/main.cjs')).main(process);
}

/**
 * Prints the version without loading the program, because scripts ask for it often. Returns false if the arguments ask
 * for something else, or if printing fails. Then the program is loaded. If printing has failed, it fails again, and the
 * program reports why.
 */
function printVersion() {
  if (process.argv.length !== 3 || !/^(-V|--version)$/.test(process.argv[2])) return false;
  try {
    const { version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'));
    return writeSync(1, `${version}\n`) > 0;
  } catch {
    return false;
  }
}
