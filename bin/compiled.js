// Starts the program from what V8 made of it last time: compiling it anew took 80 of 235 ms of a run (2026-11, Node 20).
// Node's own compile cache is of Node 22.1 and later, and keeps no functions that were compiled when they were called.
const { readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { basename, dirname, join } = require('node:path');
const { Script } = require('node:vm');

/** Loads the program. The cache lies beside it; where it can't be written, or is of another V8, there is none. */
exports.load = function load(file) {
  // What a run calls is more than what any other command does; `check` is called by editors and hooks, and has much of its own.
  const isRun = process.argv[2] === 'run' && !process.argv.includes('--rehearse');
  const kind = isRun ? 'run' : process.argv[2] === 'check' ? 'check' : 'start';
  return evaluated(file, cacheOf(file, kind));
};

/** A CommonJS file's exports. What it loads late (`bundle:late` in package.json) has a cache of its own. */
function evaluated(file, cache) {
  // The bundle is ASCII (`--charset=ascii`), and so read in half the time: 5 of 10 ms.
  const source = readFileSync(file, 'latin1');
  const cachedData = cache.read();
  const wrapped = `(function (exports, require, module, __filename, __dirname) { ${source}\n})`;
  const script = new Script(wrapped, { filename: file, ...(cachedData && { cachedData }) });
  if (!cachedData || script.cachedDataRejected || !cache.isOwn()) {
    writeAtEnd(() => cache.write(() => script.createCachedData()));
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, requireOf(file), module, file, dirname(file));
  return module.exports;
}

const writes = [];

/** At the end, when all that such a command calls was compiled: what failed may have called little of it. */
function writeAtEnd(write) {
  writes.push(write);
  // One listener for all of them: Node warns where there are more than ten.
  if (writes.length > 1) return;
  process.on('exit', (code) => {
    if (code === 0) for (const each of writes) each();
  });
}

function requireOf(file) {
  const require = createRequire(file);
  const late = new Map();
  const requireLate = (name) => {
    if (!name.startsWith('./late/')) return require(name);
    const path = join(dirname(file), name);
    if (!late.has(path)) late.set(path, evaluated(path, cacheOf(path, 'late')));
    return late.get(path);
  };
  return Object.assign(requireLate, require);
}

/** V8 asks no more of a cache than that it is of its own version and of a source of this length: its name says the rest. */
function cacheOf(file, kind) {
  const folder = dirname(file);
  const { mtimeMs, size } = statSync(file);
  const family = `${basename(file, '.cjs')}-${process.versions.v8}-${process.arch}-`;
  const stamp = `${family}${Math.round(mtimeMs)}-${size}`;
  const [own, whole] = [kind, 'run'].map((name) => join(folder, `${stamp}.${name}.cache`));
  let isOwn = true;
  return {
    read() {
      const found = readIfThere(own);
      if (found || kind === 'run' || kind === 'late') return found;
      const wider = readIfThere(whole);
      // For all but `check` a run's will do.
      isOwn = wider === undefined || kind !== 'check';
      return wider;
    },
    isOwn: () => isOwn,
    write(make) {
      const temporary = join(folder, `${stamp}.${process.pid}.tmp`);
      try {
        writeFileSync(temporary, make());
        renameSync(temporary, own);
        for (const name of readdirSync(folder)) {
          if (name.startsWith(family) && !name.startsWith(stamp)) rmSync(join(folder, name));
        }
      } catch {
        // A folder of somebody else's, or a full disk: it only starts more slowly.
        rmSync(temporary, { force: true });
      }
    },
  };
}

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
