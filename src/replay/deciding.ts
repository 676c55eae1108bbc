import type { Incoming } from '../record/incoming.ts';
import type { Plan } from '../record/plan.ts';
import type { Policy, Replaying } from '../record/policy.ts';
import type { Changeable, InteractionRef, KnownInteraction, View } from '../record/view.ts';
import type { LastSays } from './last-says.ts';
import type { News } from './news.ts';
import type { StoredMail } from './stored.ts';

/** What the mails of a batch are decided with. */
export interface Deciding {
  readonly view: View;
  readonly plan: Plan;
  readonly policy: Policy & { readonly replaying: Replaying };
  readonly says: LastSays;
  /** By the ids of the interactions. */
  readonly stored: ReadonlyMap<number, StoredMail>;
}

/** One recorded mail, and what it says today. */
export interface ReplayedMail {
  readonly ref: InteractionRef;
  readonly stored: StoredMail;
  readonly changeable: Changeable;
  /** As it was before. */
  readonly known: KnownInteraction;
  /** With the direction that it has by now. */
  readonly incoming: Incoming;
  readonly news: News;
}
