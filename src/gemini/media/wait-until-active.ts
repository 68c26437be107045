import type { File } from '@google/genai';
import type { CallContext } from '../../driver/driver.js';
import type { MediaPart } from '../../driver/request.js';
import { BoticelliError } from '../../errors.js';
import type { MediaDeliveryOptions } from './deliver-media.js';
import { filesOf, nameOf } from './upload-file.js';

/** A file that the service has, ready to be referred to. */
export interface UsableFile {
  uri: string;
}

export interface ProcessingOptions extends MediaDeliveryOptions {
  part: MediaPart;
  context: CallContext;
}

/**
 * Waits, no longer than the timeout, until a file that was sent can be used. Rejects with a BoticelliError that names the
 * file; a passing one where the service could not be asked, which is no reason to send the file again.
 */
export async function whenProcessed(sent: File, options: ProcessingOptions): Promise<UsableFile> {
  const name = nameOf(options.part);
  const file = sent.state === 'PROCESSING' ? await processed(sent, name, options) : sent;
  if (file.state === 'FAILED') throw unprocessed(name, file);
  if (file.uri === undefined) throw new BoticelliError('unavailable', `the Files API gave ${name} no address`);
  return { uri: file.uri };
}

/** Films are looked through before they can be used: PROCESSING, then ACTIVE or FAILED. */
async function processed(sent: File, name: string, options: ProcessingOptions): Promise<File> {
  const { context, clock, timeoutMs } = options;
  const { signal } = context;
  const failed = `the service did not say whether ${name} can be used yet`;
  const files = await filesOf({ ...options, signal, failed });
  const until = clock.now() + timeoutMs;
  let file = sent;
  context.emit?.({ type: 'note', about: 'upload', message: `${name} is there and being processed` });
  for (let pauseMs = 250; file.state === 'PROCESSING'; pauseMs = Math.min(pauseMs * 1.5, 5000)) {
    const leftMs = until - clock.now();
    if (leftMs <= 0) throw stillProcessing(name, timeoutMs);
    await clock.sleep(Math.min(pauseMs, leftMs), signal);
    file = await files.get({ name: sent.name ?? '' });
  }
  return file;
}

function stillProcessing(name: string, timeoutMs: number): BoticelliError {
  return new BoticelliError('timeout', `the service was not done with ${name} within ${timeoutMs / 1000} s`, {
    hint: 'Allow more with --timeout.',
  });
}

function unprocessed(name: string, { error }: File): BoticelliError {
  const why = error?.message === undefined ? '' : `: ${error.message}`;
  return new BoticelliError('invalid_request', `the service could not process ${name}${why}`, {
    hint: 'Check that it plays or opens, and that it is not protected.',
  });
}
