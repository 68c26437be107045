import { classifyFinishReason } from '../facts/finish-reasons.js';
import { formatCount, formatDuration, formatUsd } from '../terminal/text/format.js';
import { formatTokens } from '../terminal/text/format-tokens.js';
import type { ReportAct, ReportPrompt, ReportReply } from './data/report-act.js';
import { type Html, html } from './html.js';
import type { RenderMarkdown } from './markdown.js';
import { renderReplyBody } from './reply-body.js';

/** Renders an act with its prompt, if it was kept, and its reply. */
export function renderAct(act: ReportAct, number: string, renderMarkdown: RenderMarkdown): Html {
  const { anchor, title, notes, reply, prompt } = act;
  return html`<section class="act" id="${anchor}" aria-labelledby="${anchor}-h">
<h3 id="${anchor}-h"><span class="number">${number}</span> <bdi>${title}</bdi></h3>
<p class="meta">${reply ? describeReply(reply, act) : 'No reply.'}</p>
${notes.length > 0 && html`<ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
${prompt && renderPrompt(prompt)}
${reply && renderReplyBody(reply, renderMarkdown)}
</section>
`;
}

/** Describes a reply in a line: model, tokens, time, cost and anything unusual. */
export function describeReply(reply: ReportReply, { timing }: Pick<ReportAct, 'timing'>): string {
  const { model, requestedModel, tokens, attempts, costUsd, finishReason, serviceTier } = reply;
  if (reply.isReused) return `reused from an earlier run, no request, no cost · ${model}`;
  return [
    model === requestedModel || requestedModel === '' ? model : `${model} (asked for ${requestedModel})`,
    ...(serviceTier === '' || serviceTier === 'standard' ? [] : [`${serviceTier} tier`]),
    formatTokens(tokens),
    ...(timing.waitMs >= 100 ? [`waited ${formatDuration(timing.waitMs)}`] : []),
    ...(timing.firstTokenMs === undefined ? [] : [`first token ${formatDuration(timing.firstTokenMs)}`]),
    formatDuration(timing.durationMs),
    ...(costUsd === undefined ? [] : [formatUsd(costUsd)]),
    ...(attempts > 1 ? [formatCount(attempts, 'attempt')] : []),
    ...(classifyFinishReason(finishReason) === 'whole' ? [] : [`finish reason ${finishReason || 'unknown'}`]),
  ].join(' · ');
}

function renderPrompt({ system, parameters, parts }: ReportPrompt): Html {
  const settings = parameters.map(([name, value]) => `${name} ${value}`).join(', ');
  return html`<details class="prompt"><summary>Prompt</summary>${settings && html`<p class="note">${settings}</p>`}${
    system !== undefined && html`<h4>System</h4><pre dir="auto">${system}</pre><h4>Turn</h4>`
  }${parts.map(({ text, isMedia }) => (isMedia ? html`<p class="note">${text}</p>` : html`<pre dir="auto">${text}</pre>`))}</details>`;
}
