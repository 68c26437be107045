import { addUsageAndCost, type BilledUsage } from '../driver/cost.js';
import { omitMediaData } from '../driver/reply-media.js';
import { renderExpectations } from '../narrative/expectations/expectation.js';
import {
  type Act,
  getNestedNarrative,
  type MediaInput,
  type Narrative,
  type TextInput,
} from '../narrative/narrative.js';
import { type Conversation, createConversation } from './conversation.js';
import { createActPositions, planDependencies, runWhenReady } from './dependencies.js';
import type { ActEnd } from './narrative-events.js';
import type { ParallelContext, RunContext } from './options.js';
import { countRequests, countRequestsOfAct } from './plan-acts.js';
import {
  assertPromptNotEmpty,
  type RenderedAct,
  renderActInput,
  renderActText,
  type TemplateValues,
} from './render-act.js';
import { type ActResult, runAct } from './run-act.js';

/** The context that all acts of a run share, and the results so far. */
export interface RunState extends RunContext {
  /** The value of `{{stdin}}`, if the narrative uses it. */
  stdin: string | undefined;
  /** The end events of the acts that have a reply, in the order of finishing. */
  actEnds: ActEnd[];
  /** The sum of what was billed so far. A reused reply adds zero. Absent if nothing was received. */
  billed?: BilledUsage;
  /** The failed act; if several failed, the first in the order of the acts. Once it is set, no further act starts. */
  failed?: { index: number; act: string; thrown: unknown };
}

/** What a narrative inherits from the narratives around it. */
interface NarrativeScope {
  /** The prefix of the names of the narrative's acts, for example `outer/`. */
  namePrefix: string;
  /** Variables that take precedence over the narrative's own. */
  vars: ReadonlyMap<string, string>;
  /** The current round of the innermost narrative that has more than one round. Absent if no narrative has. */
  round?: number | undefined;
  /** The index of the first request of the narrative. */
  firstIndex: number;
}

/**
 * Runs all rounds of a narrative, one after another, and resolves to the result of its last act. If an error ends the
 * narrative, rejects with that error; the results so far are in the state.
 */
export async function runNarrative(
  narrative: Narrative,
  state: RunState,
  scope: NarrativeScope = { namePrefix: '', vars: new Map(), firstIndex: 0 },
): Promise<ActResult | undefined> {
  const vars = new Map([...(narrative.vars ?? []), ...scope.vars]);
  const { rounds = 1 } = narrative;
  /** How many requests each act makes. */
  const requestCounts = narrative.acts.map(countRequestsOfAct);
  let { firstIndex } = scope;
  let lastResult: ActResult | undefined;
  for (let round = 1; round <= rounds; round += 1) {
    const roundScope = { ...scope, vars, round: rounds > 1 ? round : scope.round, firstIndex };
    lastResult = await runRound(narrative, requestCounts, state, roundScope);
    firstIndex += requestCounts.reduce((sum, count) => sum + count, 0);
  }
  return lastResult;
}

async function runRound(
  narrative: Narrative,
  requestCounts: readonly number[],
  state: RunState,
  scope: NarrativeScope,
): Promise<ActResult | undefined> {
  const { acts } = narrative;
  const { vars, round = 1 } = scope;
  const firstIndexes = prefixSums(requestCounts, scope.firstIndex);
  const getsReply = (position: number) => requestCounts[position] !== 0;
  const positions = createActPositions(acts, getsReply);
  const conversation = createConversation(acts);
  /** The replies by position. */
  const replies: string[] = [];
  let last: { position: number; result: ActResult } | undefined;
  const getReply = (position: number | undefined) => (position === undefined ? undefined : replies[position]);
  const run = async (act: Act, position: number) => {
    const values: TemplateValues = {
      replies: { get: (name) => getReply(positions.findLatest(name, position)) },
      previous: getReply(positions.findPrevious(position)),
      ...{ vars, stdin: state.stdin, round, row: state.row },
    };
    const inheritedScope = { ...scope, firstIndex: firstIndexes[position] ?? 0 };
    const result = await runActOrNarrative(act, { position, conversation, values, narrative, state, inheritedScope });
    conversation.add(position, result?.turns);
    if (!result) return;
    replies[position] = result.endEvent.text;
    if (!last || position > last.position) last = { position, result };
  };
  if (state.parallel) await runWhenReady(acts, planDependencies(narrative, positions), run);
  else for (const [position, act] of acts.entries()) await run(act, position);
  return last?.result;
}

/** Returns, for each count, the sum of `start` and all counts before it. */
function prefixSums(counts: readonly number[], start: number): number[] {
  let sum = start;
  return counts.map((count) => {
    sum += count;
    return sum - count;
  });
}

interface ActScope {
  /** The position of the act in its round, from 0. */
  position: number;
  conversation: Conversation;
  values: TemplateValues;
  narrative: Narrative;
  state: RunState;
  /**
   * The scope of the act's narrative, except that `firstIndex` is the index of the act's first request. Narratives in
   * the act inherit this scope.
   */
  inheritedScope: NarrativeScope;
}

/** Runs one act: a request or a nested narrative. */
async function runActOrNarrative(act: Act, scope: ActScope): Promise<ActResult | undefined> {
  const { state, inheritedScope } = scope;
  const name = `${inheritedScope.namePrefix}${act.name}`;
  const nested = getNestedNarrative(act);
  if (nested) return runNarrative(nested, state, { ...inheritedScope, namePrefix: `${name}/` });

  // The requests of the narratives among the inputs come first, so the act's own request is the last one.
  const index = inheritedScope.firstIndex + countRequestsOfAct(act) - 1;
  const runPart = <Result>(work: () => Promise<Result>) => runPartOfAct({ index, act: name }, state, work);
  // Narratives among the inputs run before the act takes a concurrency slot, because their acts need slots too.
  const hasNarratives = act.inputs.some(({ type }) => type === 'narrative');
  const rendered = hasNarratives ? await runPart(() => renderAct(act, name, scope)) : undefined;
  const request = () =>
    runPart(async () => requestReply(rendered ?? (await renderAct(act, name, scope)), index, scope));
  return state.parallel ? runAfterEqualRequests(index, state, state.parallel, request) : request();
}

/**
 * Makes the request of the act at `index` when the limiter of parallel acts has a free slot, and no earlier act still
 * has to send a request that may be equal. Equal requests get their stored replies in the order in which they are sent,
 * so this order must be the order of the acts.
 */
async function runAfterEqualRequests(
  index: number,
  state: RunState,
  { limiter, requestOrder }: ParallelContext,
  request: () => Promise<ActResult>,
): Promise<ActResult> {
  for (;;) {
    // An act that waits for an earlier act keeps no slot.
    const outcome = await limiter.run(async () => {
      if (state.failed) throw state.failed.thrown;
      const earlier = requestOrder.findEarlier(index);
      return earlier ? { earlier } : { result: await request() };
    });
    if (outcome.result) return outcome.result;
    await outcome.earlier.sent;
  }
}

/** Runs a part of an act. If it fails, no further act of the run starts; acts that are running go on. */
async function runPartOfAct<Result>(
  { index, act }: { index: number; act: string },
  state: RunState,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    const { failed } = state;
    // An act whose nested narrative has failed rejects with the same error. The failed act is then the nested one.
    if (!failed || (index < failed.index && thrown !== failed.thrown)) state.failed = { index, act, thrown };
    state.parallel?.requestOrder.releaseWaitingActs();
    throw thrown;
  }
}

/** Makes the request of an act. */
async function requestReply(act: RenderedAct, index: number, scope: ActScope): Promise<ActResult> {
  const { state, inheritedScope, conversation, position } = scope;
  assertPromptNotEmpty(act);
  const running = runAct({
    ...state,
    ...{ act, index, round: inheritedScope.round },
    history: conversation.getVisibleTurns(position),
    onUsage: (billed) => {
      state.billed = addUsageAndCost(state.billed, billed);
    },
  });
  // `runAct` calls the driver before it first awaits, so the driver has the request now.
  state.parallel?.requestOrder.markSent(index);
  const result = await running;
  state.actEnds.push(omitMediaData(result.endEvent));
  await state.onEvent(result.endEvent);
  return result;
}

/** Renders the texts of an act and runs the narratives among its inputs. */
async function renderAct(
  act: Act,
  name: string,
  { values, narrative, state, inheritedScope }: ActScope,
): Promise<RenderedAct> {
  const { context: _, ...rest } = act;
  const render = (text: string, formatValue?: (value: string) => string) =>
    narrative.templates === false ? text : renderActText(text, values, formatValue);
  const system = act.system === undefined ? {} : { system: render(act.system) };
  const expect = act.expect && { expect: renderExpectations(act.expect, render) };
  // All texts are rendered first, so that an invalid text fails before a nested narrative makes any requests.
  const renderedInputs: Awaited<ReturnType<typeof renderActInput>>[] = [];
  for (const input of act.inputs)
    renderedInputs.push(await renderActInput(input, render, { ...state.options, row: state.row }));
  const inputs: (TextInput | MediaInput)[] = [];
  let { firstIndex } = inheritedScope;
  for (const input of renderedInputs) {
    if (input.type !== 'narrative') inputs.push(input);
    else {
      const scope = { ...inheritedScope, namePrefix: `${name}/`, firstIndex };
      const result = await runNarrative(input.narrative, state, scope);
      firstIndex += countRequests(input.narrative);
      // The reply is not a template: what looks like a placeholder in it is kept.
      inputs.push({ type: 'text', content: result?.endEvent.text ?? '' });
    }
  }
  return { ...rest, name, inputs, ...system, ...expect };
}
