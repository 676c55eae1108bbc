import { errorCode } from '../errors.ts';
import { type Address, addressOf, isWronglySplit, type Target } from './place.ts';

const ENCODE =
  'a sign like @ / : # or ? in the password must be percent-encoded (@ is %40, # is %23): otherwise a part of it is ' +
  'taken for the host';

const NOT_ON_THE_WAY =
  'see that host and port in `database.url` are right and that no firewall is in between';

const ENDED =
  'the server was stopped, or something on the way to it ended the connection: its log may say why';

const UNTRUSTED =
  'for an authority of your own, start mailcase with NODE_EXTRA_CA_CERTS=/path/to/ca.pem, or give `?sslrootcert=/path/to/ca.pem`';

const UNKNOWN = "see `database` in the configuration, and the server's log";

/** By the code that Node, OpenSSL or PostgreSQL (SQLSTATE) gave. */
const BY_CODE: Readonly<Record<string, string | ((address: Address) => string)>> = {
  ECONNREFUSED: 'is PostgreSQL running there? see that host and port in `database.url` are right',
  ENOTFOUND:
    'see that the host in `database.url` is spelled right and that this machine can look up its address',
  EAI_AGAIN: 'the name of the host could not be looked up now: see that this machine has a network',
  ETIMEDOUT: NOT_ON_THE_WAY,
  EHOSTUNREACH: NOT_ON_THE_WAY,
  ENETUNREACH: NOT_ON_THE_WAY,
  ECONNRESET: ENDED,
  EPIPE: ENDED,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  ERR_TLS_CERT_ALTNAME_INVALID: 'give the host in `database.url` the name that its certificate has',
  // invalid_password
  '28P01':
    'see that user and password in `database.url` are right; signs like @ / : # in the password are percent-encoded (@ is %40)',
  // invalid_catalog_name
  '3D000': ({ database }) =>
    `the server was reached: make the database with ${command('createdb', database)}, or name another in \`database.url\``,
  // insufficient_privilege
  '42501': ({ database, user }) =>
    `as the database's owner: \`grant connect on database ${quoted(database)} to ${quoted(user)}\``,
  // too_many_connections
  '53300': "lower `database.pool`, or raise the server's max_connections",
  // admin_shutdown, crash_shutdown
  '57P01': ENDED,
  '57P02': ENDED,
  // cannot_connect_now
  '57P03': 'the server is starting or stopping: try again in a moment',
};

/** By what was said, where the code says too little or there is none; the first that fits. */
const BY_WORDS: readonly (readonly [RegExp, string | ((address: Address) => string)])[] = [
  // pg takes `require` for `verify-full`, and warns of it at every start.
  [
    /^no pg_hba\.conf entry .*no encryption/,
    'the server may want TLS: end `database.url` with `?sslmode=verify-full`; otherwise its pg_hba.conf has to let this host, user and database in',
  ],
  [/^no pg_hba\.conf entry /, "the server's pg_hba.conf has to let this host, user and database in"],
  [
    /^role ".*" does not exist/,
    ({ user }) =>
      `the server was reached: make the role with ${command('createuser --pwprompt', user)}, or name another in \`database.url\``,
  ],
  [/is not permitted to log in/, ({ user }) => `\`alter role ${quoted(user)} login\`, or name another role`],
  [
    /client password must be a/,
    'the server asks for a password: give it in `database.url` (postgres://user:password@…)',
  ],
  [
    /does not support SSL/,
    'take `sslmode` and `ssl` out of `database.url`, or PGSSLMODE out of the environment',
  ],
  [/^Knex: Timeout acquiring/, 'raise `database.pool`, or see in pg_stat_activity what hangs'],
  [/^timeout expired|connection timeout|^Query read timeout/, NOT_ON_THE_WAY],
  [/^Connection terminated|^Client (was closed|has encountered)/, ENDED],
];

/**
 * What mends that a database cannot be used, by the cause. One place for the commands, the log and `check`.
 *
 * @param words what was said of it, without a statement
 */
export function cureFor(error: unknown, words: string, target: Target): string {
  const { url, folder } = target;
  if (folder !== undefined) {
    return `the embedded server has ended, or does not answer: its log is in ${folder}; start mailcase anew`;
  }
  const code = errorCode(error) ?? '';
  const isServers = /^\d/.test(code);
  if (!isServers && isWronglySplit(url)) return ENCODE;
  const cure =
    BY_WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? BY_CODE[code] ?? fileCure(error) ?? UNKNOWN;
  if (typeof cure === 'string') return cure;
  const address = addressOf(url);
  return address === undefined ? UNKNOWN : cure(address);
}

/** A socket in the file system, or a file of `sslrootcert` and the like. */
function fileCure(error: unknown): string | undefined {
  const code = errorCode(error);
  if (code !== 'ENOENT' && code !== 'EACCES') return undefined;
  const isSocket = error instanceof Error && 'syscall' in error && error.syscall === 'connect';
  if (!isSocket)
    return 'see that this user may read the files that `database.url` names (sslrootcert, sslcert, sslkey)';
  return code === 'ENOENT'
    ? 'is PostgreSQL running? see that its unix_socket_directories has that folder'
    : 'this user must not open that socket';
}

function command(program: string, name: string): string {
  return /^\w+$/.test(name) ? `\`${program} ${name}\`` : `\`${program}\``;
}

/** A name as SQL writes it. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
