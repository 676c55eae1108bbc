import { isIP, isIPv6 } from 'node:net';
import { validateDetailed } from 'node-cron';
import { compilePattern } from '../rules/pattern.ts';
import { KEY_ID } from '../trust/signature.ts';
import type { Complaint } from './problems.ts';
import { SERVER_FAMILIES, STANDARD_FAMILIES, STANDARD_FIELDS } from './standard-fields.ts';

/**
 * What one value must look like. Each check answers undefined or what is wrong; none quotes the value, because
 * explain.ts alone decides whether a value may be shown.
 */
export type Check = (value: string) => Complaint | undefined;

export const check =
  (isGood: (value: string) => boolean, message: string, cure: string): Check =>
  (value) =>
    isGood(value) ? undefined : { message, cure };

/** A check that knows the placeholders of `mailcase init`, so that a forgotten one is called what it is. */
export const filledIn =
  (inner: Check): Check =>
  (value) => {
    const complaint = inner(value);
    if (!/^<.*>$/.test(value.trim())) return complaint;
    return {
      message: 'a placeholder that is still to be replaced',
      cure: complaint?.cure ?? 'write the value in place of it, without the angle brackets',
    };
  };

/** ftext of RFC 5322, section 3.6.8: printable ASCII without the colon. */
const FIELD_NAME = /^[\x21-\x39\x3b-\x7e]+$/;

/** A name for a mailbox that is safe in a log line, a metric's label and a command line. */
export const mailboxName = check(
  (value) => /^[A-Za-z0-9._-]{1,64}$/.test(value),
  'not a name for a mailbox',
  'use 1 to 64 letters, digits, dots, underscores and hyphens, e.g. `support`',
);

/** Servers differ in what a name to log in with looks like. */
export const userName = filledIn(() => undefined);

/** Whether the bytes stay on this machine, so that nobody can listen in. */
export function isLoopback(host: string): boolean {
  return (
    /^localhost$/i.test(host) ||
    /^127(\.\d{1,3}){3}$/.test(host) ||
    (isIPv6(host) && /^[0:]*:0*1$/.test(host))
  );
}

/**
 * A URL that secrets are sent to: with TLS, or on this machine; without a user and a password, because URLs are shown.
 *
 * @param complaints what is said of one that is none, of one with a user in it, and of one that others can listen to
 */
export const webUrl =
  (complaints: {
    readonly none: Complaint;
    readonly withUser: Complaint;
    readonly withoutTls: Complaint;
  }): Check =>
  (value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.hash !== '') return complaints.none;
    if (url.username !== '' || url.password !== '') return complaints.withUser;
    if (url.protocol === 'https:' || isLoopback(url.hostname.replace(/^\[|\]$/g, ''))) return undefined;
    return complaints.withoutTls;
  };

/** What a server calls itself in Authentication-Results: a token of RFC 2045, as every server known writes it. */
export const authservId = filledIn(
  check(
    (value) => /^[A-Za-z0-9._-]{1,253}$/.test(value),
    'not what a server calls itself',
    'write what stands first in the Authentication-Results of a mail in this mailbox, e.g. `mx.example.com`',
  ),
);

/** A name server, by its address. */
export const nameServer = check(
  (value) => {
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([0-9.]+))(?::(\d{1,5}))?$/.exec(value) ?? [];
    if (isIP(value) !== 0) return true;
    const isPort = port === undefined || (Number(port) > 0 && Number(port) < 65_536);
    return isPort && (isIPv6(bracketed ?? '') || isIP(plain ?? '') === 4);
  },
  'not the address of a name server',
  'write its IP address, with a port if it is not 53: `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:5353`',
);

export const databaseUrl: Check = (value) => {
  if (!/^postgres(ql)?:\/\//.test(value)) {
    return { message: 'not the URL of a Postgres database', cure: 'begin it with `postgres://`' };
  }
  // `p@ss/w` as a password reads as a host `ss` and would be looked up, and so printed.
  if (URL.canParse(value) && !new URL(value).pathname.includes('@')) return undefined;
  return {
    message: 'not a URL that can be read',
    cure:
      'write postgres://user:password@host:port/database, and percent-encode signs like @ / : # in the password' +
      ' (@ is %40)',
  };
};

export const folderOnDisk = check(
  (value) => !value.includes('://') && !value.includes('\0'),
  'not a folder',
  'write the path of a folder, e.g. `./data`, or use `url` for a database server',
);

export const folderPath = check(
  (value) => !/\p{Cc}/u.test(value),
  'not the path of a folder',
  'write it as the mail server shows it, without control characters, e.g. `INBOX` or `Archive/2024`',
);

export const schedule: Check = (value) => {
  const { valid, errors } = validateDetailed(value);
  if (valid) return undefined;
  const field = errors[0]?.field;
  return {
    message:
      field === undefined || field === 'expression'
        ? 'not a schedule'
        : `not a schedule: its ${FIELD_NAMES[field] ?? field} cannot be understood`,
    cure: 'write 5 fields, or 6 with seconds first, as for cron: `*/30 * * * * *` is every 30 seconds',
  };
};

const FIELD_NAMES: Readonly<Record<string, string>> = {
  dayOfMonth: 'day of the month',
  dayOfWeek: 'day of the week',
};

/** The beginning of a header field's name; one letter would map every second field of every mail. */
export const headerPrefix = check(
  (value) =>
    FIELD_NAME.test(value) &&
    !value.includes('*') &&
    value.length >= 2 &&
    value.length <= 60 &&
    !STANDARD_FIELDS.some((name) => name.startsWith(value.toLowerCase())),
  'not the beginning of header field names of your own',
  'use 2 to 60 printable ASCII characters without spaces, colons and asterisks, e.g. `x-desk-`',
);

/** A name of RFC 5322's ftext that an operator may map: not one that other programs write into every mail. */
export const mappedHeader: Check = (value) => {
  const isWild = value.endsWith('*');
  const name = isWild ? value.slice(0, -1) : value;
  if (!FIELD_NAME.test(name) || name.includes('*') || value.length > LONGEST_NAME) {
    return {
      message: 'not the name of a header field',
      cure: 'use printable ASCII characters without spaces and colons, and a `*` at the end alone',
    };
  }
  if (isWild && name.length < SHORTEST_BEGINNING) {
    return {
      message: 'too short before its `*`: fields that other programs write would be instructions',
      cure: `write at least ${SHORTEST_BEGINNING} characters before it: \`X-Shop-*\``,
    };
  }
  const key = name.toLowerCase();
  const isOf = (families: readonly string[]) =>
    families.some((start) => key.startsWith(start) || (isWild && start.startsWith(key)));
  const isStandard =
    isOf(STANDARD_FAMILIES) || STANDARD_FIELDS.some((each) => (isWild ? each.startsWith(key) : each === key));
  const cure = 'use a rule: `when: {header: …, matches: …}` with `then: {set: …}`';
  if (isOf(SERVER_FAMILIES)) {
    const message =
      'a header field that servers on the way write: no signature covers it, and copies of one mail would differ';
    return { message, cure };
  }
  if (!isStandard) return undefined;
  return {
    message:
      'a standard header field, which every sender writes: no instruction, and nothing that trust could be about',
    cure,
  };
};

/** A header field that a rule looks at: any. */
export const conditionHeader = check(
  (value) => FIELD_NAME.test(value) && value.length <= LONGEST_NAME,
  'not the name of a header field',
  'use printable ASCII characters without spaces and colons, e.g. `X-Spam-Flag`',
);

/** Longest name of a header field that an operator gives, in characters. */
const LONGEST_NAME = 200;

/** Fewest characters before a `*`: `x-*` would be every second field of every mail. */
const SHORTEST_BEGINNING = 4;

/** What a rule is called in the log, in the history and on a command line. */
export const ruleName = check(
  (value) => /^[\p{L}\p{N}]([\p{L}\p{N} ._-]{0,58}[\p{L}\p{N}])?$/u.test(value),
  'not a name for a rule',
  'use up to 60 letters, digits, spaces, dots, underscores and hyphens, e.g. `jira`',
);

/** A regular expression of RE2 that is not too large. */
export const pattern: Check = (value) => {
  const compiled = compilePattern(value);
  return 'refused' in compiled ? { message: compiled.refused, cure: compiled.cure } : undefined;
};

export const headerName = check(
  // Its body is overwritten in every mail, which must never happen to From or Content-Type.
  (value) => FIELD_NAME.test(value) && /^x-./i.test(value) && value.length <= 60,
  'not the name of a header field of your own',
  'begin it with x- and use up to 60 printable ASCII characters without spaces and colons, e.g. `x-our-secret`',
);

/** Shorter can be guessed by someone who may send as many mails as he likes. */
const SHORTEST_SECRET = 16;

export const sharedSecret: Check = (value) => {
  if (value.length < SHORTEST_SECRET) {
    return {
      message: `too short: a secret that travels in a mail needs at least ${SHORTEST_SECRET} characters`,
      cure: 'make one with `openssl rand -hex 32`',
    };
  }
  if (!/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
    return {
      message: 'cannot stand in a header field as it is, so no mail would match it',
      cure: 'use printable ASCII without line breaks and without spaces at its ends, e.g. `openssl rand -hex 32`',
    };
  }
  return undefined;
};

/** What a key may be called, as signatures name it. */
export const keyId = check(
  (value) => KEY_ID.test(value),
  'not the id of a key',
  'use 1 to 64 letters, digits, dots, underscores and hyphens, e.g. the month from which on it is used: `2026-11`',
);

/** HMAC-SHA256 is as strong as its key; 32 characters of hexadecimal digits are 128 bits. */
const SHORTEST_KEY = 32;

export const signingSecret: Check = (value) => {
  const cure = 'make one with `openssl rand -hex 32`';
  if (value.length < SHORTEST_KEY) {
    const message = `too short: whoever has a signed mail can guess at it undisturbed, so it needs at least ${SHORTEST_KEY} characters`;
    return { message, cure };
  }
  if (/\p{Cc}|^\s|\s$/u.test(value)) {
    return {
      message: 'has control characters, or white space at its ends, which get lost on the way to who signs',
      cure,
    };
  }
  return undefined;
};

/** System flags that can say "processed", in their usual spelling. */
export const PROCESSED_FLAGS = ['\\Seen', '\\Flagged', '\\Answered'] as const;
export type ProcessedFlag = (typeof PROCESSED_FLAGS)[number];

/** The flag that is meant; flags compare case-insensitively (RFC 9051, section 2.3.2). */
export function findProcessedFlag(value: string): ProcessedFlag | undefined {
  return PROCESSED_FLAGS.find((flag) => flag.toLowerCase() === value.toLowerCase());
}

export const processedFlag: Check = (value) => {
  if (findProcessedFlag(value) !== undefined) return undefined;
  const cure = `use one of ${PROCESSED_FLAGS.map((flag) => `\`${flag}\``).join(', ')}`;
  switch (value.toLowerCase()) {
    case '\\deleted':
      return { message: 'the next expunge of any mail program would destroy what carries this flag', cure };
    case '\\draft':
      return { message: 'mail programs would show the mail as a draft of their own', cure };
    case '\\recent':
      return { message: 'only the server itself can set this flag', cure };
    default:
      return value.startsWith('\\')
        ? { message: 'not a system flag', cure }
        : {
            message: 'not a system flag: those begin with a backslash',
            cure: `${cure}, or set it as \`keyword\``,
          };
  }
};

/** An atom of RFC 9051 (section 9, flag-keyword), short enough for every server. */
export const keyword = check(
  (value) => /^[\x21-\x7e]{1,60}$/.test(value) && !/[(){%*"\]\\]/.test(value),
  'not a keyword',
  'use 1 to 60 letters, digits and signs such as - _ $ without spaces, e.g. `mailcase`',
);

/** A label of one's own: those that begin with a backslash are Gmail's, and mean where a mail lies or how it is shown. */
export const gmailLabel: Check = (value) => {
  if (!value.startsWith('\\')) return folderPath(value);
  return {
    message: 'a label of Gmail itself, which says where a mail lies or how it is shown',
    cure: 'name a label of your own; for a star use `flag: \\Flagged`, to take a mail out of the inbox `move`',
  };
};

/** What an operator writes for the number in the form of a case's number. */
const NUMBER_IN_FORM = '1234';

/** How a case's number stands in a subject, `1234` for the number; or `off`. */
export const subjectNumberForm = check(
  (value) => {
    const parts = value.split(NUMBER_IN_FORM);
    return (
      value === 'off' ||
      (value.length <= 60 &&
        parts.length === 2 &&
        !/\p{Cc}/u.test(value) &&
        parts.every((part) => !/\d/.test(part)) &&
        /[^\s\p{L}]/u.test(value.replace(NUMBER_IN_FORM, '')))
    );
  },
  'not a form of a case number',
  'write it as it stands in a subject, with 1234 for the number and a sign that no ordinary subject has, e.g. `"[#1234]"`; or `off`',
);
