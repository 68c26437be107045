import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import {
  buildNarrative,
  canaryKey,
  createTemporaryFolder,
  type ProcessResult,
  runBoticelli,
} from '../helpers/boticelli.js';
import { type ListedModel, modelsOfThreePages } from '../helpers/gemini/models.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini/server.js';
import { runInProcess } from '../helpers/in-process.js';

/** A server with 120 models or those of the options, and a folder that all commands of a test share. */
export interface ModelsFixture {
  server: GeminiServer;
  cwd: string;
  /** The state folder. The first command that stores something creates it. */
  state: string;
  /** The number of requests for pages of the list. */
  readonly pageRequests: number;
  /** Runs `boticelli models` in this process. */
  runModels(args?: string[], env?: Environment): Promise<ProcessResult>;
  /** The document of `models --format json`. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was printed.
  readDocument(args?: string[], env?: Environment): Promise<any>;
  /** Runs one act with a model, in this process. */
  run(model: string, args?: string[], env?: Environment): Promise<ProcessResult>;
  /** Runs the program in a separate process. */
  runBin(args: string[], env?: Environment): Promise<ProcessResult>;
  /** Calls `work` with the state database, and closes the database afterwards. */
  withDatabase<Result>(work: (database: Database.Database) => Result): Result;
  /** All bytes of the state folder. */
  stateBytes(): string;
}

type Environment = Record<string, string>;

export interface ModelsFixtureOptions {
  models?: readonly ListedModel[];
  /** The content of `boticelli.toml`. */
  settings?: string;
}

export async function createModelsFixture(
  onCleanup: (clean: () => void) => void,
  { models: listedModels = modelsOfThreePages, settings = '' }: ModelsFixtureOptions = {},
): Promise<ModelsFixture> {
  const server = await startGeminiServer({ models: listedModels });
  onCleanup(() => void server.close());
  const cwd = createTemporaryFolder(onCleanup, { 'one.toml': buildNarrative(1), 'boticelli.toml': settings });
  const state = join(cwd, 'state');
  const baseEnv = { GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: server.url, BOTICELLI_STATE_DIR: state };
  const runBin: ModelsFixture['runBin'] = (args, env) => runBoticelli(args, { cwd, env: { ...baseEnv, ...env } });
  const runModels: ModelsFixture['runModels'] = (args = [], env = {}) =>
    runInProcess(['models', ...args], { cwd, env: { ...baseEnv, ...env } });
  return {
    ...{ server, cwd, state, runModels },
    get pageRequests() {
      return server.requests.filter(({ action }) => action === 'list').length;
    },
    readDocument: async (args = [], env) => JSON.parse((await runModels(['--format', 'json', ...args], env)).stdout),
    run: (model, args = [], env = {}) =>
      runInProcess(['run', 'one.toml', '--model', model, '--retries', '0', ...args], {
        ...{ cwd, env: { ...baseEnv, ...env } },
      }),
    runBin,
    withDatabase(work) {
      const database = new Database(join(state, 'boticelli.db'));
      try {
        return work(database);
      } finally {
        database.close();
      }
    },
    stateBytes: () =>
      existsSync(state)
        ? readdirSync(state)
            .map((file) => readFileSync(join(state, file), 'latin1'))
            .join('')
        : '',
  };
}

/** The lines of the table that `boticelli models` prints, without its head. */
export function extractTableRows(stdout: string): string[] {
  return stdout.split('\n').filter((line) => / {2}(generate|REST|Live|not supported)/.test(line));
}
