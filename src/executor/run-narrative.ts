import type { Clock } from '../driver/clock.js';
import { addBilledUsage, type BilledUsage } from '../driver/cost.js';
import {
  type Act,
  getInnerNarrative,
  type MediaInput,
  type Narrative,
  type NarrativeInput,
  type TextInput,
} from '../narrative/narrative.js';
import { type Conversation, createConversation } from './conversation.js';
import type { ActEnd, NarrativeEvent } from './narrative-events.js';
import type { NarrativeExecutorOptions, ProgressListener } from './narrative-executor.js';
import {
  assertPromptNotEmpty,
  type RenderedAct,
  renderActInput,
  renderActText,
  type TemplateValues,
} from './render-act.js';
import { type ActResult, runAct } from './run-act.js';

/** What is the same for all acts of a run, and what it has come to. */
export interface RunState {
  options: NarrativeExecutorOptions;
  clock: Clock;
  onEvent: (event: NarrativeEvent) => void | Promise<void>;
  /** Present where acts are to stream. */
  onChunk: ProgressListener | undefined;
  /** What `{{stdin}}` stands for, where a text uses it. */
  stdin: string | undefined;
  /** The acts that have their replies. */
  actEnds: ActEnd[];
  /** What was paid, also for answers of no use; absent where nothing was asked. */
  billed?: BilledUsage;
  /** The act that is playing, by the name that its events have. */
  currentAct?: string;
}

/** Where a narrative plays. */
interface NarrativeScope {
  /** What comes before the names of its acts: `outer/`. */
  namePrefix: string;
  /** Values that go before its own. */
  vars: ReadonlyMap<string, string>;
  /** The round of the narrative that plays it, where that has more than one. */
  round?: number | undefined;
}

/**
 * Plays a narrative, all rounds of it, and resolves to what its last act came to. Rejects with what ended it. What has
 * been played until then is on the stage.
 */
export async function runNarrative(
  narrative: Narrative,
  state: RunState,
  scope: NarrativeScope = { namePrefix: '', vars: new Map() },
): Promise<ActResult | undefined> {
  const vars = new Map([...(narrative.vars ?? []), ...scope.vars]);
  const rounds = narrative.carousel ?? 1;
  let lastResult: ActResult | undefined;
  for (let round = 1; round <= rounds; round += 1) {
    lastResult = await runRound(narrative, state, { ...scope, vars, round: rounds > 1 ? round : scope.round });
  }
  return lastResult;
}

async function runRound(narrative: Narrative, state: RunState, scope: NarrativeScope): Promise<ActResult | undefined> {
  const conversation = createConversation(narrative.acts);
  const replies = new Map<string, string>();
  let lastResult: ActResult | undefined;
  for (const [position, act] of narrative.acts.entries()) {
    const { vars, round = 1 } = scope;
    const values = { replies, previous: lastResult?.endEvent.text, vars, stdin: state.stdin, round };
    const result = await runActOrNarrative(act, {
      position,
      conversation,
      values,
      narrative,
      state,
      narrativeScope: scope,
    });
    if (!result) continue;
    conversation.add(position, result.turns);
    replies.set(act.name, result.endEvent.text);
    lastResult = result;
  }
  return lastResult;
}

interface ActScope {
  /** Where in the order the act stands. */
  position: number;
  conversation: Conversation;
  values: TemplateValues;
  narrative: Narrative;
  state: RunState;
  narrativeScope: NarrativeScope;
}

/** Plays one act: a call, or another narrative in its place. */
async function runActOrNarrative(act: Act, scope: ActScope): Promise<ActResult | undefined> {
  const { state, narrativeScope } = scope;
  const name = `${narrativeScope.namePrefix}${act.name}`;
  const composed = getInnerNarrative(act);
  if (composed) return runNarrative(composed, state, { ...narrativeScope, namePrefix: `${name}/` });

  const rendered = await renderAct(act, name, scope);
  state.currentAct = name;
  assertPromptNotEmpty(rendered);
  const { clock, onEvent, onChunk, options, actEnds } = state;
  const history = scope.conversation.getVisibleTurns(scope.position);
  const { round } = narrativeScope;
  const index = actEnds.length;
  const onUsage = (billed: BilledUsage) => {
    state.billed = addBilledUsage(state.billed, billed);
  };
  const callbacks = { clock, onEvent, onUsage, onChunk };
  const result = await runAct({ act: rendered, index, round, history, ...callbacks, options });
  actEnds.push(result.endEvent);
  await onEvent(result.endEvent);
  return result;
}

/** The act with its texts filled and the narratives in it played. */
async function renderAct(
  act: Act,
  name: string,
  { values, narrative, state, narrativeScope }: ActScope,
): Promise<RenderedAct> {
  const { context: _, ...rest } = act;
  const render = (text: string, formatValue?: (value: string) => string) =>
    narrative.templates === false ? text : renderActText(text, values, formatValue);
  state.currentAct = name;
  const system = act.system === undefined ? {} : { system: render(act.system) };
  // All of it before a narrative within is played: what can't be filled must not cost anything.
  const renderedInputs: (TextInput | MediaInput | NarrativeInput)[] = [];
  for (const input of act.inputs) renderedInputs.push(await renderActInput(input, render, state.options));
  const inputs: (TextInput | MediaInput)[] = [];
  for (const input of renderedInputs) {
    if (input.type !== 'narrative') inputs.push(input);
    else inputs.push(await runAsTextInput(input.narrative, state, { ...narrativeScope, namePrefix: `${name}/` }));
  }
  return { ...rest, name, inputs, ...system };
}

/** The last reply of a narrative as a text. What a model wrote is not looked into for names to fill. */
async function runAsTextInput(narrative: Narrative, state: RunState, scope: NarrativeScope): Promise<TextInput> {
  const result = await runNarrative(narrative, state, scope);
  return { type: 'text', content: result?.endEvent.text ?? '' };
}
