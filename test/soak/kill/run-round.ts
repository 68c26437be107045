import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessResult } from '../../helpers/boticelli.js';
import { type Command, chooseFaults, type KillContext, runWithFaults } from './command.js';
import { checkOutDir, checkRecording, readState, type StoredState } from './inspect.js';
import { actCount, identifyRequest, listActs, renderNarrative, renderReply, requestCount } from './narratives.js';

/** The counts of one round, or of several. */
export interface RoundCounts {
  kills: number;
  requests: number;
  /**
   * The number of replies and hops (parts of long replies) in the database after each kill, added up. A reply counts
   * once for each kill at which it is stored.
   */
  repliesStoredAtKills: number;
  /** The number of times the disk was filled. */
  fills: number;
  /** The number of commands on a read-only disk. */
  readOnly: number;
  /** The number of commands that ended with exit code 74. */
  exitsWith74: number;
  /** The number of files in folders of `--out-dir`, without temporary files. */
  files: number;
  /** The number of temporary files that killed processes left in those folders. */
  leftBehind: number;
}

export interface RoundResult extends RoundCounts {
  description: string;
  problems: string[];
}

/**
 * Kills a command at random moments while the disk is filled and freed, and resumes it. Checks after every command what
 * is on the disk. The last command of a round is left alone, on a disk with space, and must complete.
 */
export async function runRound(context: KillContext, roundNumber: number): Promise<RoundResult> {
  const { folder, disk, random } = context;
  const chance = (probability: number) => random() < probability;
  const names = (chance(0.35) ? ['a', 'b'] : ['a']).map((suffix) => `kill-${roundNumber}-${suffix}`);
  for (const name of names) writeFileSync(join(folder, `${name}.toml`), renderNarrative(name));
  const [outDir, recording] = [join(disk.folder, 'out'), join(disk.folder, 'recording.ndjson')];
  const outputFlags = [
    ...(chance(0.6) ? ['--out-dir', outDir] : []),
    // Parallel narratives can't share a recording.
    ...(chance(0.6) ? ['--record', recording] : ['--jobs', '2']),
  ];
  const flags = ['-o', 'ndjson', '--rpm', '100000', ...(chance(0.5) ? ['--stream'] : [])];
  const result: RoundResult = { ...zeroCounts, description: [...flags, ...outputFlags].join(' '), problems: [] };
  const commandsToKill = 1 + Math.floor(random() * 4);
  const round: Round = { context, names, outDir, recording, result, wasDiskLimited: false };
  for (let index = 0; index <= commandsToKill; index += 1) {
    const isLast = index === commandsToKill;
    if (isLast || chance(0.5)) disk.free();
    // On a full disk, a command with --out-dir or --record ends before it looks for stored replies. So only commands
    // without these flags test whether stored replies are reused on a full disk.
    const hasOutputFlags = isLast || chance(0.5);
    const commandFlags = [...flags, ...(hasOutputFlags ? outputFlags : []), ...(index === 0 ? [] : ['--resume'])];
    await runCommand(round, { flags: commandFlags, ...(!isLast && chooseFaults(random, index)) }, isLast);
  }
  // A kill loses at most one request of each narrative: the one whose reply is not stored yet.
  const maxRequests = names.length * (requestCount + result.kills);
  if (!round.wasDiskLimited && result.requests > maxRequests)
    result.problems.push(`${result.requests} requests, although the disk had space and ${maxRequests} are enough`);
  for (const path of [outDir, recording]) rmSync(path, { recursive: true, force: true });
  return result;
}

export const zeroCounts: RoundCounts = {
  ...{ kills: 0, requests: 0, repliesStoredAtKills: 0, fills: 0, readOnly: 0, exitsWith74: 0, files: 0, leftBehind: 0 },
};

/** What all commands of a round share. */
interface Round {
  context: KillContext;
  names: string[];
  outDir: string;
  recording: string;
  result: RoundResult;
  /** Whether the disk was full or read-only at any time in this round. */
  wasDiskLimited: boolean;
}

/** Runs one command of a round, and adds what it did and what is wrong to the result. */
async function runCommand(round: Round, command: Command, isLast: boolean): Promise<void> {
  const { context, names, outDir, result } = round;
  const { disk, server } = context;
  const stateFolder = join(disk.folder, 'state');
  const before = readState(stateFolder);
  const requestsBefore = server.generateRequests.length;
  const wasFull = disk.isFull;
  const canLimitDisk = disk.mountProblem === undefined;
  const [isReadOnly, fillsDisk] = [
    canLimitDisk && command.isReadOnly === true,
    canLimitDisk && command.fill !== undefined,
  ];
  if (isReadOnly) disk.setReadOnly(true);
  const ended = await runWithFaults(context, names, command);
  if (isReadOnly) disk.setReadOnly(false);

  const requests = server.generateRequests.slice(requestsBefore).map(identifyRequest);
  const after = readState(stateFolder);
  const isDiskLimited = wasFull || fillsDisk || isReadOnly;
  round.wasDiskLimited ||= isDiskLimited;
  const wasKilled = ended.signal === 'SIGKILL';
  const files = checkOutDir(outDir, names);
  result.kills += wasKilled ? 1 : 0;
  result.requests += requests.length;
  result.repliesStoredAtKills += wasKilled
    ? [...after.storedReplies].filter((id) => names.some((name) => id.startsWith(name))).length
    : 0;
  result.fills += fillsDisk && !wasFull ? 1 : 0;
  result.readOnly += isReadOnly ? 1 : 0;
  result.exitsWith74 += ended.code === 74 ? 1 : 0;
  result.files += isLast ? files.written : 0;
  result.leftBehind += isLast ? files.leftBehind : 0;
  result.problems.push(
    ...checkState(before, after),
    ...(command.flags.includes('--resume') ? checkRequests(requests, before, isReadOnly) : []),
    ...files.problems,
    ...checkRecording(
      round.recording,
      isLast && command.flags.includes('--record') ? names.length * actCount : undefined,
    ),
    ...checkEnd(ended, { isLast, isDiskLimited }),
    ...checkOutput(ended, names, after.storedReplies, isLast),
  );
}

/**
 * Checks that the database is not damaged, and that no reply has been lost. Storing a whole reply deletes its hops, which
 * is no loss.
 */
function checkState(before: StoredState, after: StoredState): string[] {
  const isStored = (id: string) => after.storedReplies.has(id) || after.storedReplies.has(id.replace(/ part .*/, ''));
  return [
    ...(after.integrity === 'ok' ? [] : [`the database is damaged: ${after.integrity}`]),
    ...[...before.storedReplies].filter((id) => !isStored(id)).map((id) => `${id} is no longer stored`),
  ];
}

/** Checks that a resuming command sends no request whose reply was stored, and none at all on a read-only disk. */
function checkRequests(
  requests: ReturnType<typeof identifyRequest>[],
  { storedReplies }: StoredState,
  isReadOnly: boolean,
) {
  return requests.flatMap(({ name, act, hop }) => {
    const id = `${name} act ${act}`;
    if (isReadOnly) return [`${id} was requested, although a read-only disk can't store the reply`];
    return [id, `${id} part ${hop}`]
      .filter((storedId) => storedReplies.has(storedId))
      .map((storedId) => `${storedId} was stored and requested again`);
  });
}

/**
 * Checks how a process ended. It may warn once that no replies are stored, but only if the disk was full or read-only.
 */
function checkEnd(
  { code, signal, stderr }: ProcessResult,
  options: { isLast: boolean; isDiskLimited: boolean },
): string[] {
  const { isLast, isDiskLimited } = options;
  const isExpected = isLast ? code === 0 : signal === 'SIGKILL' || code === 0 || (code === 74 && isDiskLimited);
  const warnings = stderr.match(/no replies are stored/g)?.length ?? 0;
  return [
    ...(isExpected && !/^ +at /m.test(stderr) ? [] : [`ended with ${signal ?? code}: ${stderr}`]),
    ...(warnings > (isDiskLimited ? 1 : 0) ? [`${warnings} warnings that no replies are stored: ${stderr}`] : []),
  ];
}

/**
 * Checks that each reply on standard output has the expected text, and that it is stored unless a warning says that none
 * are. The last command must print all replies.
 */
function checkOutput({ stdout, stderr }: ProcessResult, names: string[], storedReplies: Set<string>, isLast: boolean) {
  const lines = stdout.split('\n').filter((line) => line.endsWith('}') && line.startsWith('{"type":"act-end"'));
  const texts = new Set(lines.map((line) => String(JSON.parse(line).text)));
  const replies = names.flatMap((name) =>
    listActs().map((act) => ({ id: `${name} act ${act}`, text: renderReply(name, act) })),
  );
  const reported = replies.filter(({ text }) => texts.has(text));
  return [
    ...(texts.size === reported.length ? [] : [`${texts.size - reported.length} replies have another text`]),
    ...(isLast && reported.length < replies.length ? [`only ${reported.length} of ${replies.length} replies`] : []),
    ...reported
      .filter(({ id }) => !storedReplies.has(id) && !stderr.includes('no replies are stored'))
      .map(({ id }) => `${id} was printed, but it is not stored, and no warning says so`),
  ];
}

/** Removes what earlier rounds have stored, so that the disk has space. */
export function clearState({ disk }: KillContext): void {
  rmSync(join(disk.folder, 'state'), { recursive: true, force: true });
}
