import { createRequire } from 'node:module';
import type { Plugin } from 'esbuild';

const require = createRequire(import.meta.url);

/**
 * Makes a CommonJS bundle load some of Node's own modules when an export of theirs is first used, not when the bundle
 * is loaded: libraries import them for functions that few commands call. With `child_process`, `crypto` and
 * `fs/promises`, `check` takes 5% less time (2026-11, Node 20.20).
 *
 * @param names the modules, without `node:`
 */
export function loadBuiltinsOnUse(names: readonly string[]): Plugin {
  return {
    name: 'load-builtins-on-use',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^(node:)?(${names.join('|')})$`) }, ({ path, namespace }) =>
        // The module that replaces a builtin imports the builtin itself.
        namespace === 'builtin-on-use' ? { path, external: true } : { path, namespace: 'builtin-on-use' },
      );
      onLoad({ filter: /^/, namespace: 'builtin-on-use' }, ({ path }) => ({ contents: createReplacement(path) }));
    },
  };
}

/** Returns the source of a module whose exports are getters. Each loads the builtin and returns its export. */
function createReplacement(builtin: string): string {
  const getters = Object.keys(require(builtin)).map((name) => `get ${name}() { return require('${builtin}').${name} }`);
  return `module.exports = { ${getters.join(', ')} };`;
}
