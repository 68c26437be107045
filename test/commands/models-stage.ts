import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { boticelli, canaryKey, type Ended, narrativeOf, temporaryFolder } from '../helpers/boticelli.js';
import { type ListedModel, modelsOfThreePages } from '../helpers/gemini-models.js';
import { type GeminiServer, startGeminiServer } from '../helpers/gemini-server.js';
import { inProcess } from '../helpers/in-process.js';

/** A server with 120 models, and a folder for narratives and state that all commands of a test share. */
export interface ModelsStage {
  server: GeminiServer;
  cwd: string;
  /** The state folder; it may not exist. */
  state: string;
  /** How many pages of the list were asked for. */
  readonly pages: number;
  /** `boticelli models`, in this process. */
  models(args?: string[], env?: Environment): Promise<Ended>;
  /** The document of `models --format json`. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever was printed.
  document(args?: string[], env?: Environment): Promise<any>;
  /** Plays one act, with a model, in a process of its own. */
  run(model: string, args?: string[], env?: Environment): Promise<Ended>;
  /** The same program as a process of its own. */
  bin(args: string[], env?: Environment): Promise<Ended>;
  /** Works on the state's database. */
  inDatabase<Result>(work: (database: Database.Database) => Result): Result;
  /** Every byte of the state folder. */
  stateBytes(): string;
}

type Environment = Record<string, string>;

export interface ModelsStageOptions {
  models?: readonly ListedModel[];
  /** `boticelli.toml`. */
  settings?: string;
}

export async function setModelsStage(
  onEnd: (clean: () => void) => void,
  { models: listed = modelsOfThreePages, settings = '' }: ModelsStageOptions = {},
): Promise<ModelsStage> {
  const server = await startGeminiServer({ models: listed });
  onEnd(() => void server.close());
  const cwd = temporaryFolder(onEnd, { 'one.toml': narrativeOf(1), 'boticelli.toml': settings });
  const state = join(cwd, 'state');
  const keyAndState = { GEMINI_API_KEY: canaryKey, GOOGLE_GEMINI_BASE_URL: server.url, BOTICELLI_STATE_DIR: state };
  const bin: ModelsStage['bin'] = (args, env) => boticelli(args, { cwd, env: { ...keyAndState, ...env } });
  const models: ModelsStage['models'] = (args = [], env = {}) =>
    inProcess(['models', ...args], { cwd, env: { ...keyAndState, ...env } });
  return {
    ...{ server, cwd, state, models },
    get pages() {
      return server.requests.filter(({ action }) => action === 'list').length;
    },
    document: async (args = [], env) => JSON.parse((await models(['--format', 'json', ...args], env)).stdout),
    run: (model, args = [], env) => bin(['run', 'one.toml', '--model', model, '--retries', '0', ...args], env),
    bin,
    inDatabase(work) {
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
export function tableIn(stdout: string): string[] {
  return stdout.split('\n').filter((line) => / {2}(generate|also|Live|not here)/.test(line));
}
