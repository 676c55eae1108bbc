import type { ProcessedConfig } from '../config/schema.ts';
import { MailcaseError } from '../errors.ts';
import { folderExists, serverPath } from './folder.ts';
import { searchMessages } from './search.ts';
import { refusal, type Session } from './session.ts';
import { uidSets } from './uid-set.ts';

/** Something that the operator wants done with processed mail, and that the server cannot do. */
export interface Impossible {
  /** The option of `processed`. */
  readonly option: 'flag' | 'keyword' | 'move' | 'delete' | 'set_aside';
  readonly why: string;
  readonly cure: string;
}

/** What can be done with processed messages in the selected folder. */
export interface Marking {
  /** Flags and keywords that are set, on every processed message. */
  readonly flags: readonly string[];
  /** Where fully recorded messages go then. */
  readonly recorded: Destination;
  /** Where the others go. */
  readonly aside: Destination;
  readonly impossible: readonly Impossible[];
}

type Destination =
  | { readonly to: 'stay' }
  | { readonly to: 'delete' }
  | { readonly to: 'folder'; readonly path: string };

/** Messages by what may be done with them: only what is recorded in full, or a duplicate of it, ever leaves for good. */
export interface Processed {
  readonly recorded: readonly number[];
  readonly aside: readonly number[];
}

const STAY: Destination = { to: 'stay' };

/** For folders that are not ours to change: sent mail, and every folder in shadow mode. */
export const NO_MARKING: Marking = { flags: [], recorded: STAY, aside: STAY, impossible: [] };

/**
 * Compares what the operator wants with what the server can do in the selected folder.
 *
 * @param polled paths of the folders that are polled: what is moved into one of them would be read again and again
 * @throws MailcaseError `imap_connect` where no folder is selected any more
 */
export async function planMarking(
  session: Session,
  wanted: ProcessedConfig,
  polled: readonly string[],
): Promise<Marking> {
  if (wanted === 'none') return NO_MARKING;
  // A connection that was cut has no folder, which says nothing of what the folder can keep.
  if (!session.client.mailbox) throw new MailcaseError('imap_connect', 'the connection was closed');
  const impossible: Impossible[] = [];
  const refuse = (option: Impossible['option'], why: string, cure: string) => {
    impossible.push({ option, why, cure });
  };
  const flags = (['flag', 'keyword'] as const).flatMap((option) => {
    const flag = wanted[option];
    if (flag === undefined) return [];
    const spelling = keptFlag(session, flag);
    if (spelling !== undefined) return [spelling];
    refuse(option, `the folder cannot keep ${flag} (${whyNot(session)})`, FLAG_CURE);
    return [];
  });
  const destination = async (option: 'move' | 'set_aside'): Promise<Destination> => {
    const path = wanted[option];
    if (path === undefined) return STAY;
    if (polled.some((each) => serverPath(session, each) === serverPath(session, path))) {
      refuse(option, `the folder ${path} is polled itself`, 'name a folder that is not in `folders`');
    } else if (!(await folderExists(session, path))) {
      refuse(option, `there is no folder ${path}`, 'make it in the mailbox, or name one that is there');
    } else if (!can(session, 'MOVE') && !canExpunge(session)) {
      refuse(
        option,
        'the server has neither MOVE nor UIDPLUS, or the folder cannot keep \\Deleted',
        LEAVE_CURE,
      );
    } else {
      return { to: 'folder', path };
    }
    return STAY;
  };
  let recorded = await destination('move');
  if (wanted.delete) {
    if (canExpunge(session)) recorded = { to: 'delete' };
    // Without UID EXPUNGE, deleting one message would destroy all that anybody has marked \Deleted.
    else refuse('delete', 'the server has no UIDPLUS, or the folder cannot keep \\Deleted', LEAVE_CURE);
  }
  return { flags, recorded, aside: await destination('set_aside'), impossible };
}

const LEAVE_CURE = 'mark with `flag` or `keyword` instead; the mail is recorded all the same, and stays';

const FLAG_CURE =
  'give the user the right to write flags, or use another mark; the mail is recorded all the same, and once';

/**
 * Marks messages processed: one STORE for all flags, then those leave that are to leave.
 *
 * @throws MailcaseError `imap_command` when the server refuses, `imap_connect` when the connection is gone
 */
export async function markProcessed(
  session: Session,
  marking: Marking,
  { recorded, aside }: Processed,
): Promise<void> {
  const all = [...recorded, ...aside];
  if (all.length > 0 && marking.flags.length > 0) {
    // imapflow answers false where others throw.
    for (const set of uidSets(all)) {
      const stored = await session.client.messageFlagsAdd(set, [...marking.flags], {
        uid: true,
        silent: true,
      });
      if (!stored) throw refusal(session, `to store ${marking.flags.join(' ')}`);
    }
  }
  await send(session, recorded, marking.recorded);
  await send(session, aside, marking.aside);
}

async function send(session: Session, uids: readonly number[], destination: Destination): Promise<void> {
  const { client } = session;
  if (destination.to === 'folder') return move(session, uids, destination.path);
  if (destination.to === 'stay') return;
  for (const set of uidSets(uids)) {
    if (!(await client.messageDelete(set, { uid: true }))) throw refusal(session, 'to delete messages');
  }
}

/** Somebody else would have to take messages away between each two of them. */
const MOVE_ATTEMPTS = 5;

/**
 * Moves messages. Where one of them was taken away by somebody else, Dovecot moves none of the others (RFC 2180, section
 * 4.4.2), and imapflow takes its NO for done: so what is still there is moved again.
 */
async function move(session: Session, uids: readonly number[], path: string): Promise<void> {
  let left = uids;
  for (let attempt = 1; left.length > 0; attempt += 1) {
    const what = `to move messages to ${path}`;
    if (attempt > MOVE_ATTEMPTS) throw refusal(session, what);
    const moved = new Set<number>();
    for (const set of uidSets(left)) {
      const uidMap = can(session, 'MOVE')
        ? await moveSet(session, set, path)
        : await copySet(session, set, path);
      if (!uidMap) throw refusal(session, what);
      for (const uid of uidMap.keys()) moved.add(uid);
    }
    const untold = left.filter((uid) => !moved.has(uid));
    left = untold.length === 0 ? [] : await searchMessages(session, { uids: untold });
  }
}

/** Old and new UIDs, as far as the server says them. */
type UidMap = ReadonlyMap<number, number>;

async function moveSet({ client }: Session, set: string, path: string): Promise<UidMap | undefined> {
  const done = await client.messageMove(set, path, { uid: true });
  return done ? (done.uidMap ?? new Map()) : undefined;
}

/** As a server without MOVE moves (RFC 6851, section 1). Only what COPYUID says is copied is deleted (RFC 4315). */
async function copySet({ client }: Session, set: string, path: string): Promise<UidMap | undefined> {
  const done = await client.messageCopy(set, path, { uid: true });
  if (!done) return undefined;
  const uidMap = done.uidMap ?? new Map<number, number>();
  for (const copied of uidSets([...uidMap.keys()])) {
    if (!(await client.messageDelete(copied, { uid: true }))) return undefined;
  }
  return uidMap;
}

/** The flag as the folder spells it (keywords compare without case); undefined where it cannot keep it. */
function keptFlag({ client: { mailbox } }: Session, flag: string): string | undefined {
  if (!mailbox || mailbox.readOnly) return undefined;
  const { permanentFlags } = mailbox;
  // Without PERMANENTFLAGS all can be kept (RFC 9051, section 7.1).
  if (!permanentFlags) return flag;
  const known = [...permanentFlags].find((each) => each.toLowerCase() === flag.toLowerCase());
  // \* allows new keywords, and no system flag that is not named.
  return known ?? (permanentFlags.has('\\*') && !flag.startsWith('\\') ? flag : undefined);
}

function whyNot({ client: { mailbox } }: Session): string {
  return !mailbox || mailbox.readOnly ? 'it is read-only' : 'PERMANENTFLAGS';
}

function canExpunge(session: Session): boolean {
  return can(session, 'UIDPLUS') && keptFlag(session, '\\Deleted') !== undefined;
}

/**
 * Whether the session may use an extension. IMAP4rev2 has them in it (RFC 9051, appendix E), but only where it is in
 * use: imapflow would send a plain EXPUNGE otherwise, which destroys what anybody has marked \Deleted.
 */
export function can(
  { client: { capabilities, enabled } }: Session,
  capability: 'MOVE' | 'UIDPLUS' | 'SPECIAL-USE' | 'IDLE',
): boolean {
  const isRev2 =
    enabled.has('IMAP4REV2') || (capabilities.has('IMAP4rev2') && !capabilities.has('IMAP4rev1'));
  return capabilities.has(capability) || isRev2;
}
