import pg from 'pg';

/** The database that is meant. */
export interface Target {
  /** postgres://user:password@host:port/database */
  readonly url: string;
  /** The folder of the embedded server, where it is one. */
  readonly folder?: string | undefined;
}

/** What pg makes of a URL and of PGHOST, PGPORT, PGDATABASE and PGUSER where the URL leaves something out. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/** How a place is called that must not be printed. */
const UNPRINTED = 'the address in database.url';

/**
 * Whether a part of the password may stand where host, port and name are looked for: the password ends at a / ? or #
 * that is not percent-encoded, so the @ before the true host, or all of it, is found behind the host that was read.
 */
export function isWronglySplit(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { pathname, search, hash } = new URL(url);
  return hash !== '' || pathname.includes('@') || search.includes('@');
}

/** @returns undefined where pg cannot read the URL */
export function addressOf(url: string): Address | undefined {
  try {
    const { host, port, database = '', user = '' } = new pg.Client({ connectionString: withoutFiles(url) });
    return { host, port, database, user };
  } catch {
    return undefined;
  }
}

/** pg would read the files that a URL names, which may be what is wrong. */
function withoutFiles(written: string): string {
  const url = new URL(written);
  for (const name of ['sslrootcert', 'sslcert', 'sslkey']) url.searchParams.delete(name);
  return url.href;
}

/** Where a database is: `localhost:5432/mailcase`, the port always named; without user and password. */
export function placeOf({ url, folder }: Target): string {
  if (folder !== undefined) return folder;
  const address = isWronglySplit(url) ? undefined : addressOf(url);
  if (address === undefined) return UNPRINTED;
  const { host, port, database } = address;
  // As libpq and pg name the socket of a folder.
  if (host.startsWith('/')) return `${host}/.s.PGSQL.${port}, database ${database}`;
  return `${host}:${port}/${database}`;
}
