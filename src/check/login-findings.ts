import type { MailboxLogins } from '../auth/logins.ts';
import type { RefreshStanding, TokenStanding } from '../auth/standing.ts';
import type { MailboxConfig } from '../config/schema.ts';
import { readableTime } from '../terminal/words.ts';
import type { Finding, Section } from './finding.ts';

const FLOWS: Readonly<Record<TokenStanding['flow'], string>> = {
  client_credentials: "with the app's own secret",
  refresh_token: 'with what a person consented to',
  service_account: 'with the key of a service account',
};

const DAY_MS = 24 * 60 * 60_000;

/**
 * How the mailbox logs in with OAuth2, and when its tokens die; nothing where it has a password. A token that has to be
 * renewed is renewed as the daemon would, under the same lock.
 *
 * @throws MailcaseError where no token can be had
 */
export async function loginFindings(
  section: Section,
  { name, imap: { oauth2 } }: MailboxConfig,
  logins: MailboxLogins,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (oauth2 === undefined) return [];
  await logins.next(signal);
  const standing = await logins.standing();
  if (standing === undefined) return [];
  const { flow, accessEndsAt, refresh } = standing;
  const end = accessEndsAt === undefined ? '' : `, good until ${readableTime(accessEndsAt)} UTC`;
  const got = section.ok(
    'token',
    `OAuth2 (${flow}): an access token was got ${FLOWS[flow]} from ${new URL(oauth2.token_url).host}${end}`,
  );
  return refresh === undefined ? [got] : [got, refreshFinding(section, name, refresh, new Date())];
}

export function refreshFinding(
  section: Section,
  mailbox: string,
  { loggedInAt, refreshedAt, diesAt, isPutOff, isNear }: RefreshStanding,
  now: Date,
): Finding {
  const days = Math.floor((now.getTime() - loggedInAt.getTime()) / DAY_MS);
  const since = `the login is of ${readableTime(loggedInAt)} UTC (${days} ${days === 1 ? 'day' : 'days'} ago), last renewed ${readableTime(refreshedAt)} UTC`;
  if (diesAt === undefined) {
    const end = 'the provider does not say when its refresh token dies';
    return section.ok('refresh_token', `${since}; ${end}`);
  }
  const dies = `its refresh token dies on ${readableTime(diesAt)} UTC${isPutOff ? ' unless it is used before, as each renewal does' : ''}`;
  if (!isNear) return section.ok('refresh_token', `${since}; ${dies}`);
  const cure = isPutOff
    ? `let the daemon run, or run \`mailcase login ${mailbox}\``
    : `run \`mailcase login ${mailbox}\` before; with Google, an app that is published (and not in Testing) has tokens without an end`;
  return section.warning('refresh_token_dies', `${since}; ${dies}`, cure);
}
