import { filesApiUrlPattern, youtubeUrlPattern } from '../facts/media.js';

/**
 * A URL as messages show it: without its query, which may carry a signature, and without a user and a password. Of a film's
 * query its id is left, for all films have the same path.
 */
export function redactUrl(url: string): string {
  if (!URL.canParse(url)) return 'an address';
  const { protocol, host, pathname, searchParams } = new URL(url);
  const displayUrl = `${protocol}//${host}${pathname}`;
  const id = searchParams.get('v') ?? '';
  const isVideoUrl = pathname === '/watch' && getReferenceKind(url) === 'film' && /^[\w-]+$/.test(id);
  return isVideoUrl ? `${displayUrl}?v=${id}` : displayUrl;
}

/**
 * Whether the service itself has what stands at an address, so that the address is sent and not what is there: a film
 * on YouTube, or a file that was uploaded to the Files API.
 */
export function getReferenceKind(url: string): 'film' | 'file' | undefined {
  if (youtubeUrlPattern.test(url)) return 'film';
  return filesApiUrlPattern.test(url) ? 'file' : undefined;
}

/** What is wrong with a URL that media are to be fetched from, as the end of a sentence; undefined where nothing is. */
export function validateMediaUrl(url: string): string | undefined {
  if (url.trim() === '') return 'is empty: a URL begins with https:// and a host';
  if (/^\s*data:/i.test(url)) return 'is a data: URL: give what follows its comma as base64';
  if (!URL.canParse(url)) return 'is no URL: it begins with https:// and a host';
  const { protocol, hostname } = new URL(url);
  if (!/^https?:$/.test(protocol)) return `begins with ${protocol} but media are fetched over http and https alone`;
  return hostname === '' ? 'is a URL without a host' : undefined;
}
