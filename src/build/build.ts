import { rmSync } from 'node:fs';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { escapeFiles } from './escape-non-ascii.js';
import { loadBuiltinsOnUse } from './lazy-builtins.js';
import { writeNotices } from './notices.js';
import { buildSplitProgram } from './split-program.js';

/**
 * Bundles the program and the library into `dist/`, and writes the licences of the bundled libraries. `npm run build`
 * runs it from the root of the repository, then writes the type declarations.
 */

/**
 * Libraries that few commands need. Each is a separate file in `dist/lazy/`, so that other commands do not load it. The
 * keys are the names that the program imports, the values the names of the files without `.cjs`.
 */
const lazyLibraries: Readonly<Record<string, string>> = {
  ajv: 'ajv',
  'ajv/dist/2020.js': 'ajv-2020',
  bottleneck: 'bottleneck',
  'csv-parse': 'csv-parse',
  'csv-stringify/sync': 'csv-stringify',
  diff: 'diff',
  'file-type/core': 'file-type',
  'http-proxy-agent': 'http-proxy-agent',
  'https-proxy-agent': 'https-proxy-agent',
  ioredis: 'ioredis',
  tinyglobby: 'tinyglobby',
  'toml-eslint-parser': 'toml-eslint-parser',
  ws: 'ws',
};

/** Parts of the program that few commands need: their modules, by the name of the file in `dist/lazy/`. */
const parts = {
  'ci-reports': ['src/commands/run/ci/ci-reports.ts'],
  completion: ['src/cli/completion/bash.ts', 'src/cli/completion/fish.ts', 'src/cli/completion/zsh.ts'],
  estimate: ['src/commands/check/estimate-narrative.ts', 'src/terminal/reports/estimate-report.ts'],
  init: ['src/commands/init/init.ts'],
  limits: [
    'src/commands/limits/forget-limits.ts',
    'src/commands/limits/probe-limits.ts',
    'src/commands/limits/show-limits.ts',
  ],
  live: ['src/gemini/live/driver.ts'],
  models: ['src/commands/models/show-models.ts'],
  recordings: [
    'src/store/recordings/recording-file.ts',
    'src/store/recordings/replay-driver.ts',
    'src/store/recordings/with-recording.ts',
  ],
  redis: ['src/quota/redis/connection.ts', 'src/quota/redis/redis-store.ts', 'src/quota/redis/shared-limiter.ts'],
  report: ['src/report/render-report.ts'],
  'report-open': ['src/report/open-page.ts'],
  'row-sources': [
    'src/rows/sources/csv-source.ts',
    'src/rows/sources/glob-source.ts',
    'src/rows/sources/json-source.ts',
    'src/rows/sources/ndjson-source.ts',
    'src/rows/sources/source-file.ts',
  ],
  rows: ['src/commands/run/rows/run-rows.ts'],
  runs: ['src/commands/runs/clear.ts', 'src/commands/runs/compare.ts', 'src/commands/runs/print-runs.ts'],
  schema: ['src/narrative/schema/narrative-json-schema.ts'],
  uploads: ['src/gemini/media/fetch-urls.ts', 'src/gemini/media/upload-large.ts'],
};

const stub = (name: string) => `./src/build/stubs/${name}.ts`;

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  // The native parts of libsql, one for each platform.
  external: ['@libsql/*'],
  // Replaces Node's own fetch classes, whose first use loads undici. That takes longer than the rest of a one-act run.
  inject: ['./src/gemini/transport/minimal-fetch.ts'],
  alias: {
    'google-auth-library': stub('no-cloud-credentials'),
    debug: stub('no-debug-output'),
    '@neon-rs/load': stub('libsql-platform'),
    'detect-libc': './node_modules/detect-libc',
  },
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
  // The ES module of fdir, which tinyglobby uses, needs `import.meta.url`. CommonJS does not have it.
  alias: { ...common.alias, fdir: './node_modules/fdir/dist/index.cjs' },
  // Silences the warning that CommonJS has no import.meta: in CommonJS, run-in-worker.ts uses __dirname.
  logOverride: { 'empty-import-meta': 'silent' },
  minifySyntax: true,
  minifyWhitespace: true,
  // Node can read ASCII as Latin-1, which takes half the time of reading UTF-8.
  charset: 'ascii',
  plugins: [loadBuiltinsOnUse(['child_process', 'crypto', 'fs/promises'])],
} satisfies BuildOptions;

async function buildProgram(): Promise<Metafile[]> {
  const lazy = { ...program, outdir: 'dist/lazy', outExtension: { '.js': '.cjs' } };
  const libraries = Object.entries(lazyLibraries);
  const results = await Promise.all([
    build({ ...lazy, entryPoints: libraries.map(([library, name]) => ({ in: library, out: name })) }),
    build({
      ...program,
      // Only this export is bundled, with what it needs. The SDK has more exports, which boticelli does not use.
      stdin: { contents: "export { GoogleGenAI } from '@google/genai'", resolveDir: '.' },
      outfile: 'dist/lazy/google-genai.cjs',
      // At its start, the SDK loads web streams, and TLS and compression for its own WebSocket. This takes 10% of a run
      // of one act (2026-11, Node 20.20). boticelli never uses these streams (see stubs/no-web-streams.ts), and
      // `gemini/live/socket.ts` passes in another WebSocket.
      alias: { ...program.alias, ws: stub('no-web-socket') },
      inject: [...program.inject, stub('no-web-streams')],
    }),
    build({
      ...lazy,
      entryPoints: [{ in: 'src/narrative/schema/schema-worker.ts', out: 'schema-worker' }],
      external: [...program.external, './ajv*.cjs'],
      alias: { ...program.alias, ajv: './ajv.cjs', 'ajv/dist/2020.js': './ajv-2020.cjs' },
    }),
    build({ ...lazy, entryPoints: [{ in: 'src/narrative/expectations/pattern-worker.ts', out: 'pattern-worker' }] }),
    buildReportAssets(),
    buildSplitProgram(
      { entry: 'src/main.ts', parts, libraries: { ...lazyLibraries, '@google/genai': 'google-genai' } },
      program,
    ).then((metafile) => ({ metafile })),
  ]);
  return results.map(({ metafile }) => metafile);
}

/** Builds the script and the style of the pages of `runs report`, which the program reads as text. */
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

/** Builds the library. It is not minified, so that a stack trace shows readable lines. */
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
