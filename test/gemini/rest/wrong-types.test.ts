import type { GenerateContentResponse } from '@google/genai';
import { expect, test } from 'vitest';
import { BoticelliError } from '../../../src/errors.js';
import { createReplyCollector } from '../../../src/gemini/rest/reply/collect-response.js';
import { isRecord } from '../../../src/util/json.js';
import { type Json, listMutatedAnswers } from '../../helpers/mutate-answer.js';
import { sampleAnswers } from '../../soak/fuzz-answers.js';

/** What the collector makes of an answer: the text of the reply, the code of its error, or `interrupted`. */
function collect(answer: Json): string {
  const collector = createReplyCollector('m');
  if (isRecord(answer)) collector.add(answer as unknown as GenerateContentResponse);
  // Must not throw for any answer.
  collector.describeUnshownParts();
  if (!collector.isFinished) return 'interrupted';
  try {
    const { text, finishReason } = collector.buildResponse();
    expect(typeof finishReason).toBe('string');
    return `text ${text}`;
  } catch (thrown) {
    if (!(thrown instanceof BoticelliError)) throw thrown;
    expect(thrown.message).not.toMatch(/undefined|NaN|\[object/);
    return thrown.code;
  }
}

// Each answer here has one change. fuzz-answers.ts makes several random changes at once, and sends the answers over
// HTTP.
test.each(sampleAnswers.map((answer) => [collect(answer), answer]))(
  'handles each wrong value at each place of an answer (%s)',
  (expected, answer) => {
    const outcomes = [...listMutatedAnswers(answer)].map(collect);
    expect(outcomes.length).toBeGreaterThan(100);
    const possible = new Set(['interrupted', 'empty_reply', 'blocked', expected]);
    // Some changes make another valid reply: a part was removed, a text was replaced, or a finish reason that was an
    // error was replaced.
    for (const outcome of outcomes) if (!possible.has(outcome)) expect(outcome).toMatch(/^text (one|two|hm|x|7| )+$/);
  },
);
