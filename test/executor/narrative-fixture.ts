import type { GenerateRequest } from '../../src/driver/request.js';
import type { NarrativeEvent } from '../../src/executor/narrative-events.js';
import { NarrativeExecutor } from '../../src/executor/narrative-executor.js';
import type { NarrativeExecutorOptions } from '../../src/executor/options.js';
import type { Act, Input, Narrative } from '../../src/narrative/narrative.js';
import { createScriptedDriver, type ScriptedCall } from '../helpers/scripted-driver.js';

/** An act with one input for each text or narrative. */
export function createAct(
  name: string,
  content: Narrative | string | (Narrative | string)[],
  overrides: Partial<Act> = {},
): Act {
  const inputs = [content]
    .flat()
    .map(
      (item): Input =>
        typeof item === 'string' ? { type: 'text', content: item } : { type: 'narrative', narrative: item },
    );
  return { name, parameters: {}, inputs, ...overrides };
}

export function createNarrative(acts: Act[], overrides: Partial<Narrative> = {}): Narrative {
  return { name: 'test', acts, ...overrides };
}

/** Runs a narrative with these replies in order; after them `Reply n`. */
export async function runNarrative(
  narrative: Narrative,
  replies: string[] = [],
  options: Partial<NarrativeExecutorOptions> = {},
) {
  const driver = createScriptedDriver(replies.map((text): ScriptedCall => ({ pieces: [text] })));
  const events: NarrativeEvent[] = [];
  const onEvent = (event: NarrativeEvent) => void events.push(event);
  const report = await new NarrativeExecutor({ driver, onEvent, ...options }).execute(narrative);
  return { report, events, requests: driver.requests, sent: driver.requests.map(getLastTurnText) };
}

/** The turns of a request as texts. */
export const getTurnTexts = ({ turns }: GenerateRequest) =>
  turns.map((turn) =>
    turn.role === 'model' ? turn.text : turn.parts.map((part) => part.type === 'text' && part.text).join('|'),
  );
const getLastTurnText = (request: GenerateRequest) => getTurnTexts(request).at(-1);
