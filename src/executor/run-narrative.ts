import type { Clock } from '../driver/clock.js';
import { addExpenses, type Expense } from '../driver/cost.js';
import {
  type Act,
  composedNarrative,
  type MediaInput,
  type Narrative,
  type NarrativeInput,
  type TextInput,
} from '../narrative/narrative.js';
import { type Conversation, createConversation } from './conversation.js';
import type { ActEnd, NarrativeEvent } from './event.js';
import type { NarrativeExecutorOptions, ProgressListener } from './narrative-executor.js';
import { assertAsks, type FilledAct, fillInput, fillText, type Values } from './render-act.js';
import { type Played, playAct } from './run-act.js';

/** What is the same for all acts of a run, and what it has come to. */
export interface Stage {
  options: NarrativeExecutorOptions;
  clock: Clock;
  onEvent: (event: NarrativeEvent) => void | Promise<void>;
  /** Present where acts are to stream. */
  onChunk: ProgressListener | undefined;
  /** What `{{stdin}}` stands for, where a text uses it. */
  stdin: string | undefined;
  /** The acts that have their replies. */
  ends: ActEnd[];
  /** What was paid, also for answers of no use; absent where nothing was asked. */
  spent?: Expense;
  /** The act that is playing, by the name that its events have. */
  playing?: string;
}

/** Where a narrative plays. */
interface Setting {
  /** What comes before the names of its acts: `outer/`. */
  within: string;
  /** Values that go before its own. */
  vars: ReadonlyMap<string, string>;
  /** The round of the narrative that plays it, where that has more than one. */
  round?: number | undefined;
}

/**
 * Plays a narrative, all rounds of it, and resolves to what its last act came to. Rejects with what ended it. What has
 * been played until then is on the stage.
 */
export async function playNarrative(
  narrative: Narrative,
  stage: Stage,
  setting: Setting = { within: '', vars: new Map() },
): Promise<Played | undefined> {
  const vars = new Map([...(narrative.vars ?? []), ...setting.vars]);
  const rounds = narrative.carousel ?? 1;
  let last: Played | undefined;
  for (let round = 1; round <= rounds; round += 1) {
    last = await playRound(narrative, stage, { ...setting, vars, round: rounds > 1 ? round : setting.round });
  }
  return last;
}

async function playRound(narrative: Narrative, stage: Stage, setting: Setting): Promise<Played | undefined> {
  const conversation = createConversation(narrative.acts);
  const replies = new Map<string, string>();
  let last: Played | undefined;
  for (const [position, act] of narrative.acts.entries()) {
    const { vars, round = 1 } = setting;
    const values = { replies, previous: last?.end.text, vars, stdin: stage.stdin, round };
    const played = await play(act, { position, conversation, values, narrative, stage, setting });
    if (!played) continue;
    conversation.add(position, played.turns);
    replies.set(act.name, played.end.text);
    last = played;
  }
  return last;
}

interface Scene {
  /** Where in the order the act stands. */
  position: number;
  conversation: Conversation;
  values: Values;
  narrative: Narrative;
  stage: Stage;
  setting: Setting;
}

/** Plays one act: a call, or another narrative in its place. */
async function play(act: Act, scene: Scene): Promise<Played | undefined> {
  const { stage, setting } = scene;
  const name = `${setting.within}${act.name}`;
  const composed = composedNarrative(act);
  if (composed) return playNarrative(composed, stage, { ...setting, within: `${name}/` });

  const filled = await filledAct(act, name, scene);
  stage.playing = name;
  assertAsks(filled);
  const { clock, onEvent, onChunk, options, ends } = stage;
  const conversation = scene.conversation.seenAt(scene.position);
  const { round } = setting;
  const index = ends.length;
  const onExpense = (expense: Expense) => {
    stage.spent = addExpenses(stage.spent, expense);
  };
  const told = { clock, onEvent, onExpense, onChunk };
  const played = await playAct({ act: filled, index, round, conversation, ...told, options });
  ends.push(played.end);
  await onEvent(played.end);
  return played;
}

/** The act with its texts filled and the narratives in it played. */
async function filledAct(act: Act, name: string, { values, narrative, stage, setting }: Scene): Promise<FilledAct> {
  const { context: _, ...rest } = act;
  const filled = (text: string, written?: (value: string) => string) =>
    narrative.templates === false ? text : fillText(text, values, written);
  stage.playing = name;
  const system = act.system === undefined ? {} : { system: filled(act.system) };
  // All of it before a narrative within is played: what can't be filled must not cost anything.
  const fillings: (TextInput | MediaInput | NarrativeInput)[] = [];
  for (const input of act.inputs) fillings.push(await fillInput(input, filled, stage.options));
  const inputs: (TextInput | MediaInput)[] = [];
  for (const input of fillings) {
    if (input.type !== 'narrative') inputs.push(input);
    else inputs.push(await replyAsText(input.narrative, stage, { ...setting, within: `${name}/` }));
  }
  return { ...rest, name, inputs, ...system };
}

/** The last reply of a narrative as a text. What a model wrote is not looked into for names to fill. */
async function replyAsText(narrative: Narrative, stage: Stage, setting: Setting): Promise<TextInput> {
  const played = await playNarrative(narrative, stage, setting);
  return { type: 'text', content: played?.end.text ?? '' };
}
