// Loads the program with V8's code cache, which halves the time of a run of one act (2026-11, Node 20).
// Node's own module.enableCompileCache() exists only from Node 22.1 on, and a run with it took longer.
const fs = require('node:fs');
const { createRequire } = require('node:module');
const { basename, dirname, join } = require('node:path');
const { Script } = require('node:vm');

/**
 * Returns the exports of a CommonJS file of `dist/`. The file may load others by relative paths. Each command has its own
 * cache beside the file: V8 always reads a whole cache, so a common cache of all commands would slow each of them down.
 * The first successful run of a command writes its cache. A cache file contains the data twice, so that damage can be
 * detected.
 */
exports.loadWithCache = function loadWithCache(file, loaded = new Map()) {
  const cache = readCache(file);
  // The bundle is ASCII, which Node reads as Latin-1 in half the time of UTF-8.
  const source = fs.readFileSync(file, 'latin1');
  const wrapped = `(function (exports, require, module, __filename, __dirname) { ${source}\n})`;
  const script = new Script(wrapped, { filename: file, ...(cache.data && { cachedData: cache.data }) });
  if (!cache.data || script.cachedDataRejected) atSuccessfulExit(() => writeCache(cache, script.createCachedData()));
  const module = { exports: {} };
  loaded.set(file, module);
  script.runInThisContext()(module.exports, createCachingRequire(file, loaded), module, file, dirname(file));
  return module.exports;
};

/** `require` for a file of the program: it loads other files of the program with their caches, and each only once. */
function createCachingRequire(file, loaded) {
  const require = createRequire(file);
  const load = (name) => {
    if (!name.startsWith('.')) return require(name);
    const path = join(dirname(file), name);
    return loaded.has(path) ? loaded.get(path).exports : exports.loadWithCache(path, loaded);
  };
  return Object.assign(load, require);
}

const exitHandlers = [];

/**
 * Calls the handler when the process exits with 0. By then V8 has compiled every function that the command uses. After a
 * failure, only few of them may have been compiled.
 */
function atSuccessfulExit(handler) {
  exitHandlers.push(handler);
  // One listener for all files: Node warns about more than ten.
  if (exitHandlers.length > 1) return;
  process.on('exit', (code) => {
    if (code === 0) for (const handle of exitHandlers) handle();
  });
}

/**
 * Reads the cache of the current command. V8 itself rejects a cache only if it belongs to another version of V8 or to a
 * source of another length. The file name identifies everything else: architecture, build and command.
 */
function readCache(file) {
  const { mtimeMs, size } = fs.statSync(file);
  const command = (process.argv[2] ?? '').replace(/[^a-z]/g, '').slice(0, 20) || 'help';
  const prefix = `${basename(file, '.cjs')}-${process.versions.v8}-${process.arch}-`;
  const buildPrefix = `${prefix}${Math.round(mtimeMs)}-${size}.`;
  const cache = { folder: dirname(file), prefix, buildPrefix, name: `${buildPrefix}${command}.cache` };
  const content = readTrustedFile(join(cache.folder, cache.name));
  if (!content) return cache;
  // V8 executes a damaged cache and crashes: its own checksum is off in release builds (2026-11, Node 20.20). The second
  // copy shows damage of any kind. A hash would need node:crypto, which takes 5% of a start to load.
  const data = content.subarray(0, content.length / 2);
  return data.equals(content.subarray(data.length)) ? { ...cache, data } : cache;
}

/**
 * Reads a file that only this user or root can have written: whoever writes the cache decides what the program does.
 * Returns undefined for any other file. The open file is checked, because its name may mean another file a moment later.
 */
function readTrustedFile(path) {
  let fd;
  try {
    // Non-blocking, because opening a pipe would wait for a writer.
    fd = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
    const { uid, mode } = fs.fstatSync(fd);
    // Windows has neither owners nor modes of this kind, so nothing is checked there.
    if (process.getuid && ((uid !== 0 && uid !== process.getuid()) || (mode & 0o022) !== 0)) return undefined;
    return fs.readFileSync(fd);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function writeCache({ folder, prefix, buildPrefix, name }, data) {
  // Loaded here, because most starts write nothing.
  const { randomBytes } = require('node:crypto');
  const temporary = join(folder, `${name}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    // `wx` fails if the name exists, so no link that another user has put there is followed.
    const fd = fs.openSync(temporary, 'wx', 0o644);
    try {
      // Sets the mode again, because the umask of the user may have removed the read permission of others.
      fs.fchmodSync(fd, 0o644);
      fs.writeFileSync(fd, Buffer.concat([data, data]));
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, join(folder, name));
    // Removes the caches of earlier builds.
    for (const file of fs.readdirSync(folder)) {
      if (file.startsWith(prefix) && !file.startsWith(buildPrefix)) fs.rmSync(join(folder, file));
    }
  } catch {
    // The folder belongs to another user, or the disk is full. Without a cache, the next start is slower.
    fs.rmSync(temporary, { force: true });
  }
}
