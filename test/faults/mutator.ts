import type { ImapFlow } from 'imapflow';
import { withClient } from '../support/imap-client.ts';
import type { Chance } from './random.ts';
import { ELSEWHERE, mailOf, type Scene } from './scene.ts';

/** What a person does, and how often beside the others. */
const WEIGHTS = { append: 10, expunge: 2, moveAway: 2, read: 6, unread: 2, flag: 2, remake: 1 } as const;
type Deed = keyof typeof WEIGHTS;
const DEEDS = (Object.keys(WEIGHTS) as Deed[]).flatMap((deed) => Array<Deed>(WEIGHTS[deed]).fill(deed));

/** A mail as a person sees it. */
interface Listed {
  readonly uid: number;
  readonly subject: string;
}

/** What a person knows of what they did. */
export interface Deeds {
  /** Every mail that ever came. */
  readonly subjects: string[];
  /** Those that were taken away, or tried to. */
  readonly taken: Set<string>;
  /** Those that the server said lie elsewhere now. */
  readonly movedAway: Set<string>;
  /** In the folder, and without \Seen for all that the person did. */
  readonly unread: Set<string>;
  /** Unread mail that a poll has found since the folder was made. */
  readonly found: Set<string>;
  readonly counts: Record<Deed, number>;
}

/** Someone who works in a folder without a thought for mailcase. */
export interface Mutator {
  readonly deeds: Deeds;
  /** Does one thing or another. */
  step(): Promise<void>;
  /** Runs something while the person does nothing, and has done what was begun. */
  alone<T>(work: () => Promise<T> | T): Promise<T>;
}

export function createMutator(scene: Scene, chance: Chance, note: (text: string) => void): Mutator {
  const { user, path } = scene;
  const deeds: Deeds = {
    ...{ subjects: [], taken: new Set(), movedAway: new Set(), unread: new Set(), found: new Set() },
    counts: { append: 0, expunge: 0, moveAway: 0, read: 0, unread: 0, flag: 0, remake: 0 },
  };

  /** Does something to some of the mails that lie there. */
  const withSome = (work: (client: ImapFlow, set: string, some: readonly Listed[]) => Promise<void>) =>
    withClient(
      user,
      async (client) => {
        const most = chance.between(1, 3);
        const some = chance.shuffle(await listed(client)).slice(0, most);
        note(`  ${some.map(({ uid, subject }) => `${uid} ${subject}`).join(', ')}`);
        if (some.length > 0) await work(client, some.map(({ uid }) => uid).join(), some);
      },
      { path },
    );
  const uid = { uid: true };
  const does: Readonly<Record<Deed, () => Promise<void>>> = {
    append: () =>
      withClient(user, async (client) => {
        for (let left = chance.between(1, 4); left > 0; left -= 1) {
          const subject = `mail ${deeds.subjects.length + 1}`;
          deeds.subjects.push(subject);
          await client.append(path, mailOf(scene, subject));
          deeds.unread.add(subject);
        }
      }),
    expunge: () =>
      withSome(async (client, set, some) => {
        for (const { subject } of some) deeds.taken.add(subject);
        await client.messageDelete(set, uid);
      }),
    moveAway: () =>
      withSome(async (client, set, some) => {
        for (const { subject } of some) deeds.taken.add(subject);
        const moved = await client.messageMove(set, ELSEWHERE, uid);
        // Without those that mailcase had moved or deleted a moment before.
        const went = new Set(moved ? moved.uidMap?.keys() : []);
        for (const each of some) if (went.has(each.uid)) deeds.movedAway.add(each.subject);
      }),
    read: () =>
      withSome(async (client, set, some) => {
        for (const { subject } of some) deeds.unread.delete(subject);
        await client.messageFlagsAdd(set, ['\\Seen'], uid);
      }),
    unread: () =>
      withSome(async (client, set, some) => {
        await client.messageFlagsRemove(set, ['\\Seen'], uid);
        for (const { subject } of some) deeds.unread.add(subject);
      }),
    flag: () =>
      withSome(async (client, set) => {
        await client.messageFlagsAdd(set, ['\\Flagged', 'later'], uid);
      }),
    // As a server that was restored: the same mail in another order, none of it read.
    remake: () =>
      withClient(
        user,
        async (client) => {
          const messages = chance.shuffle(await client.fetchAll('1:*', { envelope: true, source: true }));
          const other = `${path} restored`;
          await client.mailboxCreate(other);
          for (const { source } of messages) if (source) await client.append(other, source);
          await client.mailboxClose();
          await client.mailboxDelete(path);
          await client.mailboxRename(other, path);
          deeds.found.clear();
          for (const { envelope } of messages) deeds.unread.add(envelope?.subject ?? '');
        },
        { path },
      ),
  };

  let busy: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T> | T): Promise<T> => {
    const done = busy.then(work);
    busy = done.catch(() => {});
    return done;
  };
  const step = () =>
    alone(async () => {
      const deed = chance.pick(DEEDS);
      note(deed);
      deeds.counts[deed] += 1;
      try {
        await does[deed]();
      } catch (error) {
        note(`  failed: ${JSON.stringify(error)}`);
        throw error;
      }
    });
  return { deeds, step, alone };
}

async function listed(client: ImapFlow): Promise<Listed[]> {
  const messages = await client.fetchAll('1:*', { uid: true, envelope: true });
  return messages.map(({ uid, envelope }) => ({ uid, subject: envelope?.subject ?? '' }));
}
