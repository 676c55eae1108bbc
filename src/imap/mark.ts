import type { ProcessedConfig } from '../config/schema.ts';
import { MailcaseError } from '../errors.ts';
import { folderExists, serverPath } from './folder.ts';
import type { Session } from './session.ts';

/** Something that the operator wants done with processed mail, and that the server cannot do. */
export interface Impossible {
  /** The option of `processed`. */
  readonly option: 'flag' | 'keyword' | 'label' | 'move' | 'delete' | 'set_aside';
  readonly why: string;
  readonly cure: string;
}

/** What can be done with processed messages in the selected folder. */
export interface Marking {
  /** Flags and keywords that are set, on every processed message. */
  readonly flags: readonly string[];
  /** Labels of Gmail that are set on every processed message. */
  readonly labels: readonly string[];
  /** Where fully recorded messages go then. */
  readonly recorded: Destination;
  /** Where the others go. */
  readonly aside: Destination;
  readonly impossible: readonly Impossible[];
}

export type Destination =
  | { readonly to: 'stay' }
  | { readonly to: 'delete' }
  | { readonly to: 'folder'; readonly path: string };

const STAY: Destination = { to: 'stay' };

/** For folders that are not ours to change: sent mail, and every folder in shadow mode. */
export const NO_MARKING: Marking = { flags: [], labels: [], recorded: STAY, aside: STAY, impossible: [] };

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
  const refuse: Refuse = (option, why, cure) => {
    impossible.push({ option, why, cure });
  };
  const flags = (['flag', 'keyword'] as const).flatMap((option) => {
    const flag = wanted[option];
    if (flag === undefined) return [];
    if (option === 'keyword' && session.imap.provider === 'exchange') {
      // Whatever its PERMANENTFLAGS say: it answers OK and keeps nothing.
      refuse(option, 'Exchange keeps no keywords', EXCHANGE_CURE);
      return [];
    }
    const spelling = keptFlag(session, flag);
    if (spelling !== undefined) return [spelling];
    refuse(option, `the folder cannot keep ${flag} (${whyNot(session)})`, FLAG_CURE);
    return [];
  });
  const labels = await labelsFor(session, wanted.label, polled, refuse);
  const destination = async (option: 'move' | 'set_aside'): Promise<Destination> => {
    const path = wanted[option];
    if (path === undefined) return STAY;
    if (isPolled(session, path, polled)) {
      refuse(option, `the folder ${path} is polled itself`, POLLED_CURE);
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
  return { flags, labels, recorded, aside: await destination('set_aside'), impossible };
}

type Refuse = (option: Impossible['option'], why: string, cure: string) => void;

/** A label is a folder at Gmail, and what has it lies there too. */
async function labelsFor(
  session: Session,
  label: string | undefined,
  polled: readonly string[],
  refuse: Refuse,
): Promise<string[]> {
  if (label === undefined) return [];
  if (!session.client.capabilities.has('X-GM-EXT-1')) {
    refuse('label', 'the server has no labels (X-GM-EXT-1), as Gmail alone has', LABEL_CURE);
  } else if (isPolled(session, label, polled)) {
    refuse('label', `the folder ${label} is polled itself`, POLLED_CURE);
  } else if (!(await folderExists(session, label))) {
    refuse(
      'label',
      `there is no label ${label}`,
      'make it in Gmail, with "Show in IMAP" ticked for it, or name one that is there',
    );
  } else {
    return [label];
  }
  return [];
}

function isPolled(session: Session, path: string, polled: readonly string[]): boolean {
  return polled.some((each) => serverPath(session, each) === serverPath(session, path));
}

const POLLED_CURE = 'name a folder that is not in `folders`';

const LABEL_CURE =
  'mark with `flag`, `keyword` or `move` instead; the mail is recorded all the same, and stays';

const EXCHANGE_CURE = 'mark with `flag` or `move` instead; the mail is recorded all the same, and once';

const LEAVE_CURE = 'mark with `flag` or `keyword` instead; the mail is recorded all the same, and stays';

const FLAG_CURE =
  'give the user the right to write flags, or use another mark; the mail is recorded all the same, and once';

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
