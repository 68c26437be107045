import type { Clock } from '../../driver/clock.js';
import type { Keeper } from '../stores/quota-store.js';
import { type Appointment, type Page, refresh } from './model-state.js';
import { enter, strike } from './schedule.js';

export interface ProjectPagesOptions {
  keeper: Keeper;
  clock: Clock;
  project: string;
  windowMs?: number;
}

/** The pages of one project, found by the name that a model is asked by. */
export interface ProjectPages {
  /** Works on the page that a model's requests are counted on: that of the model which an alias stands for. */
  onCounted<Result>(asked: string, change: (page: Page, now: number, model: string) => Result): Promise<Result>;
  /**
   * Learns which model a name stands for. What was booked under the name alone moves along: else the requests that are
   * under way would be missing where they count.
   * @param id the appointment by which this was learned; it moves along in any case
   */
  standFor(asked: string, counted: string, id: string): Promise<void>;
}

/** The key of a page: what quota is counted by. */
export function pageKey(project: string, model: string): string {
  return `gemini ${encodeURIComponent(project)} ${model}`;
}

/** An alias of an alias is possible; more than a few are a circle, and end where they are. */
export const mostNames = 4;

export function createProjectPages({ keeper, clock, project, windowMs = 60_000 }: ProjectPagesOptions): ProjectPages {
  const onPage = <Result>(model: string, change: (page: Page, now: number) => Result): Promise<Result> =>
    keeper.transact(pageKey(project, model), (page) => {
      const now = clock.now();
      refresh(page, now, windowMs);
      return change(page, now);
    });

  const onCounted: ProjectPages['onCounted'] = async (asked, change) => {
    let model = asked;
    for (let names = 1; ; names += 1) {
      const found = await onPage(model, (page, now) =>
        page.standsFor !== undefined && names < mostNames
          ? { elsewhere: page.standsFor }
          : { result: change(page, now, model) },
      );
      if ('result' in found) return found.result;
      model = found.elsewhere;
    }
  };

  return {
    onCounted,
    async standFor(asked, counted, id) {
      const current = await onCounted(asked, (_page, _now, model) => model);
      if (current === counted) return;
      const isOwnPage = current === asked;
      const moving = (page: Page) => page.appointments.filter((each) => isOwnPage || each.id === id);
      // First to where they count, then off the old page: at no moment are they on neither.
      const copies = await onPage(current, moving);
      await onPage(counted, (page) => enterMissing(page, copies));
      const late = await onPage(current, (page) => {
        if (isOwnPage) page.standsFor = counted;
        return moving(page).flatMap(({ id: each }) => strike(page, each) ?? []);
      });
      await onPage(counted, (page) => enterMissing(page, late));
      if (!isOwnPage && asked !== counted) await onPage(asked, (page) => Object.assign(page, { standsFor: counted }));
    },
  };
}

function enterMissing(page: Page, appointments: readonly Appointment[]): void {
  delete page.standsFor;
  const known = new Set(page.appointments.map(({ id }) => id));
  for (const appointment of appointments) if (!known.has(appointment.id)) enter(page, appointment);
}
