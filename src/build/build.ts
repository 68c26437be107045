import { rmSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { escapeFiles } from './escape-non-ascii.js';
import { writeNotices } from './notices.js';

/**
 * Bundles the program and the library into `dist/`, and writes the licences of the bundled libraries. `npm run build`
 * runs it from the root of the repository, then writes the type declarations.
 */

/** Libraries that few commands need. Each is a separate file in `dist/lazy/`, so that other commands do not load it. */
const lazyLibraries: Readonly<Record<string, string>> = {
  ajv: 'ajv',
  'ajv/dist/2020.js': 'ajv-2020',
  bottleneck: 'bottleneck',
  'csv-parse': 'csv-parse',
  'csv-stringify/sync': 'csv-stringify',
  diff: 'diff',
  'file-type/core': 'file-type',
  ioredis: 'ioredis',
  tinyglobby: 'tinyglobby',
  'toml-eslint-parser': 'toml-eslint-parser',
  ws: 'ws',
};

/**
 * Parts of the program that few commands need, by the module that loads them. They are in `dist/lazy/` too. A part has
 * its own copy of what it imports, so it must not throw a BoticelliError: the program would take it for a bug.
 */
const lazyParts: Readonly<Record<string, string>> = {
  'src/commands/init/templates/create-template.ts': 'templates',
  'src/terminal/reports/compare-report.ts': 'compare-report',
  'src/report/render-report.ts': 'report',
  'src/report/open-page.ts': 'report-open',
};

/** Makes the program load the parts from their own files. */
const loadPartsLazily: Plugin = {
  name: 'lazy-parts',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\/.*\.js$/ }, ({ path, resolveDir }) => {
      const module = relative('.', resolve(resolveDir, path)).replaceAll('\\', '/').replace(/\.js$/, '.ts');
      const name = lazyParts[module];
      return name === undefined ? undefined : { path: `./lazy/${name}.cjs`, external: true };
    });
  },
};

const stub = (name: string) => `./src/build/stubs/${name}.ts`;

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['libsql'],
  // Replaces Node's own fetch classes, whose first use loads undici. That takes longer than the rest of a one-act run.
  inject: ['./src/gemini/transport/minimal-fetch.ts'],
  alias: { 'google-auth-library': stub('no-cloud-credentials'), debug: stub('no-debug-output') },
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
} satisfies BuildOptions;

/**
 * The program is CommonJS: Node starts it faster than ES modules, and bin/compile-cache.js can store its compiled code.
 * `import()` becomes `require()`.
 */
const program = {
  ...common,
  format: 'cjs',
  supported: { 'dynamic-import': false },
  // esbuild warns that CommonJS has no import.meta. There, run-in-worker.ts uses __dirname instead.
  logOverride: { 'empty-import-meta': 'silent' },
  minifySyntax: true,
  minifyWhitespace: true,
  // Node can read ASCII as Latin-1, which takes half the time of reading UTF-8.
  charset: 'ascii',
} satisfies BuildOptions;

async function buildProgram(): Promise<Metafile[]> {
  const lazy = { ...program, outdir: 'dist/lazy', outExtension: { '.js': '.cjs' } };
  const libraries = Object.entries(lazyLibraries);
  const results = await Promise.all([
    build({ ...lazy, entryPoints: libraries.map(([library, name]) => ({ in: library, out: name })) }),
    build({
      ...lazy,
      entryPoints: [{ in: '@google/genai', out: 'google-genai' }],
      // The SDK's own WebSocket is never used, because `gemini/live/socket.ts` passes one in. The real `ws` would load
      // TLS and compression even for REST, which takes 8% of a run of one act (2026-11, Node 20.20).
      alias: { ...program.alias, ws: stub('no-web-socket') },
    }),
    build({
      ...lazy,
      entryPoints: [{ in: 'src/narrative/schema/schema-worker.ts', out: 'schema-worker' }],
      external: [...program.external, './ajv*.cjs'],
      alias: { ...program.alias, ajv: './ajv.cjs', 'ajv/dist/2020.js': './ajv-2020.cjs' },
    }),
    build({ ...lazy, entryPoints: [{ in: 'src/narrative/expectations/pattern-worker.ts', out: 'pattern-worker' }] }),
    build({
      ...lazy,
      entryPoints: Object.entries(lazyParts).map(([module, name]) => ({ in: module, out: name })),
      external: [...program.external, './diff.cjs'],
      alias: { ...program.alias, diff: './diff.cjs' },
    }),
    buildReportAssets(),
    build({
      ...program,
      plugins: [loadPartsLazily],
      entryPoints: ['src/main.ts'],
      outfile: 'dist/main.cjs',
      external: [...program.external, './lazy/*'],
      alias: {
        ...program.alias,
        'node:crypto': stub('lazy-crypto'),
        '@google/genai': './lazy/google-genai.cjs',
        ...Object.fromEntries(libraries.map(([library, name]) => [library, `./lazy/${name}.cjs`])),
      },
    }),
  ]);
  return results.map(({ metafile }) => metafile);
}

/** The style and the script of the pages of `runs report`. The program reads them as text. */
async function buildReportAssets() {
  return build({
    entryPoints: [
      { in: 'src/report/client/main.ts', out: 'report-client' },
      { in: 'src/report/client/style.css', out: 'report' },
    ],
    ...{ outdir: 'dist/lazy', bundle: true, format: 'iife', platform: 'browser', target: 'es2022', minify: true },
    ...{ charset: 'utf8', legalComments: 'none', logLevel: 'warning', metafile: true },
  });
}

/** Not minified, so that a stack trace shows readable lines. */
async function buildLibrary(): Promise<Metafile[]> {
  const { metafile } = await build({
    ...common,
    entryPoints: ['src/index.ts'],
    outdir: 'dist',
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    banner: {
      js: "import { createRequire as createRequireOfBoticelli } from 'node:module';\nconst require = createRequireOfBoticelli(import.meta.url);",
    },
  });
  return [metafile];
}

rmSync('dist', { recursive: true, force: true });
const metafiles = (await Promise.all([buildProgram(), buildLibrary()])).flat();
escapeFiles('dist');
writeNotices(metafiles, 'dist/THIRD-PARTY-NOTICES.txt');
