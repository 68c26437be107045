import { basename, resolve } from 'node:path';
import { pdfMostBytes } from '../../facts.js';
import { addressProblem, addressWords, referenceTo } from '../../media/address.js';
import { judgeMedia, statedTypeProblem } from '../../media/judge-media.js';
import { kindOfType, typeOfName, usualType } from '../../media/media-types.js';
import { quoted } from '../../toml/toml.js';
import type { DescribedMedia, MediaInput } from '../narrative.js';
import { heldMedia, type ReadMedia, readMediaFile } from './media-file.js';

/** What is wrong with a medium: the rule's name, a sentence, and which of its keys it is about. */
export interface MediaProblem {
  rule: 'media-not-found' | 'media-too-large' | 'media-type' | 'bad-base64' | 'bad-url' | 'url-as-file';
  message: string;
  about: 'source' | 'mime';
}

/** What loading a medium came to. */
export type LoadedMedia = { media: MediaInput } | { problem: MediaProblem };

/**
 * Reads a medium and finds out its type: for files and base64 whole, of addresses all that can be told without a network.
 * Knows nothing of TOML, so that a file whose name came out of a template is judged in the same way.
 */
export async function loadMedia(described: DescribedMedia): Promise<LoadedMedia> {
  const { source, mime, kind } = described;
  const mimeProblem = mime === undefined ? undefined : statedTypeProblem(mime, kind);
  if (mimeProblem !== undefined) return problem('media-type', `"mime" ${mimeProblem}`, 'mime');
  if ('url' in source) return atAddress(source.url, described);
  return 'file' in source ? inFile(source.file, described) : inBase64(source.base64, described);
}

async function inFile(file: string, described: DescribedMedia): Promise<LoadedMedia> {
  // Joined to the folder it would name that.
  if (file.trim() === '') return problem('media-not-found', 'the name of the file is empty');
  const words = described.words ?? nameWords(file);
  if (/^(https?|data):/i.test(file)) {
    return problem('url-as-file', `${addressInFile(file)} is no file: give a URL as "url"`);
  }
  const read = await readMediaFile(resolve(described.folder, file));
  if ('problem' in read) {
    const rule = read.problem.reason === 'too-large' ? 'media-too-large' : 'media-not-found';
    return problem(rule, `the file ${nameWords(file)} ${read.problem.words}`);
  }
  return judged(read, { ...described, words }, file);
}

/** A reply that was to be a name may be a page long. */
function nameWords(file: string): string {
  return quoted(file.length > 200 ? `${file.slice(0, 200)}…` : file);
}

function addressInFile(file: string): string {
  return /^data:/i.test(file) ? 'a data: URL' : quoted(addressWords(file));
}

async function inBase64(base64: string, described: DescribedMedia): Promise<LoadedMedia> {
  const { words = 'the base64' } = described;
  if (base64.trimStart().startsWith('data:')) {
    return problem('bad-base64', `${words} is a data: URL: give only what follows its comma`);
  }
  // Long base64 is written over several lines.
  const packed = base64.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(packed) || packed.replace(/=+$/, '').length % 4 === 1) {
    return problem('bad-base64', `${words} is no base64`);
  }
  return judged(heldMedia(Buffer.from(packed, 'base64')), { ...described, words });
}

async function judged(
  { content, head, isText, bytes }: ReadMedia,
  { words, mime, kind }: DescribedMedia & { words: string },
  file?: string,
): Promise<LoadedMedia> {
  const name = file === undefined ? undefined : basename(file);
  const verdict = await judgeMedia({ words, head, isText, name, stated: mime, kind });
  if ('problem' in verdict) return problem('media-type', verdict.problem);
  const { mimeType } = verdict;
  if (mimeType === 'application/pdf' && bytes > pdfMostBytes) {
    return problem('media-too-large', `${words} is larger than ${pdfMostBytes / 1_000_000} MB, the most of a PDF`);
  }
  return { media: { type: verdict.kind, mimeType, content, name: file ?? words } };
}

/** What stands at an address is found out when it is fetched; what is said of it must agree as far as it goes. */
function atAddress(url: string, { mime, kind, words }: DescribedMedia): LoadedMedia {
  const wrong = addressProblem(url);
  if (wrong !== undefined) return problem('bad-url', `${words ?? quoted(url)} ${wrong}`);
  const name = addressWords(url);
  const stated = mime === undefined ? undefined : usualType(mime);
  const statedType = stated === undefined ? {} : { mimeType: stated };
  const said = kind ?? (stated === undefined ? undefined : kindOfType(stated));
  const reference = referenceTo(url);
  if (reference === 'film' && said !== undefined && said !== 'video') {
    return problem('media-type', `${name} is a film, not ${said === 'image' ? 'a picture' : said}`);
  }
  if (reference !== undefined) {
    const type = reference === 'film' ? 'video' : (said ?? 'media');
    return { media: { type, ...statedType, content: { from: 'reference', uri: url }, name } };
  }
  const named = typeOfName(new URL(url).pathname);
  const type = said ?? (named === undefined ? undefined : kindOfType(named));
  const content = { from: 'address', url, ...(kind !== undefined && { kind }) } as const;
  return { media: { type: type ?? 'media', ...statedType, content, name } };
}

function problem(rule: MediaProblem['rule'], message: string, about: MediaProblem['about'] = 'source'): LoadedMedia {
  return { problem: { rule, message, about } };
}
