import type { Part } from '@google/genai';
import { type ContentKind, formatContentKinds, getContentKind } from '../../../driver/reply-media.js';
import { hasBase64Bytes, isRecord } from '../../../util/json.js';
import { toOneLine } from '../../errors/one-line.js';

// The text of a part, and the fields that only describe a part (Part of @google/genai 2.32).
const ignoredFields = new Set([
  ...['text', 'thought', 'thoughtSignature', 'videoMetadata', 'partMetadata', 'mediaResolution', 'mediaProcessing'],
  ...['speechMetadata', 'audioTranscription'],
]);

const nounsByField: Readonly<Record<string, Omit<ContentKind, 'detail'> & { detailField?: string }>> = {
  functionCall: { one: 'function call', many: 'function calls', detailField: 'name' },
  functionResponse: { one: 'function response', many: 'function responses', detailField: 'name' },
  toolCall: { one: 'tool call', many: 'tool calls', detailField: 'toolType' },
  toolResponse: { one: 'tool response', many: 'tool responses', detailField: 'toolType' },
  executableCode: { one: 'piece of code', many: 'pieces of code', detailField: 'language' },
  codeExecutionResult: { one: 'result of code', many: 'results of code', detailField: 'outcome' },
};

/**
 * Describes what a reply has besides text: `2 pictures (image/png) and 1 function call (search)`. Returns undefined if
 * it has nothing else. Thoughts are not part of a reply, so they are left out.
 * @param expectedFields fields that are not described, because they show the use of a tool that the request asked for
 */
export function describeNonTextParts(
  parts: readonly Part[],
  expectedFields: ReadonlySet<string> = new Set(),
): string | undefined {
  const kinds = parts.flatMap((part) => (part.thought ? [] : listKinds(part, expectedFields)));
  return formatContentKinds(
    kinds.map(({ detail, ...kind }) => ({ ...kind, detail: detail === undefined ? undefined : toOneLine(detail, 40) })),
  );
}

function listKinds(part: Part, expectedFields: ReadonlySet<string>): ContentKind[] {
  return Object.entries(part).flatMap(([field, value]): ContentKind[] => {
    if (ignoredFields.has(field) || expectedFields.has(field) || value === null || value === undefined) return [];
    const content = isRecord(value) ? value : {};
    if (field === 'fileData') return [getContentKind(content.mimeType)];
    if (field === 'inlineData') return [describeInlineData(content)];
    const nouns = Object.hasOwn(nounsByField, field) ? nounsByField[field] : undefined;
    if (!nouns) return [{ one: 'part of an unknown kind', many: 'parts of unknown kinds', detail: field }];
    const { detailField = '', ...kind } = nouns;
    const detail = content[detailField];
    return [{ ...kind, detail: typeof detail === 'string' ? detail : undefined }];
  });
}

function describeInlineData({ mimeType, data }: Record<string, unknown>): ContentKind {
  const { one, many, detail } = getContentKind(mimeType);
  const problem = data === undefined || hasBase64Bytes(data) ? '' : ' without valid data';
  return { one: one + problem, many: many + problem, detail };
}
