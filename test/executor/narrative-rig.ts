import type { GenerateRequest } from '../../src/driver/request.js';
import type { NarrativeEvent } from '../../src/executor/event.js';
import { NarrativeExecutor, type NarrativeExecutorOptions } from '../../src/executor/narrative-executor.js';
import type { Act, Input, Narrative } from '../../src/narrative/narrative.js';
import { createScriptedDriver, type ScriptedCall } from '../helpers/scripted-driver.js';

/** An act that says these things, one part each. */
export function act(name: string, content: Narrative | string | (Narrative | string)[], more: Partial<Act> = {}): Act {
  const inputs = [content]
    .flat()
    .map(
      (each): Input =>
        typeof each === 'string' ? { type: 'text', content: each } : { type: 'narrative', narrative: each },
    );
  return { name, parameters: {}, inputs, ...more };
}

/** A narrative of these acts. */
export function narrative(acts: Act[], more: Partial<Narrative> = {}): Narrative {
  return { name: 'test', acts, ...more };
}

/** Plays a narrative; the nth call is answered by the nth of the replies, else by `Reply n`. */
export async function played(
  played: Narrative,
  replies: string[] = [],
  options: Partial<NarrativeExecutorOptions> = {},
) {
  const driver = createScriptedDriver(replies.map((text): ScriptedCall => ({ pieces: [text] })));
  const events: NarrativeEvent[] = [];
  const onEvent = (event: NarrativeEvent) => void events.push(event);
  const report = await new NarrativeExecutor({ driver, onEvent, ...options }).execute(played);
  return { report, events, requests: driver.requests, sent: driver.requests.map(lastTexts) };
}

/** The conversation that is sent, a turn a string. */
export const turnsOf = ({ turns }: GenerateRequest) =>
  turns.map((turn) =>
    turn.role === 'model' ? turn.text : turn.parts.map((part) => part.type === 'text' && part.text).join('|'),
  );
const lastTexts = (request: GenerateRequest) => turnsOf(request).at(-1);
