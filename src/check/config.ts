import { isLoopback } from '../config/checks.ts';
import type { ConfigProblem } from '../config/problems.ts';
import { providerOf } from '../config/provider.ts';
import type { Config, MailboxConfig } from '../config/schema.ts';
import { TRUST_BY_HMAC } from '../config/trust-schema.ts';
import { domainKey } from '../message/addresses.ts';
import type { TrustWays } from '../trust/trust.ts';
import { type Finding, sectionOf } from './finding.ts';
import { publicDomainReason } from './public-domains.ts';

const section = sectionOf('Configuration');

/** What is wrong with a configuration that cannot be understood, and where. */
export interface ConfigFinding extends Finding {
  readonly file: string;
  /** Counted from 1; null where it is the file as a whole. */
  readonly line: number | null;
  /** `mailboxes[0].imap.host`; null where it is no single option's. */
  readonly option: string | null;
}

export function problemFindings(problems: readonly ConfigProblem[]): ConfigFinding[] {
  return problems.map(({ file, line, path, message, cure }) => ({
    ...section.problem('config_invalid', message, cure),
    ...{ file, line: line ?? null, option: path === '' ? null : path },
  }));
}

/** What a configuration that can be understood will do, where an operator may not have meant it. */
export function configFindings(
  { database }: Pick<Config, 'database'>,
  mailboxes: readonly MailboxConfig[],
  file: string,
  isSampled: boolean,
): Finding[] {
  const names = mailboxes.map(({ name }) => name).join(', ');
  const read = section.ok('config_read', `${file} can be understood (mailboxes: ${names})`);
  return [
    read,
    ...databaseFindings(database),
    ...mailboxes.flatMap((mailbox) => mailboxFindings(mailbox, isSampled)),
  ];
}

function databaseFindings({ embedded }: Config['database']): Finding[] {
  if (embedded === undefined) return [];
  return [
    section.warning(
      'database_embedded',
      `the database is the Postgres that comes with mailcase, in ${embedded}`,
      'good for first steps; for production, give `database.url` of a server of your own, with backups',
    ),
  ];
}

function mailboxFindings(mailbox: MailboxConfig, isSampled: boolean): Finding[] {
  return [
    ...ownFindings(mailbox),
    ...trustFindings(mailbox, isSampled),
    ...authenticationFindings(mailbox),
    ...processedFindings(mailbox),
    ...tlsFindings(mailbox),
    ...passwordFindings(mailbox),
  ];
}

/** By the host alone: a server on premises has Exchange's ways as well, and takes passwords. */
function passwordFindings({ name, imap }: MailboxConfig): Finding[] {
  if (imap.password === undefined || providerOf(imap.host) !== 'exchange') return [];
  return [
    section.warning(
      'password_exchange',
      `${name}: \`imap.password\` is given, and Exchange Online takes no passwords, app passwords neither`,
      'use `imap.oauth2`: `mailcase init --provider exchange --output FILE` writes how, and config/exchange-online.md has it step by step',
    ),
  ];
}

function ownFindings({ name, own, imap }: MailboxConfig): Finding[] {
  if (own.length === 0) {
    return [
      section.warning(
        'own_empty',
        `${name}: \`own\` is empty, since the IMAP user is no address: without it, no mail in the inbox is outbound`,
        'add your own addresses and domains, e.g. `own: [support@example.com, example.com]`',
      ),
    ];
  }
  const open = own.flatMap((entry) => {
    const reason = entry.includes('@') ? undefined : publicDomainReason(domainKey(entry.replace(/^\./, '')));
    return reason === undefined ? [] : [{ entry, reason }];
  });
  return open.map(({ entry, reason }) =>
    section.warning(
      'own_public_domain',
      `${name}: \`own\` has ${entry}, a public domain: ${reason}, and their mail would pass for yours`,
      `write your own addresses instead, e.g. \`own: [${imap.user.includes('@') ? imap.user : `you@${entry.replace(/^\./, '')}`}]\``,
    ),
  );
}

function trustFindings({ name, trust }: MailboxConfig, isSampled: boolean): Finding[] {
  if (trust === 'none') {
    const more = isSampled ? '' : ' (`mailcase check --sample` says what they would do)';
    return [section.ok('trust_none', `${name}: trust is none: x-headers are kept and change nothing${more}`)];
  }
  if (trust === 'all') {
    return [
      section.warning(
        'trust_all',
        `${name}: trust is all: whoever can write to the mailbox can change any customer and any case`,
        `let your own systems sign what they send: \`${TRUST_BY_HMAC}\``,
      ),
    ];
  }
  return [...secretFindings(name, trust), ...hmacFindings(name, trust)];
}

function authenticationFindings({ name, trust, authentication, imap }: MailboxConfig): Finding[] {
  const { authserv_id, verify } = authentication;
  const domains = typeof trust === 'object' ? (trust.dkim?.domains ?? []) : [];
  const bySomebody = [
    ...(authserv_id ? [`as ${authserv_id} has found`] : []),
    ...(verify ? ['verified here'] : []),
  ];
  const open = domains.flatMap((entry) => {
    const reason = publicDomainReason(domainKey(entry.replace(/^\./, '')));
    return reason === undefined ? [] : [{ entry, reason }];
  });
  return [
    ...(domains.length > 0
      ? [
          section.ok(
            'trust_dkim',
            `${name}: trust goes by DKIM signatures of ${domains.join(', ')}, ${bySomebody.join(', or ')}`,
          ),
        ]
      : []),
    ...open.map(({ entry, reason }) =>
      section.warning(
        'dkim_public_domain',
        `${name}: \`trust.dkim.domains\` has ${entry}, a public domain: ${reason}, and whoever writes from there is trusted`,
        'list domains alone that nobody but your company can send from',
      ),
    ),
    ...(authserv_id !== undefined && isExchangeOnline(imap.host)
      ? [
          section.warning(
            'authserv_id_exchange',
            `${name}: Exchange Online gives no name in its Authentication-Results, so none of ${authserv_id} is its own, and what stands there a sender may have written`,
            'take `authentication.authserv_id` out, and use `authentication: {verify: true}` or `trust: {hmac: …}`',
          ),
        ]
      : []),
  ];
}

function isExchangeOnline(host: string): boolean {
  return /(?:^|\.)(?:office365|outlook)\.com$/i.test(host);
}

function secretFindings(name: string, { secret }: TrustWays): Finding[] {
  if (!secret) return [];
  return [
    section.warning(
      'trust_secret',
      `${name}: trust goes by the secret in ${secret.header}: whoever gets a mail with it can use it`,
      'put it only into copies that nobody but this mailbox gets: a Bcc copy is the very mail that the customer gets; ' +
        'for Bcc copies, let your systems sign (`trust: {hmac: …}`)',
    ),
  ];
}

function hmacFindings(name: string, { hmac }: TrustWays): Finding[] {
  if (!hmac) return [];
  const keys = hmac.keys.map(({ id }) => id).join(', ');
  return [
    section.ok(
      'trust_hmac',
      `${name}: trust goes by signatures in ${hmac.header} (keys that count: ${keys})`,
    ),
  ];
}

function processedFindings({ name, processed }: MailboxConfig): Finding[] {
  if (processed !== 'none') return [];
  return [
    section.warning(
      'shadow_mode',
      `${name}: processed is none (shadow mode): mail is recorded, and nothing in the mailbox shows it`,
      'right beside another system; otherwise take `processed` out, or say how mail is marked: `processed: {flag: "\\\\Seen"}`',
    ),
  ];
}

function tlsFindings({ name, imap }: MailboxConfig): Finding[] {
  if (imap.tls !== 'none' || isLoopback(imap.host)) return [];
  return [
    section.warning(
      'tls_none',
      `${name}: without TLS (tls: none), everybody on the way to ${imap.host} can read password and mail`,
      'use `tls: implicit` or `tls: starttls`',
    ),
  ];
}
