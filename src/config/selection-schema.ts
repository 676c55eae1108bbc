import { z } from 'zod';
import {
  findProcessedFlag,
  folderPath,
  gmailLabel,
  keyword,
  PROCESSED_FLAGS,
  processedFlag,
} from './checks.ts';
import { ALWAYS, complain, optionOf, text, trueOrFalse } from './fields.ts';
import { providerOf } from './provider.ts';
import { parseMoment } from './units.ts';

/* Which mails of a mailbox are taken, and what is done with them; see mailbox-schema.ts. */

/** What the path of a folder looks like, for people. */
export const FOLDER_FORM = 'the path of a folder, as the mail server shows it';

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
      path: text(folderPath, FOLDER_FORM)
        .transform(canonicalPath)
        .meta({ example: 'path: INBOX' })
        .describe('Its path, as the mail server shows it: `INBOX`, `Archive/2024`, `[Gmail]/Sent Mail`.'),
      role: z
        .enum(['inbox', 'sent'])
        .prefault('inbox')
        .describe(
          'What the folder holds: mail that came in (inbox), or what your people sent from the mailbox (sent), which is read by UID, recorded as outbound, and never marked.',
        ),
    }),
  )
  .meta({ short: 'path' })
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
        flag: text(processedFlag, PROCESSED_FLAGS.map((flag) => `\`${flag}\``).join(', '))
          .transform((flag) => findProcessedFlag(flag) ?? '\\Seen')
          .optional()
          .meta({ pattern: `^(${PROCESSED_FLAGS.map(anyCase).join('|')})$` })
          .describe('A system flag that is set.'),
        keyword: text(keyword, '1 to 60 letters, digits and signs such as - _ $, without spaces')
          .optional()
          .describe('A keyword (a flag of your own) that is set. Exchange keeps none.'),
        label: text(gmailLabel, 'the name of a label, as Gmail shows it')
          .optional()
          .describe('A label that is set, at Gmail alone; it must be there.'),
        move: text(folderPath, FOLDER_FORM)
          .optional()
          .meta({ byDefault: 'the mail stays' })
          .describe('A folder that the mail is moved to; it must be there.'),
        delete: trueOrFalse()
          .prefault(false)
          .describe('Whether the mail is deleted from the mailbox; not beside `move`.'),
        set_aside: text(folderPath, FOLDER_FORM)
          .optional()
          .meta({ byDefault: 'such mail stays' })
          .describe(
            'A folder for mail that could not be recorded in full (quarantined, skipped or cut); it must be there.',
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
    byDefault: '`{flag: \\Seen}`; with select keyword `{keyword: mailcase}`',
  })
  .describe(
    'How a mail is marked after it was recorded, in one or several ways; none leaves the mailbox as it is, as a look beside another system.',
  );

/** The keyword that `select: keyword` goes by where `processed` does not name one. */
const DEFAULT_KEYWORD = 'mailcase';

export const SELECTIONS = ['unseen', 'keyword', 'new'] as const;
export type Selection = (typeof SELECTIONS)[number];

/** What counts at the first contact: all that is selected, what comes from now on, or what came since a moment. */
export type Start = 'all' | 'now' | Date;

/** `all`, `now` or a moment; a moment that is still to come would leave out all mail until then. */
export function startOption() {
  const read = z.string().transform((value, context): Start => {
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
  return read.meta({
    form: '`all`, `now`, a date (2026-01-31) or a moment with its zone (2026-01-31T08:00:00Z)',
    pattern: `^\\s*(${anyCase('all')}|${anyCase('now')}|\\d{4}-\\d{2}-\\d{2}([Tt].*)?)\\s*$`,
  });
}

/** A pattern for a word in any letter case. */
function anyCase(word: string): string {
  return word
    .replace(/\W/g, '\\$&')
    .replace(/[a-z]/gi, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`);
}

/** A folder that is polled must not be where processed mail goes: it would be read again and again. */
export function refuseCircles(section: unknown, context: z.RefinementCtx): void {
  const given = optionOf(section, 'folders');
  const paths = Array.isArray(given)
    ? given.map((each) => optionOf(each, 'path'))
    : [optionOf(section, 'path') ?? 'INBOX'];
  for (const name of ['label', 'move', 'set_aside']) {
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
  const marks = ['flag', 'label', 'move', 'delete'].some((name) => Boolean(optionOf(processed, name)));
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

/** Exchange answers OK to a keyword, keeps none, and finds every mail without it again. */
export function refuseKeywordAtExchange(section: unknown, context: z.RefinementCtx): void {
  const imap = optionOf(section, 'imap');
  const host = optionOf(imap, 'host');
  const provider = optionOf(imap, 'provider') ?? (typeof host === 'string' ? providerOf(host) : undefined);
  if (provider !== 'exchange') return;
  if (optionOf(section, 'select') === 'keyword') {
    const cure = 'use `select: new`, which goes by UID, or `unseen`';
    complain(context, { message: 'Exchange keeps no keywords to select by', cure }, ['select']);
  }
  if (optionOf(optionOf(section, 'processed'), 'label') !== undefined) {
    const cure = 'use `move`, or `flag`';
    complain(context, { message: 'Exchange has no labels', cure }, ['processed', 'label']);
  }
}

/** Where nothing says how to mark: by the flag or keyword that the selection goes by. */
export function withDefaultMark<T extends Marks>(marks: T, select: Selection): T {
  const { flag, keyword, label, move } = marks;
  if ([flag, keyword, label, move].some((mark) => mark !== undefined) || marks.delete) return marks;
  return select === 'keyword' ? { ...marks, keyword: DEFAULT_KEYWORD } : { ...marks, flag: '\\Seen' };
}

interface Marks {
  flag?: string | undefined;
  keyword?: string | undefined;
  label?: string | undefined;
  move?: string | undefined;
  delete: boolean;
}
