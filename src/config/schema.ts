import { z } from 'zod';
import { alert } from './alert-schema.ts';
import { databaseUrl, folderOnDisk, subjectNumberForm } from './checks.ts';
import { ALWAYS, complain, duration, optionOf, size, text, wholeNumber } from './fields.ts';
import { textOrList } from './free-map.ts';
import { headers } from './headers-schema.ts';
import { mailboxes, scheduleOption } from './mailbox-schema.ts';
import { checkMapping } from './mapping-checks.ts';
import { readTokenKey, tokenKey } from './oauth2-checks.ts';
import { refuseNoTokenKey } from './oauth2-rules.ts';
import { checkRules } from './rule-checks.ts';
import { rules } from './rules-schema.ts';
import { refuseMappedTrustHeaders } from './trust-schema.ts';

/*
 * Every option, declared once: its type, default, unit, sentence and secrecy. Validation, problems, redaction, the JSON
 * Schema, the reference and the test of the example file are derived from here.
 */

const database = z
  .strictObject({
    url: text(databaseUrl, 'a URL, `postgres://user:password@host:port/database`')
      .optional()
      .meta({
        secret: true,
        example: 'url: postgres://mailcase@localhost/mailcase',
        pattern: '^postgres(ql)?://',
      })
      .describe('The database server. Signs like @ / : # in the password are percent-encoded (@ is %40).'),
    embedded: text(folderOnDisk, 'the path of a folder')
      .optional()
      .meta({ unprinted: true, example: 'embedded: ./data' })
      .describe(
        'Instead of url: a folder for the Postgres that comes with mailcase, for first steps; a relative path begins at the folder of the config file.',
      ),
    pool: wholeNumber(1, 200)
      .prefault('10')
      .describe('The largest number of connections to the database at one time.'),
  })
  .superRefine((section: unknown, context) => {
    const given = ['url', 'embedded'].filter((name) => optionOf(section, name) !== undefined);
    if (given.length === 1) return;
    complain(context, {
      message: given.length === 0 ? 'needs `url` or `embedded`' : '`url` and `embedded` exclude each other',
      cure: 'give `url: postgres://…` for a server, or `embedded: ./data` for the Postgres that comes with mailcase',
    });
  }, ALWAYS)
  .transform(
    ({ url, embedded, pool }): DatabaseConfig =>
      embedded === undefined ? { url: url ?? '', pool } : { embedded, pool },
  )
  .meta({
    example: 'database: {url: postgres://mailcase@localhost/mailcase}',
    oneOf: { names: ['url', 'embedded'], required: true },
  })
  .describe('Where customers, cases and interactions are kept: in `url` or in `embedded`, one of the two.');

/** One of the two ways to a database; tell them apart with `config.url !== undefined`. */
export type DatabaseConfig =
  | { url: string; embedded?: undefined; pool: number }
  | { url?: undefined; embedded: string; pool: number };

const log = z
  .strictObject({
    level: z
      .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
      .prefault('info')
      .describe('The least important lines that are still written.'),
  })
  .prefault({})
  .describe('What is written to the log, on standard output.');

const backoff = z
  .strictObject({
    first: duration(
      ['100ms', 'a shorter wait hammers a server that is in trouble'],
      ['1h', 'mail would lie for hours after a short outage'],
    )
      .prefault('10s')
      .describe(
        'How long a mailbox rests after the first failed poll; the wait doubles from one failure to the next.',
      ),
    longest: duration(
      ['100ms', 'a shorter wait hammers a server that is in trouble'],
      ['1d', 'nobody would notice that the server is back'],
    )
      .prefault('15m')
      .describe('The longest rest between two attempts: the wait doubles no further.'),
    credentials: duration(
      ['1s', 'many servers lock an account after a few wrong passwords'],
      ['1d', 'mail would lie for days after the password is mended'],
    )
      .prefault('15m')
      .describe('How long a mailbox rests after each rejected login; a reload or a start tries at once.'),
    throttled: duration(
      ['1s', 'a server that asks to be left alone asks for more'],
      ['1d', 'nobody would notice that the server has enough no more'],
    )
      .prefault('1m')
      .describe(
        'How long a mailbox rests where its server asks to be left alone, if that does not say a longer time; the wait doubles as well.',
      ),
  })
  .superRefine((section: unknown, context) => {
    const [first, longest] = [optionOf(section, 'first'), optionOf(section, 'longest')];
    if (typeof first !== 'number' || typeof longest !== 'number' || first <= longest) return;
    complain(
      context,
      { message: 'must not be shorter than `first`', cure: 'raise `longest` or lower `first`' },
      ['longest'],
    );
  }, ALWAYS)
  .prefault({})
  .describe('How a mailbox that cannot be polled is tried again.');

const unhealthy = z
  .strictObject({
    polls: wholeNumber(1, 100_000).prefault('5').describe('How many polls have failed in a row by then.'),
    after: duration(
      ['1s', 'each hiccup of a server would be an illness'],
      ['31d', 'a month of mail would lie before anybody is told'],
    )
      .prefault('15m')
      .describe('Or for how long no poll was good, from the first that failed or did not begin.'),
  })
  .prefault({})
  .describe(
    'When a mailbox that cannot be polled counts as unhealthy, which `check`, the status and the log say: after so many failures or so long a time, whichever is first.',
  );

const cases = z
  .strictObject({
    subject_number: text(subjectNumberForm, '`off`, or a text with 1234 in it')
      .prefault('off')
      .describe(
        'How your answers write a case\'s number (cases.id) in the subject, 1234 for the number: "[#1234]"; off looks for none.',
      ),
  })
  .prefault({})
  .describe('How mail finds its case.');

const flood = z
  .strictObject({
    messages: wholeNumber(1, 1_000_000)
      .prefault('20')
      .describe(
        'How many inbound mails of one customer within the window are no flood yet; a high number switches it off.',
      ),
    window: duration(
      ['1m', 'two mails of a busy morning would be a flood'],
      ['31d', 'a whole month of mail would be counted for each message'],
    )
      .prefault('1h')
      .describe('The time in which they are counted, by when the mail server received each.'),
  })
  .prefault({})
  .describe(
    "When one customer's mail is a flood: what is beyond it makes and reopens no case. Trusted mail never is.",
  );

const limits = z
  .strictObject({
    parse_time: duration(
      ['1s', 'a busy machine takes longer for a large mail'],
      ['10m', 'the other mail of its mailbox waits as long'],
    )
      .prefault('30s')
      .describe(
        'How long one mail may be parsed, in a thread of its own; what takes longer twice goes to quarantine.',
      ),
    parse_memory: size(
      ['64MB', 'a large mail takes more'],
      ['4GB', 'a few such mails would take all the memory of a machine'],
    )
      .prefault('256MB')
      .describe('How much memory parsing one mail may take; what takes more twice goes to quarantine.'),
    body_characters: wholeNumber(10_000, 4_000_000)
      .prefault('1000000')
      .describe(
        'The largest number of characters of the text, and of the HTML, that is kept beside the raw mail, which has all of it.',
      ),
  })
  .prefault({})
  .describe('How much one mail may take; what is cut is said in `interactions.cut`.');

/** The whole file. */
export const configSchema = z
  .strictObject({
    database,
    schedule: scheduleOption
      .prefault('*/30 * * * * *')
      .describe(
        'When the mailboxes are polled, in the time zone of the machine: `*/30 * * * * *` is every 30 seconds.',
      ),
    stop_timeout: duration(
      ['100ms', 'no batch can be finished in less'],
      ['1h', 'the daemon would seem to hang'],
    )
      .prefault('30s')
      .describe(
        'How long a stop waits for the batch in hand; after that it is broken off, and the next start takes it up.',
      ),
    lease: duration(
      ['1s', 'a slow statement would lose the mailbox'],
      ['1h', 'nobody would poll the mailbox of a daemon that was killed'],
    )
      .prefault('30s')
      .describe(
        'Where several daemons poll the same mailboxes: how long a mailbox is kept for one that is not heard of any more.',
      ),
    token_key: textOrList(
      text(tokenKey, '32 bytes in base64, or 64 hexadecimal digits')
        .meta({ secret: true })
        .describe('A key: 32 bytes in base64, or 64 hexadecimal digits.'),
    )
      .transform((keys) => keys.flatMap((key) => readTokenKey(key) ?? []))
      .optional()
      .meta({ secret: true, example: 'token_key: "${file:token-key}"' })
      .describe(
        'What OAuth2 tokens in the database are encrypted with, where a mailbox has `flow: refresh_token`: 32 bytes, by `openssl rand -base64 32`. Of several keys, the first encrypts, and all decrypt.',
      ),
    log,
    backoff,
    unhealthy,
    alert,
    headers,
    cases,
    flood,
    limits,
    rules,
    mailboxes,
  })
  .superRefine(checkMapping, ALWAYS)
  .superRefine(checkRules, ALWAYS)
  .superRefine(refuseMappedTrustHeaders, ALWAYS)
  .superRefine(refuseNoTokenKey, ALWAYS)
  .transform(({ mailboxes, ...rest }) => ({
    ...rest,
    mailboxes: mailboxes.map((each) => ({ ...each, schedule: each.schedule ?? rest.schedule })),
  }));

/** The configuration with all defaults filled in: durations in milliseconds, sizes in bytes. */
export type Config = z.output<typeof configSchema>;
export type MailboxConfig = Config['mailboxes'][number];
export type ImapConfig = MailboxConfig['imap'];
export type { AlertConfig, Condition } from './alert-schema.ts';
export type { OAuth2Config } from './oauth2-rules.ts';
export type FolderConfig = MailboxConfig['folders'][number];
export type TrustConfig = MailboxConfig['trust'];
export type AuthenticationConfig = MailboxConfig['authentication'];
export type ProcessedConfig = MailboxConfig['processed'];
export type { Selection, Start } from './selection-schema.ts';
export type BatchConfig = MailboxConfig['batch'];
export type UnhealthyConfig = Config['unhealthy'];
export type BackoffConfig = Config['backoff'];
export type LogConfig = Config['log'];
export type HeadersConfig = Config['headers'];
export type LimitsConfig = Config['limits'];
/** What counts for the mail of every mailbox. */
export type RecordingConfig = Pick<Config, 'headers' | 'rules' | 'cases' | 'flood' | 'limits'>;
