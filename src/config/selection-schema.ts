import { z } from 'zod';
import { findProcessedFlag, folderPath, keyword, processedFlag } from './checks.ts';
import { ALWAYS, complain, optionOf, text, trueOrFalse } from './fields.ts';
import { parseMoment } from './units.ts';

/* Which mails of a mailbox are taken, and what is done with them; see mailbox-schema.ts. */

/** INBOX is the one path that compares case-insensitively (RFC 9051, section 5.1), and is the same folder ever after. */
export function canonicalPath(path: string): string {
  return path.toUpperCase() === 'INBOX' ? 'INBOX' : path;
}

/** Composed or not, a letter is one. */
function sameFolder(a: unknown, b: unknown): boolean {
  const key = (path: unknown) => canonicalPath(String(path)).normalize('NFC');
  return key(a) === key(b);
}

const folder = z
  .preprocess(
    (value) => (typeof value === 'string' ? { path: value } : value),
    z.strictObject({
      path: text(folderPath)
        .transform(canonicalPath)
        .meta({ example: 'path: INBOX' })
        .describe('Its path, as the mail server shows it.'),
      role: z
        .enum(['inbox', 'sent'])
        .prefault('inbox')
        .describe(
          'What the folder holds: inbox is mail that came in, sent is what your people sent from the mailbox: read by UID, recorded as outbound, never marked.',
        ),
    }),
  )
  .describe('A folder: its path alone, or a map of path and role.');

export const folders = z
  .array(folder)
  .min(1)
  .superRefine((list: unknown, context) => {
    const paths = (Array.isArray(list) ? list : []).map((entry) => optionOf(entry, 'path'));
    for (const [index, path] of paths.entries()) {
      if (typeof path !== 'string' || !paths.slice(0, index).some((other) => sameFolder(other, path)))
        continue;
      complain(context, { message: 'the same folder once more', cure: 'take one of the two out' }, [
        index,
        'path',
      ]);
    }
  }, ALWAYS);

export const processed = z
  .union([
    z.enum(['none']),
    z
      .strictObject({
        flag: text(processedFlag)
          .transform((flag) => findProcessedFlag(flag) ?? '\\Seen')
          .optional()
          .describe('A system flag that is set: \\Seen, \\Flagged or \\Answered.'),
        keyword: text(keyword)
          .optional()
          .describe('A keyword (a flag of your own) that is set; not every server keeps keywords.'),
        move: text(folderPath).optional().describe('The folder that the mail is moved to.'),
        delete: trueOrFalse().prefault(false).describe('Whether the mail is deleted from the mailbox.'),
        set_aside: text(folderPath)
          .optional()
          .describe(
            'The folder that mail is moved to which could not be recorded in full (quarantined, skipped or cut); without it, such mail stays where it is.',
          ),
      })
      .superRefine((section: unknown, context) => {
        const move = optionOf(section, 'move');
        if (move !== undefined && optionOf(section, 'delete') === true) {
          complain(
            context,
            { message: '`move` and `delete` exclude each other', cure: 'take one of the two out' },
            ['delete'],
          );
        }
        if (move === undefined || !sameFolder(move, optionOf(section, 'set_aside'))) return;
        complain(
          context,
          {
            message: 'the folder of `move`, where nobody would look for mail that was not recorded',
            cure: 'name another one',
          },
          ['set_aside'],
        );
      }, ALWAYS),
  ])
  .prefault({})
  .meta({
    later: { now: '`none`, or a map of `flag`, `keyword`, `move`, `delete`, `set_aside`', names: ['label'] },
  })
  .describe(
    'How a mail is marked after it was recorded, default {flag: \\Seen}; none leaves the mailbox as it is (beside another system).',
  );

/** The keyword that `select: keyword` goes by where `processed` does not name one. */
const DEFAULT_KEYWORD = 'mailcase';

export const SELECTIONS = ['unseen', 'keyword', 'new'] as const;
export type Selection = (typeof SELECTIONS)[number];

/** What counts at the first contact: all that is selected, what comes from now on, or what came since a moment. */
export type Start = 'all' | 'now' | Date;

/** `all`, `now` or a moment; a moment that is still to come would leave out all mail until then. */
export function startOption() {
  return z.string().transform((value, context): Start => {
    const word = value.trim().toLowerCase();
    if (word === 'all' || word === 'now') return word;
    const moment = parseMoment(value);
    if (!(moment instanceof Date)) {
      complain(context, {
        message: 'neither `all` nor `now` nor a date',
        cure: 'write `all`, `now`, or a date such as 2026-01-31 or 2026-01-31T08:00:00Z',
      });
      return z.NEVER;
    }
    if (moment.getTime() > Date.now()) {
      complain(context, {
        message: 'still to come: no mail would be recorded until then',
        cure: 'write `now`, or a date that is past',
      });
    }
    return moment;
  });
}

/** A folder that is polled must not be where processed mail goes: it would be read again and again. */
export function refuseCircles(section: unknown, context: z.RefinementCtx): void {
  const given = optionOf(section, 'folders');
  const paths = Array.isArray(given)
    ? given.map((each) => optionOf(each, 'path'))
    : [optionOf(section, 'path') ?? 'INBOX'];
  for (const name of ['move', 'set_aside']) {
    const target = optionOf(optionOf(section, 'processed'), name);
    if (target === undefined || !paths.some((path) => sameFolder(path, target))) continue;
    complain(
      context,
      { message: 'a folder that is polled itself', cure: 'name a folder that is not in `folders`' },
      ['processed', name],
    );
  }
}

/** Without its keyword, a mail that is selected by keyword would be found by every poll. */
export function refuseUnmarkedKeyword(section: unknown, context: z.RefinementCtx): void {
  const processed = optionOf(section, 'processed');
  if (optionOf(section, 'select') !== 'keyword') return;
  const marks = ['flag', 'move', 'delete'].some((name) => Boolean(optionOf(processed, name)));
  if (processed !== 'none' && (!marks || optionOf(processed, 'keyword') !== undefined)) return;
  complain(
    context,
    {
      message: 'needs a keyword that `processed` sets',
      cure: `add \`keyword: ${DEFAULT_KEYWORD}\` to \`processed\`, or use \`select: new\``,
    },
    ['select'],
  );
}

/** Where nothing says how to mark: by the flag or keyword that the selection goes by. */
export function withDefaultMark<T extends Marks>(marks: T, select: Selection): T {
  const { flag, keyword, move } = marks;
  if (flag !== undefined || keyword !== undefined || move !== undefined || marks.delete) return marks;
  return select === 'keyword' ? { ...marks, keyword: DEFAULT_KEYWORD } : { ...marks, flag: '\\Seen' };
}

interface Marks {
  flag?: string | undefined;
  keyword?: string | undefined;
  move?: string | undefined;
  delete: boolean;
}
