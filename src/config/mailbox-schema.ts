import { z } from 'zod';
import { authentication, authservIdOf, refuseUnverified } from './authentication-schema.ts';
import { folderPath, isLoopback, mailboxName, schedule, userName } from './checks.ts';
import { type Authority, ca, proxy } from './connection-schema.ts';
import { hostName, isAddress, ownEntry } from './domain-checks.ts';
import { ALWAYS, complain, duration, optionOf, size, text, trueOrFalse, wholeNumber } from './fields.ts';
import { completeOAuth2, refuseNoLogin, refuseOAuth2 } from './oauth2-rules.ts';
import { oauth2 } from './oauth2-schema.ts';
import { DAILY_DOWNLOAD, PROVIDER_HOSTS, PROVIDERS, providerOf, UIDS_PER_COMMAND } from './provider.ts';
import {
  canonicalPath,
  FOLDER_FORM,
  folders,
  processed,
  refuseCircles,
  refuseKeywordAtExchange,
  refuseUnmarkedKeyword,
  SELECTIONS,
  type Selection,
  type Start,
  startOption,
  withDefaultMark,
} from './selection-schema.ts';
import { trust } from './trust-schema.ts';
import { formatSize } from './units.ts';

/* The options of a mailbox; see schema.ts. */

const imap = z
  .strictObject({
    provider: z
      .enum(PROVIDERS)
      .optional()
      .meta({ byDefault: 'told by `host`' })
      .describe(
        'Whose ways the server has: Gmail, Exchange (Exchange Online, or a server on premises with its `host`), or those of the standard (imap). With gmail and exchange, `host` need not be given.',
      ),
    host: text(hostName, 'the name or the IP address of a host')
      .optional()
      .meta({
        example: 'host: imap.example.com',
        byDefault: 'imap.gmail.com or outlook.office365.com where `provider` says so',
      })
      .describe('The IMAP server.'),
    port: wholeNumber(1, 65_535)
      .optional()
      .meta({ byDefault: '993 with tls implicit, else 143' })
      .describe('Its port.'),
    tls: z
      .enum(['implicit', 'starttls', 'none'])
      .prefault('implicit')
      .describe(
        'How the connection is encrypted: from the first byte (implicit), after STARTTLS (starttls), or not at all (none), which is for this machine alone.',
      ),
    allow_plaintext: trueOrFalse()
      .prefault(false)
      .describe(
        'Allows `tls: none` with a host other than this machine: password and mail can be read on the way.',
      ),
    user: text(userName).meta({ example: 'user: support@example.com' }).describe('The name to log in with.'),
    password: text()
      .optional()
      .meta({ secret: true, example: 'password: "${IMAP_PASSWORD}"' })
      .describe('The password to log in with; with Gmail, an app password. Or `oauth2`, one of the two.'),
    oauth2: oauth2.optional(),
    ca,
    proxy,
  })
  .superRefine(refuseNoLogin, ALWAYS)
  .superRefine(refuseOAuth2, ALWAYS)
  .superRefine((section: unknown, context) => {
    const provider = optionOf(section, 'provider');
    if (optionOf(section, 'host') !== undefined || provider === 'gmail' || provider === 'exchange') return;
    complain(context, { message: 'required, but missing', cure: 'add `host: imap.example.com`' }, ['host']);
  }, ALWAYS)
  .superRefine((section: unknown, context) => {
    const host = optionOf(section, 'host');
    if (optionOf(section, 'tls') !== 'none' || optionOf(section, 'allow_plaintext') !== false) return;
    // Behind a proxy, localhost is another machine.
    const isHere = typeof host !== 'string' || isLoopback(host);
    if (isHere && optionOf(section, 'proxy') === undefined) return;
    complain(
      context,
      {
        message:
          'without TLS everybody on the way can read password and mail, so it is for this machine alone',
        cure: 'use `implicit` or `starttls`; or set `allow_plaintext: true` if the network is your own',
      },
      ['tls'],
    );
  }, ALWAYS)
  .superRefine((section: unknown, context) => {
    if (optionOf(section, 'tls') !== 'none' || optionOf(section, 'ca') === undefined) return;
    complain(
      context,
      {
        message: 'without TLS there is no certificate to verify (`tls: none`)',
        cure: 'use `tls: implicit` or `starttls`, or take it out',
      },
      ['ca'],
    );
  }, ALWAYS)
  .transform(({ port, host, provider: given, oauth2, ca, ...rest }) => {
    const provider = given ?? providerOf(host ?? '');
    return {
      ...rest,
      // Their certificates are filled in by load.ts, which knows where the files are.
      ...(ca && { ca: ca.map((file): Authority => ({ file, certificates: [] })) }),
      provider,
      host: host ?? PROVIDER_HOSTS[given ?? 'imap'],
      port: port ?? (rest.tls === 'implicit' ? 993 : 143),
      ...(oauth2 && { oauth2: completeOAuth2(oauth2, { provider, host, user: rest.user }) }),
    };
  })
  .meta({
    oneOf: { names: ['password', 'oauth2'], required: true },
    example: 'imap: {host: imap.example.com, user: support@example.com, password: "${IMAP_PASSWORD}"}',
  })
  .describe('How to reach the mailbox.');

export const scheduleOption = text(schedule, 'a cron pattern of 5 fields, or of 6 with seconds first');

const mailbox = z
  .strictObject({
    name: text(mailboxName, '1 to 64 letters, digits, dots, underscores and hyphens')
      .meta({ example: 'name: support', pattern: '^[A-Za-z0-9._-]{1,64}$' })
      .describe(
        'The name of the mailbox in the database and the log; under another name, its folders are met for the first time again.',
      ),
    own: z
      .array(
        text(ownEntry, 'an address or a domain').describe(
          'An address (support@example.com), a domain alone (example.com), or its subdomains (.example.com).',
        ),
      )
      .optional()
      .meta({
        example: 'own: [support@example.com, example.com]',
        byDefault: 'the IMAP user, if it is an address',
      })
      .describe("The company's own addresses and domains: mail from them to somebody else is outbound."),
    imap,
    folders: folders
      .optional()
      .meta({ example: 'folders: [INBOX]', byDefault: '[INBOX]' })
      .describe('The folders that are polled.'),
    path: text(folderPath, FOLDER_FORM)
      .transform(canonicalPath)
      .optional()
      .describe('Short for `folders` with one entry; not beside `folders`.'),
    select: z
      .enum(SELECTIONS)
      .prefault('unseen')
      .describe(
        'Which mails are taken: unread ones (unseen); those without the keyword that `processed` sets (keyword); or all that were not taken yet, by UID (new). With unseen, a person hides a mail by reading it before a poll has found it; with the others, reading hides nothing.',
      ),
    start: startOption()
      .optional()
      .meta({ byDefault: 'all with select unseen; now with keyword and new, and for sent folders' })
      .describe(
        'What counts at the first contact with a folder: all that is selected, what comes from now on, or what the server received since a date; it is remembered.',
      ),
    processed,
    trust,
    authentication,
    uids_per_command: wholeNumber(1, 100_000)
      .optional()
      .meta({ byDefault: '100 at Exchange, else as many as a line holds' })
      .describe('The largest number of mails that one command to the server names.'),
    daily_download: size(['1MB', 'a day would be used up by one mail'], ['1000GB', 'that is no limit'])
      .optional()
      .meta({ byDefault: '2500MB at Gmail, else no limit' })
      .describe(
        'How much is downloaded from the account in 24 hours, counted over all daemons and commands; what is beyond waits in the mailbox. Imports use up to 80 % of it.',
      ),
    schedule: scheduleOption
      .optional()
      .meta({ byDefault: 'the schedule for all mailboxes' })
      .describe('When this mailbox is polled.'),
    idle: trueOrFalse()
      .prefault(true)
      .describe(
        'Whether the daemon is told of new mail at once (IDLE), beside the schedule, where the server can; its connection then stays open between the polls.',
      ),
    poll_timeout: duration(
      ['100ms', 'no server answers in less'],
      ['1d', 'a poll that hangs would block the mailbox all that time'],
    )
      .prefault('10m')
      .describe('How long one poll may take before it is given up and tried again.'),
    batch: z
      .strictObject({
        messages: wholeNumber(1, 1000)
          .prefault('100')
          .describe('The largest number of mails that are fetched and recorded together.'),
        bytes: size(
          ['1KB', 'less holds not even the header of a mail'],
          ['1GB', 'the batch is held in memory'],
        )
          .prefault('16MB')
          .describe(
            'The largest size of mails that are fetched and recorded together; a larger mail goes alone.',
          ),
      })
      .prefault({})
      .describe('How much is recorded in one transaction, and held in memory for it.'),
    message_bytes: size(
      ['1KB', 'less holds not even the header of a mail'],
      ['500MB', 'Node cannot hold the text of a larger mail'],
    )
      .prefault('50MB')
      .describe(
        'The largest mail that is fetched whole; of a larger one, header and texts are recorded, and the attachments are left in the mailbox.',
      ),
  })
  .superRefine((section: unknown, context) => {
    if (optionOf(section, 'path') === undefined || optionOf(section, 'folders') === undefined) return;
    complain(
      context,
      { message: '`path` is short for `folders`, and both are given', cure: 'move it into `folders`' },
      ['path'],
    );
  }, ALWAYS)
  .superRefine(refuseCircles, ALWAYS)
  .superRefine(refuseUnmarkedKeyword, ALWAYS)
  .superRefine(refuseKeywordAtExchange, ALWAYS)
  .superRefine(refuseUnverified, ALWAYS)
  .superRefine(refuseSmallerDay)
  .transform(
    ({
      path,
      own,
      folders,
      select,
      start,
      processed,
      authentication,
      uids_per_command,
      daily_download,
      ...rest
    }) => ({
      ...rest,
      // It counts for every command of a session.
      imap: { ...rest.imap, uids_per_command: uids_per_command ?? UIDS_PER_COMMAND[rest.imap.provider] },
      daily_download: daily_download ?? DAILY_DOWNLOAD[rest.imap.provider],
      authentication: {
        ...authentication,
        authserv_id: authentication.authserv_id ?? authservIdOf(rest.imap.host),
      },
      own: own ?? (isAddress(rest.imap.user) ? [rest.imap.user] : []),
      folders: (folders ?? [{ path: path ?? 'INBOX', role: 'inbox' as const }]).map((each) => {
        // A sent folder is not ours to mark, and its mail has been seen by whoever wrote it.
        const selection: Selection = each.role === 'sent' ? 'new' : select;
        const byDefault: Start = selection === 'unseen' ? 'all' : 'now';
        return { ...each, select: selection, start: start ?? byDefault };
      }),
      processed: processed === 'none' ? processed : withDefaultMark(processed, select),
    }),
  )
  .meta({ oneOf: { names: ['path', 'folders'], required: false } })
  .describe('One support account.');

export const mailboxes = z
  .array(mailbox)
  .min(1)
  .superRefine((list: unknown, context) => {
    const seen = new Set<unknown>();
    for (const [index, entry] of Array.isArray(list) ? list.entries() : []) {
      const name = optionOf(entry, 'name');
      if (typeof name === 'string' && seen.has(name)) {
        complain(context, { message: 'another mailbox has this name', cure: 'give each its own name' }, [
          index,
          'name',
        ]);
      }
      seen.add(name);
    }
  }, ALWAYS)
  .meta({ example: 'mailboxes: [{name: support, imap: {…}}]' })
  .describe('The support mailboxes that are polled.');

/** A mail that takes more than a day's download would wait for a day on which no other mail comes. */
function refuseSmallerDay(
  section: { readonly daily_download?: number | undefined; readonly message_bytes: number },
  context: z.RefinementCtx,
): void {
  const { daily_download: day = Number.POSITIVE_INFINITY, message_bytes: largest } = section;
  if (day >= largest) return;
  complain(
    context,
    {
      message: `less than the largest mail that is fetched whole (\`message_bytes\`, ${formatSize(largest)})`,
      cure: `write \`${formatSize(largest)}\` or more, or lower \`message_bytes\``,
    },
    ['daily_download'],
  );
}
