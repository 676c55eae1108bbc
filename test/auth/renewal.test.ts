import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bindingOf, readTokens, tokenKeysOf } from '../../src/auth/token-store.ts';
import { connectDatabase } from '../../src/db/connect.ts';
import { until } from '../support/daemon.ts';
import { useDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';
import { type OAuthServer, startOAuthServer } from '../support/oauth-server.ts';
import { rows } from '../support/poll.ts';
import { type Gate, startGate } from './gate.ts';
import { KEY, Logins, loadOAuth2, logIn, oauth2Section } from './servers.ts';

// Renewals with a refresh token that counts once: whoever shows the old one again loses the login for good.

const database = useDatabase();
const USER = 'support@example.com';
const { signal } = new AbortController();

let server: OAuthServer;
let gate: Gate;

beforeAll(async () => {
  server = await startOAuthServer({ rotation: 'strict' });
  gate = await startGate(server.urls.token);
});
beforeEach(async () => {
  server.mend();
  Object.assign(server.settings, {
    rotation: 'strict',
    accessTokenLife: 3_600,
    refreshTokenExpiresIn: undefined,
  });
  await database.db.raw('truncate oauth2_tokens');
});
afterAll(async () => {
  await gate?.stop();
  await server?.stop();
});

const section = (oauth2: Record<string, unknown> = {}) => ({
  name: 'support',
  imap: {
    ...{ host: '127.0.0.1', tls: 'none', user: USER },
    oauth2: { ...oauth2Section(server, 'refresh_token'), token_url: gate.url, ...oauth2 },
  },
});

async function ready(oauth2: Record<string, unknown> = {}) {
  const { config, mailbox } = await loadOAuth2(section(oauth2));
  await logIn(database.db, server, mailbox, tokenKeysOf(config));
  return { config, mailbox, keys: tokenKeysOf(config) };
}

/** As a process of its own has it. */
function daemon({ config, mailbox }: Awaited<ReturnType<typeof ready>>, db = database.db) {
  const said: [level: string, message: string, fields: Record<string, unknown>][] = [];
  const logins = new Logins({ config, db, say: (_, ...line) => said.push(line) });
  const source = logins.of(mailbox);
  const token = async () => {
    const login = await source.next(signal);
    return 'accessToken' in login ? login.accessToken : '';
  };
  /** Another token than the one that it has. */
  const another = async () => {
    const login = await source.afterRefusal({ accessToken: await token(), mechanism: undefined }, signal);
    return login !== undefined && 'accessToken' in login ? login.accessToken : '';
  };
  return { logins, source, token, another, said };
}

describe('a renewal', () => {
  it('stores the new refresh token at once, encrypted, and goes on with it', async () => {
    const made = await ready();
    const first = daemon(made);
    const before = await readTokens(database.db, made.keys, bindingOf(made.mailbox));
    const one = await first.token();
    const after = await readTokens(database.db, made.keys, bindingOf(made.mailbox));
    expect(after?.refreshToken).not.toBe(before?.refreshToken);
    expect(server.refreshTokens()).toContain(after?.refreshToken);
    const two = await first.another();
    expect(two).not.toBe(one);
    // A daemon that comes after finds what the first one got, and asks nobody.
    const asked = server.asked('token');
    expect(await daemon(made).token()).toBe(two);
    expect(server.asked('token')).toBe(asked);
    const [row] = await rows<{ text: string }>(
      database.db,
      'select oauth2_tokens::text as text from oauth2_tokens',
    );
    const stored = await readTokens(database.db, made.keys, bindingOf(made.mailbox));
    for (const secret of [two, stored?.refreshToken ?? '?']) {
      expect(row?.text).not.toContain(secret);
      expect(row?.text).not.toContain(Buffer.from(secret).toString('hex'));
    }
  });

  it('is made once, where two daemons want one at the same moment', async () => {
    const made = await ready();
    const daemons = [daemon(made), daemon(made), daemon(made)];
    const asked = server.asked('token');
    const tokens = await Promise.all(daemons.map((each) => each.token()));
    expect(new Set(tokens).size).toBe(1);
    expect(server.asked('token') - asked).toBe(1);
    // And the same where all of them were refused with it.
    await Promise.all(daemons.map((each) => each.another()));
    expect(server.asked('token') - asked).toBe(2);
  });

  it('goes on where the poll that asked for it is cut off', async () => {
    const made = await ready();
    const { source, token } = daemon(made);
    const cutting = new AbortController();
    const cut = source.next(cutting.signal);
    cutting.abort(new Error('cut off'));
    await expect(cut).rejects.toThrow('cut off');
    expect(server.granted).not.toHaveLength(0);
    await token();
    const stored = await readTokens(database.db, made.keys, bindingOf(made.mailbox));
    expect(server.refreshTokens()).toContain(stored?.refreshToken);
  });

  it.each([
    [5, 3],
    [3, 1],
  ])(
    'leaves connections of a pool of %i to others, however many mailboxes wait for a silent provider',
    async (pool, atATime) => {
      const { config: loaded, mailbox } = await ready();
      const config = { ...loaded, database: { ...loaded.database, pool } };
      const names = ['a', 'b', 'c', 'd', 'e', 'f'];
      const many = names.map((name) => ({ ...mailbox, name, imap: { ...mailbox.imap } }));
      for (const each of many) await logIn(database.db, server, each, tokenKeysOf(config));
      const db = connectDatabase(database.url, pool);
      const logins = new Logins({ config, db });
      gate.shut();
      try {
        const all = Promise.all(many.map((each) => logins.of(each).next(signal)));
        await until(() => gate.waiting() >= atATime, 'some are asked for');
        await sleep(300);
        expect(gate.waiting()).toBe(atATime);
        const asked = await Promise.race([db.raw('select 1').then(() => 'answered'), sleep(2_000, 'waits')]);
        expect(asked).toBe('answered');
        gate.open();
        expect(new Set((await all).map((login) => 'accessToken' in login && login.accessToken)).size).toBe(6);
      } finally {
        gate.open();
        await logins.close();
        await db.destroy();
      }
    },
  );

  it('is not begun any more when the process ends while others wait for a silent provider', async () => {
    const { config, mailbox } = await ready();
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const many = names.map((name) => ({ ...mailbox, name, imap: { ...mailbox.imap } }));
    for (const each of many) await logIn(database.db, server, each, tokenKeysOf(config));
    const logins = new Logins({ config, db: database.db });
    gate.shut();
    const all = Promise.allSettled(many.map((each) => logins.of(each).next(signal)));
    await until(() => gate.waiting() >= 3, 'some are asked for');
    const asked = server.asked('token');
    const closed = logins.close();
    gate.open();
    await closed;
    expect((await all).map(({ status }) => status).sort()).toEqual([
      ...['fulfilled', 'fulfilled', 'fulfilled'],
      ...['rejected', 'rejected', 'rejected'],
    ]);
    expect(server.asked('token')).toBe(asked);
  });

  it('keeps a refresh token that stays as it is', async () => {
    const made = await ready();
    server.settings.rotation = 'none';
    const first = daemon(made);
    const before = await readTokens(database.db, made.keys, bindingOf(made.mailbox));
    await first.token();
    const after = await readTokens(database.db, made.keys, bindingOf(made.mailbox));
    expect(after?.refreshToken).toBe(before?.refreshToken);
    expect(after?.generation).toBe((before?.generation ?? 0) + 1);
  });
});

/** A renewal whose answer comes when the database has gone. */
async function renewedWithoutDatabase(made: Awaited<ReturnType<typeof ready>>) {
  const proxy = await startDatabaseProxy(database.url);
  await proxy.open();
  const db = connectDatabase(proxy.url, 2);
  const renewing = daemon(made, db);
  const end = async () => {
    await renewing.logins.close();
    await db.destroy();
    await proxy.close().catch(() => {});
  };
  try {
    await renewing.token();
    gate.shut();
    const second = renewing.another();
    await until(() => gate.waiting() > 0, 'the token was renewed');
    await proxy.close();
    gate.open();
    return { ...renewing, db, proxy, access: await second, end };
  } catch (error) {
    await end();
    throw error;
  }
}

const hasSaid = ({ said }: Pick<ReturnType<typeof daemon>, 'said'>, message: string) =>
  until(() => said.some(([, line]) => line === message), message);

describe('a database that goes away while a token is renewed', () => {
  it('gets it when it is back, and the old one is never shown again', async () => {
    const made = await ready();
    const renewing = await renewedWithoutDatabase(made);
    const { access, said, token, proxy, end } = renewing;
    try {
      expect(access).not.toBe('');
      expect(said).toContainEqual([
        'warn',
        'renewed tokens could not be stored, it is tried again',
        expect.anything(),
      ]);
      // It is good meanwhile.
      expect(await token()).toBe(access);
      await proxy.open();
      await hasSaid(renewing, 'renewed tokens are stored now');
      const stored = await readTokens(database.db, made.keys, bindingOf(made.mailbox));
      expect(stored?.accessToken?.value).toBe(access);
      expect(server.refreshTokens()).toContain(stored?.refreshToken);
      await daemon(made).another();
    } finally {
      await end();
    }
  });

  it('does not overwrite a login that came later', async () => {
    const made = await ready();
    const renewing = await renewedWithoutDatabase(made);
    try {
      await logIn(database.db, server, made.mailbox, made.keys);
      const login = await readTokens(database.db, made.keys, bindingOf(made.mailbox));
      await renewing.proxy.open();
      await hasSaid(renewing, 'stored tokens are newer, and are used');
      const after = await readTokens(database.db, made.keys, bindingOf(made.mailbox));
      expect(after?.refreshToken).toBe(login?.refreshToken);
    } finally {
      await renewing.end();
    }
  });

  it('and does not come back before a reload: what comes after it has the token, and stores it', async () => {
    const made = await ready();
    const { logins, said, access, db, proxy, end } = await renewedWithoutDatabase(made);
    try {
      await logins.close();
      expect(said.at(-1)).toEqual([
        'error',
        'a renewed refresh token could not be stored: it is lost if this process ends',
        { reason: expect.any(String), cure: expect.stringContaining('`mailcase login support`') },
      ]);
      const next = daemon(made, db);
      expect(await next.token()).toBe(access);
      await proxy.open();
      await hasSaid(next, 'renewed tokens are stored now');
      const stored = await readTokens(database.db, made.keys, bindingOf(made.mailbox));
      expect(stored?.accessToken?.value).toBe(access);
      expect(server.refreshTokens()).toContain(stored?.refreshToken);
      // It is handed over once.
      await daemon(made).another();
      await next.logins.close();
    } finally {
      await end();
    }
  });
});

describe('a stored login that cannot be used', () => {
  it('is missing', async () => {
    const { config, mailbox } = await loadOAuth2(section());
    await expect(daemon({ config, mailbox, keys: [] }).token()).rejects.toMatchObject({
      ...{ code: 'imap_credentials', message: 'nobody has logged in for support yet' },
      fields: { cure: 'run `mailcase login support`' },
    });
  });

  it('was taken back, and is mended by another one', async () => {
    const made = await ready();
    const first = daemon(made);
    await first.token();
    server.revoke(USER);
    await expect(first.another()).rejects.toMatchObject({
      code: 'imap_credentials',
      fields: { cure: 'run `mailcase login support`', oauthError: 'invalid_grant' },
    });
    await logIn(database.db, server, made.mailbox, made.keys);
    await first.token();
  });

  it('was made with another app, or for another user', async () => {
    const made = await ready();
    const other = await loadOAuth2(
      section({ client_id: server.desktop.id, client_secret: server.desktop.secret }),
    );
    await expect(daemon({ ...made, ...other }).token()).rejects.toMatchObject({
      code: 'imap_credentials',
      message: 'the stored login of support was made for something else: `client_id` was device',
      fields: { cure: expect.stringContaining('mailcase login support') },
    });
    const renamed = { ...made.mailbox, imap: { ...made.mailbox.imap, user: 'sales@example.com' } };
    await expect(daemon({ ...made, mailbox: renamed }).token()).rejects.toThrow(
      /`imap\.user` was support@example\.com/,
    );
    // Nobody was asked, and the login is there as it was.
    await daemon(made).token();
  });

  it('is encrypted with another key, which can be added to the list', async () => {
    const made = await ready();
    const other = randomBytes(32).toString('base64');
    const changed = await loadOAuth2(section(), other);
    await expect(daemon({ ...made, ...changed }).token()).rejects.toMatchObject({
      code: 'imap_credentials',
      message: expect.stringContaining('`token_key` is not the key'),
      fields: { cure: expect.stringMatching(/former key to the list.*mailcase login support/) },
    });
    const both = await loadOAuth2(section(), [other, KEY]);
    await daemon({ ...made, ...both }).another();
    // What is stored from then on is encrypted with the first.
    const alone = await loadOAuth2(section(), other);
    await daemon({ ...made, ...alone }).token();
  });
});

describe('how a login stands', () => {
  it('is told with when it ends, as the provider says', async () => {
    const made = await ready();
    server.settings.refreshTokenExpiresIn = 7 * 86_400;
    const { source, token, said } = daemon(made);
    await token();
    const { refresh, accessEndsAt } = (await source.standing()) ?? {};
    const days = ((refresh?.diesAt?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(days).toBeCloseTo(7, 2);
    expect(refresh).toMatchObject({ isPutOff: false, isNear: true });
    expect((accessEndsAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
    await until(() => said.length > 0, 'the log warned');
    expect(said).toEqual([
      [
        'warn',
        'the refresh token dies soon, and the mailbox cannot be polled then',
        expect.objectContaining({ cure: 'run `mailcase login support`' }),
      ],
    ]);
  });

  it('is told with how long it lives unused, as the configuration says', async () => {
    const made = await ready({ refresh_token_lifetime: '90d' });
    const { source, token, said } = daemon(made);
    await token();
    const { refresh } = (await source.standing()) ?? {};
    expect(((refresh?.diesAt?.getTime() ?? 0) - Date.now()) / 86_400_000).toBeCloseTo(90, 2);
    expect(refresh).toMatchObject({ isPutOff: true, isNear: false });
    expect(said).toEqual([]);
  });
});
