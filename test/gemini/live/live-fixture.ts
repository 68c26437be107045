import { afterEach, beforeEach, expect } from 'vitest';
import type { CallContext } from '../../../src/driver/driver.js';
import type { DriverEvent } from '../../../src/driver/driver-events.js';
import type { GenerateRequest, Turn } from '../../../src/driver/request.js';
import type { GenerateResponse } from '../../../src/driver/response.js';
import { createConnection } from '../../../src/gemini/connection.js';
import { createLiveDriver } from '../../../src/gemini/live/driver.js';
import type { GeminiDriverOptions } from '../../../src/gemini/options.js';
import type { BoticelliDriver } from '../../../src/index.js';
import { spokenReply } from '../../helpers/gemini/live-replies.js';
import { type GeminiServer, type GeminiServerOptions, startGeminiServer } from '../../helpers/gemini/server.js';
import { createRequest as createRestRequest, createUserTurn } from '../gemini-fixture.js';

export const liveModel = 'gemini-3.8-live';

/** The frames of a reply without an end: "Hello", in two pieces. */
export const unfinishedFrames = spokenReply(['Hel', 'lo']).frames.slice(0, -2);

/** A new server for each test, and drivers that are closed after it. Fails the test if a socket is still open then. */
export function createLiveFixture(options?: GeminiServerOptions) {
  const drivers: BoticelliDriver[] = [];
  const fixture = {
    server: undefined as unknown as GeminiServer,
    driver: (driverOptions: Partial<GeminiDriverOptions> = {}) => {
      const connection = createConnection({ apiKey: 'test-key', baseUrl: fixture.server.url, ...driverOptions });
      const driver = createLiveDriver(connection, driverOptions);
      drivers.push(driver);
      return driver;
    },
    /** The nth session, counted from 0. */
    session: (index: number) => {
      const session = fixture.server.live.sessions[index];
      if (!session) throw new Error(`there is no session ${index}`);
      return session;
    },
  };
  beforeEach(async () => {
    fixture.server = await startGeminiServer(options);
  });
  afterEach(async () => {
    await Promise.all(drivers.splice(0).map((driver) => driver.close?.()));
    // If the test left a stalled connection open, this would wait forever.
    await Promise.all(fixture.server.live.sessions.map(({ closed }) => closed));
    expect(fixture.server.live.openCount).toBe(0);
    await fixture.server.close();
  });
  return fixture;
}

export function createRequest(prompt = 'Say hello.', overrides: Partial<GenerateRequest> = {}): GenerateRequest {
  return createRestRequest(prompt, { model: liveModel, ...overrides });
}

/** The next request of a conversation, after a reply. */
export function continueConversation(
  { turns, ...otherFields }: GenerateRequest,
  { turn }: GenerateResponse,
  prompt: string,
): GenerateRequest {
  const conversation: Turn[] = [...turns, turn, createUserTurn(prompt)];
  return { ...otherFields, turns: conversation };
}

/** Returns a call context, and the messages of the `note` events that calls with this context emit. */
export function collectNoteEvents(): { notes: string[]; context: CallContext } {
  const notes: string[] = [];
  const emit = (event: DriverEvent) => event.type === 'note' && notes.push(event.message);
  return { notes, context: { emit } };
}
