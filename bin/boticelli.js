#!/usr/bin/env node
// CommonJS (see package.json beside it): Node needs a fifth less time to start it than a module.
const { fstatSync, readFileSync, writeSync } = require('node:fs');
const { join } = require('node:path');

if (!saysVersion() && !saysHelp()) {
  const { load } = require('./compiled.js');
  load(join(__dirname, '../dist/cli.cjs')).main(process);
}

/** Scripts ask for the version often: it is said without loading anything. If it can't be written, main tells why. */
function saysVersion() {
  if (process.argv.length !== 3 || !/^(-V|--version)$/.test(process.argv[2])) return false;
  try {
    const { version } = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'));
    return writeSync(1, `${version}\n`) > 0;
  } catch {
    return false;
  }
}

/**
 * So is the help, which the build has written down (`bundle:help` in package.json) as the program writes it where it does
 * not know how wide the screen is. On a terminal it may know, and writes it itself.
 */
function saysHelp() {
  if (process.argv.length !== 3 || !/^(-h|--help)$/.test(process.argv[2]) || isPerhapsTerminal()) return false;
  try {
    return writeSync(1, readFileSync(join(__dirname, '../dist/help.txt'), 'utf8')) > 0;
  } catch {
    return false;
  }
}

/** Without node:tty, which loads the network too. */
function isPerhapsTerminal() {
  try {
    return fstatSync(1).isCharacterDevice();
  } catch {
    return true;
  }
}
