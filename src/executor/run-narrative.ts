import { addBilledUsage, type BilledUsage } from '../driver/cost.js';
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
import type { ActEnd } from './narrative-events.js';
import type { RunContext } from './options.js';
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
  /** The value of `{{stdin}}`, if a text uses it. */
  stdin: string | undefined;
  /** The end events of the acts that have a reply. */
  actEnds: ActEnd[];
  /** What was billed so far, with zeros for reused replies; absent if nothing was received. */
  billed?: BilledUsage;
  /** The name of the running act, as in events. */
  currentAct?: string;
}

/** What a narrative inherits from the narratives around it. */
interface NarrativeScope {
  /** The prefix of its acts' names, for example `outer/`. */
  namePrefix: string;
  /** Variables that take precedence over the narrative's own. */
  vars: ReadonlyMap<string, string>;
  /** The round of the nearest outer narrative that has more than one round; absent if none has. */
  round?: number | undefined;
}

/**
 * Runs all rounds of a narrative, and resolves to the result of its last act. If an error ends the narrative, rejects
 * with that error; the results so far are in the state.
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
    const values = { replies, previous: lastResult?.endEvent.text, vars, stdin: state.stdin, round, row: state.row };
    const actScope = { position, conversation, values, narrative, state, narrativeScope: scope };
    const result = await runActOrNarrative(act, actScope);
    if (!result) continue;
    conversation.add(position, result.turns);
    replies.set(act.name, result.endEvent.text);
    lastResult = result;
  }
  return lastResult;
}

interface ActScope {
  /** The position of the act in its round, from 0. */
  position: number;
  conversation: Conversation;
  values: TemplateValues;
  narrative: Narrative;
  state: RunState;
  narrativeScope: NarrativeScope;
}

/** Runs one act: a request or a nested narrative. */
async function runActOrNarrative(act: Act, scope: ActScope): Promise<ActResult | undefined> {
  const { state, narrativeScope } = scope;
  const name = `${narrativeScope.namePrefix}${act.name}`;
  const nested = getNestedNarrative(act);
  if (nested) return runNarrative(nested, state, { ...narrativeScope, namePrefix: `${name}/` });

  const rendered = await renderAct(act, name, scope);
  state.currentAct = name;
  assertPromptNotEmpty(rendered);
  const result = await runAct({
    ...state,
    act: rendered,
    index: state.actEnds.length,
    round: narrativeScope.round,
    history: scope.conversation.getVisibleTurns(scope.position),
    onUsage: (billed) => {
      state.billed = addBilledUsage(state.billed, billed);
    },
  });
  state.actEnds.push(omitMediaData(result.endEvent));
  await state.onEvent(result.endEvent);
  return result;
}

/** Renders the texts of an act and runs the narratives among its inputs. */
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
  const expect = act.expect && { expect: renderExpectations(act.expect, render) };
  // All texts are rendered first, so that an invalid text fails before a nested narrative makes any requests.
  const renderedInputs: Awaited<ReturnType<typeof renderActInput>>[] = [];
  for (const input of act.inputs)
    renderedInputs.push(await renderActInput(input, render, { ...state.options, row: state.row }));
  const inputs: (TextInput | MediaInput)[] = [];
  for (const input of renderedInputs) {
    if (input.type !== 'narrative') inputs.push(input);
    else {
      // Placeholders in a reply are not replaced.
      const result = await runNarrative(input.narrative, state, { ...narrativeScope, namePrefix: `${name}/` });
      inputs.push({ type: 'text', content: result?.endEvent.text ?? '' });
    }
  }
  return { ...rest, name, inputs, ...system, ...expect };
}
