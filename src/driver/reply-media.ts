/** A picture or a sound of a reply. */
export interface ReplyMedia {
  /** In lower case, without parameters: `image/png`, `audio/wav`. */
  mimeType: string;
  /** The bytes, in standard base64. */
  base64: string;
}

/** A kind of content that is not text: its name in the singular and plural, and a detail such as the media type. */
export interface ContentKind {
  one: string;
  many: string;
  detail?: string | undefined;
}

/** Returns the kind of content that a MIME type stands for, with the MIME type as its detail. */
export function getContentKind(mimeType: unknown): ContentKind {
  const detail = typeof mimeType === 'string' ? mimeType : undefined;
  const [type] = String(mimeType).toLowerCase().split('/');
  if (type === 'image') return { one: 'picture', many: 'pictures', detail };
  if (type === 'audio') return { one: 'sound', many: 'sounds', detail };
  if (type === 'video') return { one: 'video', many: 'videos', detail };
  return { one: 'file', many: 'files', detail };
}

/** Counts kinds: `2 pictures (image/png) and 1 function call (search)`. Undefined if there are none. */
export function formatContentKinds(kinds: readonly ContentKind[]): string | undefined {
  const groups = new Map<string, { kind: ContentKind; count: number; details: Set<string> }>();
  for (const kind of kinds) {
    const group = groups.get(kind.one) ?? { kind, count: 0, details: new Set() };
    group.count += 1;
    if (kind.detail !== undefined && kind.detail.trim() !== '') group.details.add(kind.detail);
    groups.set(kind.one, group);
  }
  const descriptions = [...groups.values()].map(({ kind, count, details }) => {
    const detailText = details.size === 0 ? '' : ` (${[...details].join(', ')})`;
    return `${count} ${count === 1 ? kind.one : kind.many}${detailText}`;
  });
  const last = descriptions.pop();
  return descriptions.length === 0 ? last : `${descriptions.join(', ')} and ${last}`;
}

/** Leaves the bytes of media out of an event that reports the end of an act, for reports and stored runs. */
export function omitMediaData<End extends { media?: { data?: string }[] }>(end: End): End {
  if (!end.media?.some(({ data }) => data !== undefined)) return end;
  return { ...end, media: end.media.map(({ data: _, ...media }) => media) };
}

/** The size of media in bytes. */
export function getMediaByteLength({ base64 }: ReplyMedia): number {
  return Buffer.byteLength(base64, 'base64');
}
