import type { Part } from '@google/genai';
import { isRecord } from '../../util/json.js';
import { toOneLine } from '../errors/one-line.js';

/** What a part contains besides text: its name in the singular and plural, and a detail such as its media type. */
interface PartKind {
  one: string;
  many: string;
  detail?: unknown;
}

// Fields that describe a part (Part of @google/genai 2.32). A part that has only these is empty.
const annotations = new Set([
  ...['text', 'thought', 'thoughtSignature', 'videoMetadata', 'partMetadata', 'mediaResolution', 'mediaProcessing'],
  ...['speechMetadata', 'audioTranscription'],
]);

const fieldNames: Readonly<Record<string, Omit<PartKind, 'detail'> & { detailField?: string }>> = {
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
 * @param expectedFields the fields of parts that were asked for, which are left out
 */
export function describeNonTextParts(
  parts: readonly Part[],
  expectedFields: ReadonlySet<string> = new Set(),
): string | undefined {
  const groups = new Map<string, { kind: PartKind; count: number; details: Set<string> }>();
  for (const kind of parts.flatMap((part) => (part.thought ? [] : listKinds(part, expectedFields)))) {
    const group = groups.get(kind.one) ?? { kind, count: 0, details: new Set() };
    group.count += 1;
    if (typeof kind.detail === 'string' && kind.detail.trim() !== '') group.details.add(toOneLine(kind.detail, 40));
    groups.set(kind.one, group);
  }
  const descriptions = [...groups.values()].map(({ kind, count, details }) => {
    const detailText = details.size === 0 ? '' : ` (${[...details].join(', ')})`;
    return `${count} ${count === 1 ? kind.one : kind.many}${detailText}`;
  });
  const last = descriptions.pop();
  return descriptions.length === 0 ? last : `${descriptions.join(', ')} and ${last}`;
}

function listKinds(part: Part, expectedFields: ReadonlySet<string>): PartKind[] {
  return Object.entries(part).flatMap(([field, value]): PartKind[] => {
    if (annotations.has(field) || expectedFields.has(field) || value === null || value === undefined) return [];
    const content = isRecord(value) ? value : {};
    if (field === 'inlineData' || field === 'fileData') return [getMediaKind(content.mimeType)];
    const names = Object.hasOwn(fieldNames, field) ? fieldNames[field] : undefined;
    if (!names) return [{ one: 'part of an unknown kind', many: 'parts of unknown kinds', detail: field }];
    const { detailField = '', ...kind } = names;
    return [{ ...kind, detail: content[detailField] }];
  });
}

function getMediaKind(mimeType: unknown): PartKind {
  const [type] = String(mimeType).toLowerCase().split('/');
  if (type === 'image') return { one: 'picture', many: 'pictures', detail: mimeType };
  if (type === 'audio') return { one: 'sound', many: 'sounds', detail: mimeType };
  if (type === 'video') return { one: 'video', many: 'videos', detail: mimeType };
  return { one: 'file', many: 'files', detail: mimeType };
}
