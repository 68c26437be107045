import type { GenerateResponse } from '../../../src/driver/response.js';
import { type ScriptedReply, textReply } from '../../helpers/gemini/replies.js';
import type { ReceivedRequest } from '../../helpers/gemini/send-reply.js';

export const actCount = 5;
/** The act that gets a long reply. */
const longAct = 3;
/** The number of hops of the long reply: the parts in which the server sends it, one for each request. */
export const hopCount = 3;
/** The number of requests of a run that is not killed. */
export const requestCount = actCount - 1 + hopCount;

/**
 * The lengths of the replies in characters; for the long reply, the length of each hop. The shortest is less than a page
 * of memory, others are several pages, and the longest is more than a pipe holds.
 */
const replyLengths = [50, 9000, 3000, 70_000, 600];

/** Renders a narrative of five acts, one of which gets a long reply. */
export function renderNarrative(name: string): string {
  const names = listActs().map((act) => `act_${act}`);
  const prompts = listActs().map((act) => `act_${act} = "${renderQuestion(name, act)}"`);
  const toc = ['[toc]', `order = ${JSON.stringify(names)}`];
  return ['[narrative]', `name = "${name}"`, ...toc, '[acts]', ...prompts, ''].join('\n');
}

export function listActs(): number[] {
  return Array.from({ length: actCount }, (_, index) => index + 1);
}

function renderQuestion(name: string, act: number): string {
  return `Question ${act} of ${name}`;
}

/** The reply to an act: the same each time, so that the acts after it send the same requests. */
export function renderReply(name: string, act: number): string {
  const hops = act === longAct ? Array.from({ length: hopCount }, (_, hop) => hop + 1) : [1];
  return hops.map((hop) => renderHop(name, act, hop)).join('');
}

function renderHop(name: string, act: number, hop: number): string {
  return `Part ${hop} of reply ${act} of ${name}: ${'word '.repeat((replyLengths[act - 1] ?? 0) / 5)}end.\n`;
}

/** Identifies a request: a hop of an act of a narrative. */
export function identifyRequest({ body }: ReceivedRequest): { name: string; act: number; hop: number } {
  const question: string = body.contents.findLast(({ role }: { role: string }) => role !== 'model').parts[0].text;
  const [, act, name = ''] = /^Question (\d+) of (.*)$/.exec(question) ?? [];
  return { name, act: Number(act), hop: Number(body.continuationToken?.slice(4) ?? 0) + 1 };
}

/** Creates the reply of the server to a request. */
export function respond(request: ReceivedRequest): ScriptedReply {
  const { name, act, hop } = identifyRequest(request);
  const pieces = renderHop(name, act, hop).match(/[\s\S]{1,4000}/g) ?? [];
  const isLast = act !== longAct || hop === hopCount;
  return textReply(pieces, {
    headersDelayMs: 8,
    ...(!isLast && { finishReason: 'CONTINUATION', continuationToken: `hop-${hop}` }),
  });
}

/**
 * Identifies what a stored reply answers: an act, as `kill-1-a act 3`, or one hop of an act, as `kill-1-a act 3 part
 * 2`.
 *
 * @param key the key of the reply in the database. Only the key of a hop has a slash, after the key of the whole reply
 */
export function identifyStored(key: string, { text }: Pick<GenerateResponse, 'text'>): string {
  const [, hop, act, name] = /^Part (\d+) of reply (\d+) of (.*?): /.exec(text) ?? [];
  return key.includes('/') ? `${name} act ${act} part ${hop}` : `${name} act ${act}`;
}
