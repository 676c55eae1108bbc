import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Login, ProviderName } from '../../src/cli/logins.ts';
import { writeNewFile } from '../../src/cli/new-file.ts';
import { loginOf, PROVIDERS } from '../../src/cli/providers.ts';
import { placeholdersOf, starterConfig, variablesOf } from '../../src/cli/starter.ts';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigProblems } from '../../src/config/problems.ts';
import { CHECKOUT, type Finished, startMailcase } from '../support/mailcase.ts';

const NAMES = Object.keys(PROVIDERS) as ProviderName[];
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const VARIABLES = {
  DATABASE_URL: 'postgres://mailcase@localhost/mailcase',
  SUPPORT_PASSWORD: 'x',
  CLIENT_SECRET: 'a-secret',
  TOKEN_KEY: randomBytes(32).toString('base64'),
  GOOGLE_KEY: JSON.stringify({
    type: 'service_account',
    client_email: 'mailcase@project.iam.gserviceaccount.com',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    private_key_id: 'key-1',
    token_uri: 'https://oauth2.googleapis.com/token',
  }),
  SIGNING_KEY: '0123456789abcdef0123456789abcdef',
};

/** What each way to log in comes to. */
const LOGS_IN: Readonly<Record<string, object>> = {
  password: { password: VARIABLES.SUPPORT_PASSWORD },
  'app-password': { password: VARIABLES.SUPPORT_PASSWORD },
  person: { oauth2: { flow: 'refresh_token' } },
  app: { oauth2: { flow: 'client_credentials', client_secret: VARIABLES.CLIENT_SECRET } },
  'service-account': { oauth2: { flow: 'service_account' } },
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mailcase-init-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Every way to log in at every provider. */
const WAYS = NAMES.flatMap((name) => PROVIDERS[name].logins.map((way) => [name, way] as const));

function loginAt(name: ProviderName, way?: string): Login {
  const login = loginOf(name, way);
  if (login === undefined) throw new Error(`no way ${way} at ${name}`);
  return login;
}

function starter(name: ProviderName, way?: string): string {
  return starterConfig(name, loginAt(name, way));
}

/** Runs `mailcase init` in the folder. */
function init(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return startMailcase(['init', ...args], { MAILCASE_CONFIG: undefined, ...env }, folder, CHECKOUT).finished;
}

/** As an operator fills it in. */
function filledIn(text: string): string {
  return text
    .replace('[<your domain>]', '[example.com, .example.com]')
    .replace(/host: <.*>/, 'host: imap.example.com')
    .replace(/user: <.*>/, 'user: support@example.com')
    .replace(/tenant: <.*>/, 'tenant: 8d3c0c2e-1111-4222-8333-444455556666')
    .replace(/client_id: <.*>/, 'client_id: the-client');
}

async function load(text: string) {
  const file = join(folder, 'loaded.yaml');
  await writeFile(file, text);
  return (await loadConfig(file, VARIABLES)).config;
}

async function problemsOf(text: string) {
  const error = await load(text).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigProblems)) throw new Error('expected problems', { cause: error });
  return error.problems.map(({ path, message }) => [path, message.replace(/ \(got .*/, '')]);
}

describe('the file for', () => {
  it.each(WAYS)('%s, %s loads when it is filled in, on defaults', async (name, way) => {
    const config = await load(filledIn(starter(name, way)));
    expect(config.database).toEqual({ url: VARIABLES.DATABASE_URL, pool: 10 });
    const [mailbox, ...others] = config.mailboxes;
    expect(others).toEqual([]);
    const host = { gmail: 'imap.gmail.com', exchange: 'outlook.office365.com', imap: 'imap.example.com' }[
      name
    ];
    expect(mailbox).toMatchObject({
      name: 'support',
      own: ['example.com', '.example.com'],
      imap: {
        provider: name,
        host: way === 'password' ? 'imap.example.com' : host,
        port: 993,
        tls: 'implicit',
        user: 'support@example.com',
        ...LOGS_IN[way],
      },
      processed: { flag: '\\Seen' },
      trust: 'none',
    });
  });

  it.each([
    ['gmail', '[Gmail]/Sent Mail'],
    ['exchange', 'Sent Items'],
  ] as const)('%s names the folder of what was sent', async (name, path) => {
    const [mailbox] = (await load(filledIn(starter(name)))).mailboxes;
    expect(mailbox?.folders).toMatchObject([
      { path: 'INBOX', role: 'inbox' },
      { path, role: 'sent' },
    ]);
  });

  it('imap has it commented out, because servers differ', async () => {
    const text = filledIn(starter('imap'));
    expect((await load(text)).mailboxes[0]?.folders).toMatchObject([{ path: 'INBOX' }]);
    const [mailbox] = (await load(text.replace('#- {path: Sent', '- {path: Sent'))).mailboxes;
    expect(mailbox?.folders).toMatchObject([{ path: 'INBOX' }, { path: 'Sent', role: 'sent' }]);
  });

  it.each(NAMES)('%s takes the key and shadow mode that it shows', async (name) => {
    const text = filledIn(starter(name))
      .replace('trust: none\n    #trust', 'trust')
      .replace('#processed', 'processed');
    expect((await load(text)).mailboxes[0]).toMatchObject({
      trust: { hmac: { keys: [{ id: '2026-11', secret: VARIABLES.SIGNING_KEY }] } },
      processed: 'none',
    });
  });

  it.each(WAYS)('%s, %s is refused as it is, at each placeholder and nowhere else', async (name, way) => {
    expect(await problemsOf(starter(name, way))).toEqual(
      placeholdersOf(loginAt(name, way)).map((pattern) => [
        pattern.replace('[]', '[0]').replace(/own$/, 'own[0]'),
        'a placeholder that is still to be replaced',
      ]),
    );
  });

  it.each([
    [
      'gmail',
      [/only an app password/, /2-step verification/, /in the account's language/, /`mailcase check`/],
    ],
    [
      'exchange',
      [/takes no passwords/, /IMAP\.AccessAsApp/, /config\/exchange-online\.md/, /keeps no keywords/],
    ],
    ['imap', [/#tls: starttls +# with port: 143/, /Servers name it differently/]],
  ] as const)('%s says what its operator has to know, in lines that can be read', (name, parts) => {
    const text = starter(name);
    const comments = text.replace(/\n +# /g, ' ');
    for (const part of [...parts, /config\/mailcase\.example\.yaml/, /config\/reference\.md/]) {
      expect(comments).toMatch(part);
    }
    expect(text.split('\n').filter((line) => line.length > 112)).toEqual([]);
  });
});

describe('mailcase init', () => {
  it('writes mailcase.yaml for its owner alone, and says the next two steps', async () => {
    const { code, stdout, stderr } = await init(['--provider', 'gmail']);
    expect([code, stderr]).toEqual([0, '']);
    const file = join(folder, 'mailcase.yaml');
    expect(await readFile(file, 'utf8')).toBe(starter('gmail'));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(stdout).toMatch(/^Wrote mailcase\.yaml, for a mailbox of Gmail or Google Workspace\.\n/);
    expect(stdout).toMatch(
      /1\. Set own and imap\.user .*\n\n +export DATABASE_URL=.*\n +export SUPPORT_PASSWORD=/,
    );
    expect(stdout).toMatch(/2\. .*\n\n +npm run mailcase -- migrate up\n +npm run mailcase -- check\n/);
    expect(stdout).toMatch(/app password/);
  });

  it.each(WAYS)('names for %s, %s each variable that stands in the file, and no other', async (name, way) => {
    const { code, stdout, stderr } = await init(['--provider', name, '--login', way]);
    expect([code, stderr]).toEqual([0, '']);
    const file = await readFile(join(folder, 'mailcase.yaml'), 'utf8');
    const used = [...file.replace(/^ *#.*$/gm, '').matchAll(/\$\{([A-Z_]+)\}/g)].map(
      ([, variable]) => variable,
    );
    expect(Object.keys(variablesOf(loginAt(name, way))).sort()).toEqual([...new Set(used)].sort());
    for (const variable of used) expect(stdout).toContain(`export ${variable}=`);
  });

  it('leads to the guide of the provider, and through the login of a person', async () => {
    const app = await init(['--provider', 'exchange', '--output', 'app.yaml']);
    expect(app.stdout).toMatch(/step by step.*\n\n +\S*config\/exchange-online\.md\n/);
    expect(app.stdout).toMatch(/--login person +Exchange Online, OAuth2/);
    expect(app.stdout).not.toContain('login support');
    const person = await init(['--provider', 'gmail', '--login', 'PERSON', '--output', 'person.yaml']);
    expect(person.stdout).toMatch(
      /migrate up\n +npm run mailcase -- --config person\.yaml login support\n +npm run mailcase -- --config person\.yaml check/,
    );
    expect(person.stdout).toMatch(/config\/gmail\.md/);
  });

  it.each([
    [
      'gmail',
      'app-pasword',
      /no way to log in at gmail "app-pasword": did you mean app-password\? There are:/,
    ],
    ['gmail', 'app', /no way to log in at gmail "app"/],
    ['imap', 'person', /no way to log in at imap "person"/],
  ] as const)('for %s refuses the way %s, and lists those that there are', async (name, way, message) => {
    const { code, stdout, stderr } = await init(['--provider', name, '--login', way]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    for (const each of PROVIDERS[name].logins) expect(stderr).toContain(loginAt(name, each).purpose);
    expect(await readdir(folder)).toEqual([]);
  });

  it('answers as JSON', async () => {
    const { code, stdout } = await init(['--provider', 'IMAP', '--output', 'desk.yaml', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      provider: 'imap',
      file: join(folder, 'desk.yaml'),
      set: ['mailboxes[].own', 'mailboxes[].imap.host', 'mailboxes[].imap.user'],
      variables: ['DATABASE_URL', 'SUPPORT_PASSWORD'],
      commands: [
        'npm run mailcase -- --config desk.yaml migrate up',
        'npm run mailcase -- --config desk.yaml check',
      ],
      notes: [],
      reference: [expect.stringContaining('mailcase.example.yaml'), expect.stringContaining('reference.md')],
    });
  });

  it.each([
    [['--config', 'a.yaml'], {}, '--config a.yaml '],
    [['--config', './a.yaml', '--output', 'a.yaml'], {}, '--config a.yaml '],
    [['--output', "Eve's a.yaml"], {}, "--config 'Eve'\\''s a.yaml' "],
    // Other commands would read that one.
    [[], { MAILCASE_CONFIG: '/etc/other.yaml' }, '--config mailcase.yaml '],
    [['--output', 'a.yaml'], { MAILCASE_CONFIG: 'a.yaml' }, ''],
  ])('with %j %j names the file in its steps where it has to', async (args, env, place) => {
    const { code, stdout } = await init(['--provider', 'imap', ...args], env);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `     npm run mailcase -- ${place}migrate up\n     npm run mailcase -- ${place}check\n`,
    );
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('prints the file and writes nothing with --output -', async () => {
    const { code, stdout, stderr } = await init(['--provider', 'exchange', '--output', '-']);
    expect([code, stdout]).toEqual([0, starter('exchange')]);
    expect(stderr).toMatch(/exchange-online\.md[\s\S]*The next two steps[\s\S]*migrate up/);
    const json = await init(['--provider', 'exchange', '--output', '-', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      provider: 'exchange',
      content: starter('exchange'),
    });
    expect(json.stderr).toBe('');
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    [[], /^mailcase: init needs --provider/],
    [['--provider', ''], /^mailcase: no provider ""\. There are:/],
    [['--provider', 'gmial'], /^mailcase: no provider "gmial": did you mean gmail\? There are:/],
    [['--provider', 'office\u001b[31m'], /^mailcase: no provider "office\\u001b\[31m"\. There are:/],
  ])('with %j lists the providers, each with its purpose', async (args, message) => {
    const { code, stdout, stderr } = await init(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    for (const name of NAMES) expect(stderr).toContain(PROVIDERS[name].purpose);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    [['--config', 'a.yaml', '--output', 'b.yaml'], /--config a\.yaml and --output b\.yaml name two places/],
    [['--config', 'a.yaml', '--output', '-'], /name two places/],
    [['--output', ''], /the name of the file is empty/],
    [['--output', 'no/such/mailcase.yaml'], /its folder does not exist: make it \(`mkdir -p no\/such`\)/],
    [['--output', '.'], /\. is a folder: name a file in it, e\.g\. --output \.\/mailcase\.yaml/],
    [['--output', `${'x'.repeat(300)}`], /cannot be made: .*ENAMETOOLONG.*another place/],
  ])('with %j ends with 2, and says why and what to do', async (args, message) => {
    const { code, stdout, stderr } = await init(['--provider', 'imap', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(await readdir(folder)).toEqual([]);
  });

  it('writes over nothing: neither a file nor a link, whole or broken', async () => {
    await writeFile(join(folder, 'mailcase.yaml'), 'mine');
    await symlink('mailcase.yaml', join(folder, 'link.yaml'));
    await symlink('nowhere.yaml', join(folder, 'broken.yaml'));
    await mkdir(join(folder, 'sub'));
    const answers: [name: string, what: string][] = [
      ['mailcase.yaml', 'is there already and is not written over'],
      ['link.yaml', 'is there already, as a symbolic link, and is not written over'],
      ['broken.yaml', 'is there already, as a symbolic link, and is not written over'],
      ['mailcase.yaml/x.yaml', 'what stands before its name is no folder'],
    ];
    for (const [name, what] of answers) {
      const { code, stdout, stderr } = await init(['--provider', 'imap', '--output', name]);
      expect([code, stdout], name).toEqual([2, '']);
      expect(stderr).toContain(`mailcase: ${name}`);
      expect(stderr).toContain(what);
      expect(stderr).toContain('--output FILE');
    }
    expect((await readdir(folder)).sort()).toEqual(['broken.yaml', 'link.yaml', 'mailcase.yaml', 'sub']);
    expect(await readFile(join(folder, 'mailcase.yaml'), 'utf8')).toBe('mine');
    expect(await readlink(join(folder, 'broken.yaml'))).toBe('nowhere.yaml');
  });

  it('ends with 2 where nobody may write', async () => {
    // Not even root may make a file there.
    const { code, stderr } = await init(['--provider', 'imap', '--output', '/proc/mailcase.yaml']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^mailcase: \/proc\/mailcase\.yaml cannot be made: .*; give another place with --output FILE\n$/,
    );
  });

  it('says which folder this user must not write into', async () => {
    await chmod(folder, 0o555);
    const isRoot = process.geteuid?.() === 0;
    // Root may write everywhere: somebody else tries.
    if (isRoot) process.seteuid?.(65_534);
    try {
      await expect(writeNewFile(join(folder, 'x.yaml'), '')).rejects.toMatchObject({
        code: 'usage',
        message: expect.stringContaining(`must not write into its folder (${folder}): run it as`),
      });
    } finally {
      if (isRoot) process.seteuid?.(0);
      await chmod(folder, 0o700);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves no half of a file where the rest cannot be written', async () => {
    const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
    // The shell lets none of its children write a byte into a file, as a full disk would.
    const script = 'ulimit -f 0; exec "$0" --import "$1" "$2" init --provider imap';
    const { status, stdout, stderr } = spawnSync(
      'sh',
      ['-c', script, process.execPath, import.meta.resolve('tsx'), main],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', TSX_DISABLE_CACHE: '1' } },
    );
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^mailcase: mailcase\.yaml cannot be written: EFBIG/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is explained, with an example, first of all commands', async () => {
    const help = await startMailcase(['--help'], {}, folder).finished;
    expect(help.stdout).toMatch(/Commands:\n\s+init \[options\]/);
    const { code, stdout } = await init(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:\n\s+mailcase init --provider gmail\n/);
  });

  it('leaves what the next command refuses until it is filled in', async () => {
    await init(['--provider', 'imap']);
    const { code, stderr } = await startMailcase(['migrate', 'status'], VARIABLES, folder).finished;
    expect(code).toBe(2);
    expect(stderr).toMatch(/^mailcase: 3 problems in the configuration\n/);
    expect(stderr).toMatch(/mailboxes\[0\]\.imap\.host\n +a placeholder that is still to be replaced/);
  });
});
