import { z } from 'zod';
import { webUrl } from './checks.ts';
import { ALWAYS, complain, duration, optionOf, text } from './fields.ts';
import { freeMap } from './free-map.ts';
import type { Complaint } from './problems.ts';
import { parseDuration } from './units.ts';

/* Who is told when something needs a person: alarms by a command or a webhook. */

/** What can be told of a mailbox. */
export const CONDITIONS = ['stale', 'credentials', 'quarantine', 'headers_not_applied'] as const;
export type Condition = (typeof CONDITIONS)[number];

const MINUTE = 60_000;
const LONGEST_REPEAT = 31 * 24 * 60 * MINUTE;

/** Signs by which one sees that a shell was expected. */
const SHELL = /["'`\\$|&;<>*?(){}~#]/;

const NUL: Complaint = { message: 'has a NUL in it', cure: 'take it out' };

/** A program that stands in the same place whatever the daemon's PATH and folder are. */
function programPath(value: string): Complaint | undefined {
  if (value.includes('\0')) return NUL;
  if (value.startsWith('/')) return undefined;
  return {
    message: 'not the whole path of a program',
    cure: 'begin it with a slash: `/usr/local/bin/page-me`',
  };
}

function commandLine(value: string): Complaint | undefined {
  const path = programPath(value.trim());
  if (path !== undefined || !SHELL.test(value)) return path;
  return {
    message:
      'has a sign that would mean something to a shell, and none is started: it is split at its spaces alone',
    cure: 'write it as a list, a word each, which are passed on as they are: `[/usr/local/bin/page-me, "--to", "night shift"]`; or name a script',
  };
}

/** A text is a path, with words after it; a list is the words as they are. No shell has a part in either. */
const command = z
  .preprocess(
    (value, context) => {
      if (typeof value !== 'string') return value;
      const complaint = commandLine(value);
      if (complaint !== undefined) complain(context, complaint);
      return value.trim().split(/\s+/);
    },
    z.array(text((word) => (word.includes('\0') ? NUL : undefined), 'a word').describe('A word.')).min(1),
  )
  .superRefine((words: unknown, context) => {
    const [first] = Array.isArray(words) ? words : [];
    const complaint = typeof first === 'string' ? programPath(first) : undefined;
    if (complaint !== undefined) complain(context, complaint, [0]);
  }, ALWAYS)
  .meta({ single: true, example: 'command: /usr/local/bin/page-me' })
  .describe(
    'A program, by its whole path, that is started with each alarm: a text is split at its spaces, a list has a word each, and no shell has a part in either. It gets the alarm as JSON on standard input and as variables MAILCASE_ALERT_*.',
  );

/** Over http, whoever listens on the way reads what is told, and the secret in the URL. */
const hookUrl = webUrl({
  none: { message: 'not a URL that can be posted to', cure: 'write `https://host/path`' },
  withUser: {
    message: 'has a user or a password in it',
    cure: 'give them as a header: `webhook: {url: …, headers: {Authorization: "Basic …"}}`',
  },
  withoutTls: {
    message: 'goes over the network without TLS',
    cure: 'begin it with `https://`; `http://` is for this machine alone (127.0.0.1, localhost)',
  },
});

/** Header fields that are the request's own. */
const OWN_FIELDS = ['host', 'content-length', 'content-type', 'transfer-encoding', 'connection'];

const webhook = z
  .preprocess(
    (value) => (typeof value === 'string' ? { url: value } : value),
    z.strictObject({
      url: text(hookUrl, 'a URL with https, or with http on this machine')
        .meta({ secret: true, example: 'url: "${ALERT_URL}"', pattern: '^https?://' })
        .describe(
          'Where the alarm is posted to, as JSON. It counts as a secret, as the URLs of chat services are.',
        ),
      headers: freeMap(
        text((value) => (/[\0\r\n]/.test(value) ? NOT_A_VALUE : undefined))
          .meta({ secret: true })
          .describe('Its value.'),
        'a header field of the request',
      )
        .superRefine(checkFieldNames, ALWAYS)
        .optional()
        .describe('Further header fields of the request, such as `Authorization`.'),
    }),
  )
  .meta({ short: 'url', example: 'webhook: "${ALERT_URL}"' })
  .describe(
    'A URL alone, or a map of url and headers. An answer of 2xx is success; redirections are not followed.',
  );

const NOT_A_VALUE: Complaint = { message: 'has a line end in it', cure: 'write it in one line' };

function checkFieldNames(fields: unknown, context: z.RefinementCtx): void {
  for (const name of typeof fields === 'object' && fields !== null ? Object.keys(fields) : []) {
    if (/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && !OWN_FIELDS.includes(name.toLowerCase())) continue;
    complain(
      context,
      {
        message: 'not a header field that can be given',
        cure: `write a name of letters, digits and hyphens, and none of ${OWN_FIELDS.join(', ')}`,
      },
      [name],
    );
  }
}

/** A duration or `never`. */
const repeat = z
  .string()
  .transform((value, context): number | 'never' => {
    if (value.trim().toLowerCase() === 'never') return 'never';
    const ms = parseDuration(value);
    if (typeof ms === 'number' && ms >= MINUTE && ms <= LONGEST_REPEAT) return ms;
    complain(context, {
      message: typeof ms === 'number' ? 'must be from 1m to 31d, or never' : 'neither a duration nor `never`',
      cure: 'write `6h`, `30m`, `1d`, or `never`',
    });
    return z.NEVER;
  })
  .prefault('6h')
  .meta({
    form: 'a duration from 1m to 31d, or `never`',
    pattern: '^\\s*([Nn][Ee][Vv][Ee][Rr]|\\d+ ?(m|h|d|s|ms))\\s*$',
  })
  .describe('After what time an alarm is sent again while what it tells of goes on.');

const on = z
  .array(z.enum(CONDITIONS).describe('What can be told.'))
  .min(1)
  .optional()
  .meta({ byDefault: 'all four', example: 'on: [stale, credentials]' })
  .describe(
    'What is told, of each mailbox: stale (it is unhealthy), credentials (the login is rejected), quarantine (mail waits there), headers_not_applied (x-headers of own mail are not applied).',
  );

/** Undefined where nobody is told. */
export const alert = z
  .strictObject({
    command: command.optional(),
    webhook: webhook.optional(),
    on,
    repeat,
    timeout: duration(
      ['1s', 'no program and no server is so fast each time'],
      ['5m', 'a stop would wait for what hangs'],
    )
      .prefault('30s')
      .describe('How long the command or the webhook may take; then it is ended, and tried again later.'),
  })
  .superRefine((section: unknown, context) => {
    const given = WAYS.filter((name) => optionOf(section, name) !== undefined);
    if (given.length === 1) return;
    complain(context, {
      message:
        given.length === 0 ? 'needs `command` or `webhook`' : '`command` and `webhook` exclude each other',
      cure: 'give `command: /path/of/a/program`, or `webhook: https://…`; a script can do both',
      onlyAlone: given.length === 0,
    });
  }, ALWAYS)
  .transform(({ on, ...rest }) => ({
    ...rest,
    on: new Set<Condition>(on ?? CONDITIONS) as ReadonlySet<Condition>,
  }))
  .optional()
  .meta({
    example: 'alert: {command: /usr/local/bin/page-me}',
    oneOf: { names: ['command', 'webhook'], required: true },
  })
  .describe(
    'Who is told, by the daemon, when a mailbox needs a person, and when all is well again. Nobody, without it.',
  );

const WAYS = ['command', 'webhook'];

export type AlertConfig = NonNullable<z.output<typeof alert>>;
