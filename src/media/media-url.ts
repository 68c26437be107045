import { filesApiUrlPattern, youtubeUrlPattern } from '../facts/media.js';

/**
 * Formats a URL for messages. Leaves out the user, the password, the query and the fragment, because each may contain a
 * secret. The id of a YouTube video is kept although it is in the query, because all videos have the same path.
 */
export function redactUrl(url: string): string {
  if (!URL.canParse(url)) return 'an invalid URL';
  const { protocol, host, pathname, searchParams } = new URL(url);
  const displayUrl = `${protocol}//${host}${pathname}`;
  const id = searchParams.get('v') ?? '';
  const isVideoUrl = pathname === '/watch' && getServiceReadableKind(url) === 'video' && /^[\w-]+$/.test(id);
  return isVideoUrl ? `${displayUrl}?v=${id}` : displayUrl;
}

/**
 * Returns what the service can read by itself at a URL: a video on YouTube, or a file of the Files API. The URL is then
 * sent instead of the bytes. Returns undefined for other URLs.
 */
export function getServiceReadableKind(url: string): 'video' | 'file' | undefined {
  if (youtubeUrlPattern.test(url)) return 'video';
  return filesApiUrlPattern.test(url) ? 'file' : undefined;
}

/** Returns why media can't be fetched from a URL, as the end of a sentence; undefined if the URL is valid. */
export function validateMediaUrl(url: string): string | undefined {
  if (url.trim() === '') return 'is empty; a URL begins with https:// and a host';
  if (/^\s*data:/i.test(url)) return 'is a data: URL; write the part after its comma as "base64"';
  if (!URL.canParse(url)) return 'is not a URL; a URL begins with https:// and a host';
  const { protocol, hostname } = new URL(url);
  if (!/^https?:$/.test(protocol)) return `begins with ${protocol}, but media is fetched only over http and https`;
  return hostname === '' ? 'is a URL without a host' : undefined;
}
