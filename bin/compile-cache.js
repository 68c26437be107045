// Loads the program with V8's code cache, which halves the time of a run of one act (2026-11, Node 20).
// Node's own module.enableCompileCache() exists from Node 22.1 on and was slower: see test/README.md.
const { readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { basename, dirname, join } = require('node:path');
const { Script } = require('node:vm');

/**
 * Returns the exports of a CommonJS file of `dist/`. Its cache lies beside it. It starts with a line that names the
 * commands whose functions it holds, such as `run check`; a command that is not among them adds its own when it succeeds.
 */
exports.loadWithCache = function loadWithCache(file) {
  const cache = readCache(file);
  // The bundle is ASCII, which Node reads as Latin-1 in half the time of UTF-8.
  const source = readFileSync(file, 'latin1');
  const wrapped = `(function (exports, require, module, __filename, __dirname) { ${source}\n})`;
  const script = new Script(wrapped, { filename: file, ...(cache.data && { cachedData: cache.data }) });
  const commands = script.cachedDataRejected ? [] : cache.commands;
  const command = process.argv[2] ?? '';
  if (!commands.includes(command)) {
    atSuccessfulExit(() => writeCache(cache, [...commands, command], script.createCachedData()));
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createLazyRequire(file), module, file, dirname(file));
  return module.exports;
};

const exitHandlers = [];

/** By then all functions of the command are compiled. A failed command may have called few of them. */
function atSuccessfulExit(handler) {
  exitHandlers.push(handler);
  // One listener for all files: Node warns about more than ten.
  if (exitHandlers.length > 1) return;
  process.on('exit', (code) => {
    if (code === 0) for (const each of exitHandlers) each();
  });
}

/** `require` for the program: the libraries in `dist/lazy/` have caches of their own. */
function createLazyRequire(file) {
  const require = createRequire(file);
  const loaded = new Map();
  const lazyRequire = (name) => {
    if (!name.startsWith('./lazy/')) return require(name);
    if (!loaded.has(name)) loaded.set(name, exports.loadWithCache(join(dirname(file), name)));
    return loaded.get(name);
  };
  return Object.assign(lazyRequire, require);
}

/** V8 checks only its own version and the length of the source: the name of the cache holds the rest. */
function readCache(file) {
  const { mtimeMs, size } = statSync(file);
  const prefix = `${basename(file, '.cjs')}-${process.versions.v8}-${process.arch}-`;
  const cache = { folder: dirname(file), prefix, name: `${prefix}${Math.round(mtimeMs)}-${size}.cache`, commands: [] };
  try {
    const content = readFileSync(join(cache.folder, cache.name));
    const end = content.indexOf('\n');
    return { ...cache, commands: content.toString('latin1', 0, end).split(' '), data: content.subarray(end + 1) };
  } catch {
    return cache;
  }
}

function writeCache({ folder, prefix, name }, commands, data) {
  const temporary = join(folder, `${name}.${process.pid}.tmp`);
  try {
    writeFileSync(temporary, Buffer.concat([Buffer.from(`${commands.join(' ')}\n`), data]));
    renameSync(temporary, join(folder, name));
    for (const each of readdirSync(folder)) {
      if (each.startsWith(prefix) && !each.startsWith(name)) rmSync(join(folder, each));
    }
  } catch {
    // The folder belongs to another user, or the disk is full: the next start is slower.
    rmSync(temporary, { force: true });
  }
}
