/** Whose ways a server has: those of Gmail, of Exchange, or of the standard. */
export const PROVIDERS = ['gmail', 'exchange', 'imap'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** Where each is reached, if nobody says otherwise; empty where nobody can know. */
export const PROVIDER_HOSTS: Readonly<Record<Provider, string>> = {
  gmail: 'imap.gmail.com',
  exchange: 'outlook.office365.com',
  imap: '',
};

/** Exchange Online has names of its own for China and for governments. */
const KNOWN: readonly (readonly [pattern: RegExp, provider: Provider])[] = [
  [/(^|\.)(gmail|googlemail)\.com$/i, 'gmail'],
  [/(^|\.)(office365|outlook|office)\.(com|us)$/i, 'exchange'],
  [/^partner\.outlook\.cn$/i, 'exchange'],
];

/** Tells by the name of the host. */
export function providerOf(host: string): Provider {
  return KNOWN.find(([pattern]) => pattern.test(host.replace(/\.$/, '')))?.[1] ?? 'imap';
}

/** Exchange answers a command that names more UIDs with BAD "Command Error. 10". */
export const UIDS_PER_COMMAND: Readonly<Partial<Record<Provider, number>>> = { exchange: 100 };

/** In bytes. Gmail closes an account to IMAP for a day after that; what imports leave of it is for people's mail programs too. */
export const DAILY_DOWNLOAD: Readonly<Partial<Record<Provider, number>>> = { gmail: 2500 * 1024 * 1024 };
