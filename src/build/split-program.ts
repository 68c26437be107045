import { join, relative, resolve } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

/** A program of several files. Paths are relative to the folder of the program. */
export interface SplitProgram {
  /** The module that the program starts with, such as `src/main.ts`. */
  entry: string;
  /** The modules that the rest of the program loads with `import()`, by the name of the part that contains them. */
  parts: Readonly<Record<string, readonly string[]>>;
  /**
   * The libraries that the caller bundles into files of their own in `dist/lazy/`. Here, only the imports of a library
   * are redirected to its file. A key is the name that is imported, and its value is the name of the file without
   * `.cjs`.
   */
  libraries?: Readonly<Record<string, string>>;
  /** The folder of the program, which has the modules in `src/`. Default: the working folder. */
  folder?: string;
}

/** The name of the file that the program starts with. All other files are parts. */
const mainFile = 'main';

/**
 * Bundles a program into `dist/main.cjs`, and each part into a file of `dist/lazy/`, which is read only when one of its
 * modules is imported. Every function in a file makes a start take longer, even one that is never called: 250 kB took
 * 5 of 65 ms (2026-11, Node 20.20).
 *
 * A module of `src/` is in exactly one file, so its classes and its state exist once. It is in a part if only that part
 * imports it, otherwise in the main file. A library that is not among `libraries` is copied into each file that imports
 * it.
 *
 * @param options the options for a CommonJS bundle
 * @returns the import graph of the whole program
 * @throws Error if the main file imports a module of `parts` statically, and not with `import()`
 */
export async function buildSplitProgram(program: SplitProgram, options: BuildOptions): Promise<Metafile> {
  const { entry, libraries = {}, parts } = program;
  const folder = resolve(program.folder ?? '.');
  const createOptions = (file: string) => {
    // The path of a library's file depends on the file that imports it.
    const paths = Object.entries(libraries).map(([library, name]) => [library, locate(name, file)] as const);
    return {
      ...options,
      alias: { ...options.alias, ...Object.fromEntries(paths) },
      external: [...(options.external ?? []), ...paths.map(([, path]) => path)],
      ...{ bundle: true, absWorkingDir: folder },
    } satisfies BuildOptions;
  };
  const { metafile } = await build({
    ...createOptions(mainFile),
    ...{ entryPoints: [entry], write: false, outdir: 'dist', metafile: true },
  });
  const files = { [mainFile]: [entry], ...parts };
  const owners = assignModules(metafile, files);
  const shared = findSharedModules(metafile, owners);
  await Promise.all(
    Object.keys(files).map((file) => {
      const contents = createEntryPoint(file === mainFile ? entry : undefined, shared.get(file));
      return build({
        ...createOptions(file),
        stdin: { contents, resolveDir: folder },
        outfile: `dist/${locate(file)}`,
        plugins: [importFromOtherFiles(file, owners, folder), ...(options.plugins ?? [])],
      });
    }),
  );
  return metafile;
}

/** Returns the path of a file of the program relative to `dist/` or, if `from` is a part, to `dist/lazy/`. */
function locate(file: string, from = mainFile): string {
  if (from === mainFile) return file === mainFile ? './main.cjs' : `./lazy/${file}.cjs`;
  return file === mainFile ? '../main.cjs' : `./${file}.cjs`;
}

/** Returns the file of each module. A module that two files import moves to the main file, with all that it imports. */
function assignModules({ inputs }: Metafile, files: SplitProgram['parts']): Map<string, string> {
  const owners = new Map<string, string>();
  const entryModules = new Set(Object.values(files).flat());
  const assign = (module: string, file: string) => {
    const owner = owners.get(module);
    if (owner === file || owner === mainFile) return;
    const newOwner = owner === undefined ? file : mainFile;
    owners.set(module, newOwner);
    for (const { path } of inputs[module]?.imports ?? []) {
      if (path.startsWith('src/') && !entryModules.has(path)) assign(path, newOwner);
    }
  };
  for (const [file, modules] of Object.entries(files)) for (const module of modules) assign(module, file);
  return owners;
}

/**
 * Returns, for each file, those of its modules that other files import.
 * @throws Error if the main file imports a module of a part statically
 */
function findSharedModules({ inputs }: Metafile, owners: ReadonlyMap<string, string>): Map<string, Set<string>> {
  const shared = new Map<string, Set<string>>();
  for (const [importer, { imports }] of Object.entries(inputs)) {
    for (const { path, kind } of imports) {
      const owner = owners.get(path);
      if (owner === undefined || owner === owners.get(importer)) continue;
      if (owners.get(importer) === mainFile && kind === 'import-statement')
        throw new Error(`${importer} must load ${path} with import(), because it is in the part ${owner}`);
      shared.set(owner, (shared.get(owner) ?? new Set()).add(path));
    }
  }
  return shared;
}

/**
 * Returns the source of a file. It exports a function for each module that other files import. The main file also
 * exports what the entry module exports.
 */
function createEntryPoint(entry: string | undefined, modules: ReadonlySet<string> = new Set()): string {
  const loaders = [...modules].sort().map((module) => `'${module}': () => require('./${module}')`);
  const program = entry === undefined ? '' : `export * from './${entry}';\n`;
  return `${program}export const modules = { ${loaders.join(', ')} };\n`;
}

/** Makes a file load the modules of other files with `require()`, each when it is first needed. */
function importFromOtherFiles(file: string, owners: ReadonlyMap<string, string>, folder: string): Plugin {
  return {
    name: 'split-program',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\.cjs$/, namespace: 'other-file' }, ({ path }) => ({ path, external: true }));
      onResolve({ filter: /^\.{1,2}\/.*\.[jt]s$/ }, ({ path, resolveDir }) => {
        const module = relative(folder, join(resolveDir, path)).replaceAll('\\', '/').replace(/\.js$/, '.ts');
        const owner = owners.get(module);
        return owner === undefined || owner === file ? undefined : { path: module, namespace: 'other-file' };
      });
      onLoad({ filter: /^/, namespace: 'other-file' }, ({ path }) => ({
        contents: `module.exports = require('${locate(owners.get(path) ?? mainFile, file)}').modules['${path}']();`,
      }));
    },
  };
}
