import { resolve } from 'node:path';
import { readSettingsFiles } from '../../config/read-settings-files.js';
import { mergeSettings } from '../../config/sources.js';
import { listTierNames } from '../../config/tiers.js';
import { findStateFolder } from '../../config/trust/state-folder.js';
import { findUserFolders } from '../../config/user-folders.js';
import { type Database, openReadOnly } from '../../database/open.js';
import { listNarrativeNames, listRuns } from '../../store/runs/read-runs.js';
import { decodeText } from '../../toml/decode-text.js';
import { listKeysInFileOrder, parseToml } from '../../toml/parse-toml.js';
import { isRecord } from '../../util/json.js';
import { readRegularFile } from '../../util/read-regular-file.js';
import type { CliProcess } from '../process.js';
import type { DynamicTopic } from './command-tree.js';

/** A completion, with a description for the shells that show one. */
interface Completion {
  value: string;
  description?: string;
}

/** The maximum number of runs, and of narrative names, that are offered. */
const maxOffered = 100;

/** The maximum size of a narrative whose acts are offered. */
const maxNarrativeBytes = 1_000_000;

/**
 * Returns the lines that a completion script reads: values, each followed by a tab and a description if there is one.
 * Values that a shell would split or expand, such as names with spaces or `$`, are left out: bash inserts
 * completions into the command line without quotes.
 *
 * @param typedWords the words of the command line before the cursor
 */
export async function listDynamicValues(
  topic: DynamicTopic,
  typedWords: readonly string[],
  proc: CliProcess,
): Promise<string[]> {
  const completions = await readers[topic](proc, typedWords);
  return completions
    .filter(({ value }) => /^[\p{L}\p{N}_][\p{L}\p{N}_./+-]*$/u.test(value))
    .map(({ value, description }) => {
      const plain = description?.replaceAll(/[^\p{L}\p{N}_./+\- ]/gu, ' ').slice(0, 60);
      return plain === undefined ? value : `${value}\t${plain}`;
    });
}

const readers: Record<
  DynamicTopic,
  (proc: CliProcess, typedWords: readonly string[]) => Promise<Completion[]> | Completion[]
> = {
  acts: (proc, typedWords) =>
    typedWords.flatMap((word) => (word.endsWith('.toml') ? listActs(resolve(proc.cwd(), word)) : [])),
  narratives: (proc) => readHistory(proc, (database) => listNarrativeNames(database, maxOffered).map(toCompletion)),
  runs: async (proc) => [
    { value: 'last', description: 'the newest run' },
    ...(await readHistory(proc, (database) =>
      listRuns(database, maxOffered).runs.map(({ run: id, narrative, status }) => {
        return { value: id, description: `${narrative} ${status}` };
      }),
    )),
  ],
  tiers: listRateLimitTiers,
};

function toCompletion(value: string): Completion {
  return { value };
}

/** Lists the acts of a narrative, in the order of the file. The file must be valid TOML; other errors do not matter. */
function listActs(path: string): Completion[] {
  const read = readRegularFile(path, maxNarrativeBytes);
  const parsed = read.ok ? parseToml(decodeText(read.bytes).text) : read;
  if (!parsed.ok) return [];
  const { acts } = parsed.table;
  return isRecord(acts) ? listKeysInFileOrder(acts as typeof parsed.table).map(toCompletion) : [];
}

/** The first schema version of the state database in which runs are stored. */
const minSchemaVersion = 2;

/** Reads the run history. Creates no database. */
async function readHistory(
  { env, cwd }: CliProcess,
  read: (database: Database.Database) => Completion[],
): Promise<Completion[]> {
  const folder = await findStateFolder(env, cwd());
  const database = folder === undefined ? undefined : await openReadOnly(folder, minSchemaVersion);
  try {
    return database ? read(database) : [];
  } finally {
    database?.close();
  }
}

async function listRateLimitTiers({ cwd }: CliProcess): Promise<Completion[]> {
  const { config } = await findUserFolders();
  const folders = { workingFolder: cwd(), userConfigFolder: config };
  const files = await readSettingsFiles({ ...folders, secrets: [], warn: () => {} }).catch(() => []);
  return listTierNames(mergeSettings(files).providers?.gemini?.tiers).map(toCompletion);
}
