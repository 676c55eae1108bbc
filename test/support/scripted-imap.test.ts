import { once } from 'node:events';
import { connect } from 'node:net';
import { ImapFlow } from 'imapflow';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { deliver } from './deliver.ts';
import { contentOf, withClient } from './imap-client.ts';
import { CUT, type ImapScript } from './imap-script.ts';
import { changeItem, uidOf } from './imap-wire.ts';
import { mail } from './mail.ts';
import { type ScriptedImap, startScriptedImap } from './scripted-imap.ts';

const server = inject('dovecot');
const user = (name: string) => `scripted-${name}@example.com`;
const started: ScriptedImap[] = [];

const start = async (script: ImapScript = {}) => {
  const proxy = await startScriptedImap(server, script);
  started.push(proxy);
  return { ...proxy, proxy, password: server.password };
};

afterEach(async () => {
  for (const proxy of started.splice(0)) await proxy.close();
});

/** A client that says what it is told to, and reads what comes, without an opinion. */
async function talk(port: number) {
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text;
  });
  await once(socket, 'connect');
  return {
    socket,
    say: (text: string) => socket.write(text, 'latin1'),
    hear: async (pattern: RegExp) => {
      while (!pattern.test(heard)) await once(socket, 'data');
      const found = heard;
      heard = '';
      return found;
    },
  };
}

const login = (name: string) => `a1 LOGIN ${user(name)} ${server.password}\r\n`;

describe('without a script', () => {
  it('a mail goes in and comes out as it is, with its literals, and IDLE tells of another', async () => {
    const { proxy, ...place } = await start();
    const name = user('plain');
    const raw = Buffer.from(
      mail({ From: 'a@b.example', Subject: 'x' }, `\xe9{3}\r\n${'0123456789\r\n'.repeat(20_000)}`),
    );
    const at = { server: place };
    await withClient(name, (client) => client.append('INBOX', raw), at);
    await withClient(
      name,
      async (client) => {
        const { source } = (await client.fetchOne('1', { source: true })) || {};
        expect(source?.equals(raw)).toBe(true);
        const told = once(client, 'exists');
        const idle = client.idle();
        await deliver(server, name, [mail({ From: 'a@b.example', Subject: 'y' })]);
        expect((await told)[0]).toMatchObject({ count: 2 });
        expect(proxy.connections.map(({ isIdle, user: who }) => [isIdle, who])).toEqual([[true, name]]);
        await client.noop();
        await idle;
        expect(proxy.connections.map(({ isIdle }) => isIdle)).toEqual([false]);
      },
      at,
    );
    expect(proxy.said(/^(IDLE|DONE|APPEND)/).map((text) => text.slice(0, 6))).toEqual([
      'APPEND',
      'IDLE',
      'DONE',
    ]);
    expect(proxy.bytesSent).toBeGreaterThan(raw.length);
    proxy.forget();
    expect([proxy.commands, proxy.bytesSent]).toEqual([[], 0]);
  });

  it('a literal that waits for leave gets it, and PLAIN is answered without an initial response', async () => {
    const { proxy } = await start();
    const client = await talk(proxy.imapPort);
    await client.hear(/^\* OK/);
    client.say(`a1 LOGIN {${user('sync').length}}\r\n`);
    await client.hear(/^\+ /);
    client.say(`${user('sync')} {${server.password.length}}\r\n`);
    await client.hear(/^\+ /);
    client.say(`${server.password}\r\na2 LOGOUT\r\n`);
    await client.hear(/a1 OK[\s\S]*a2 OK/);
    expect(proxy.commands[0]).toMatchObject({ tag: 'a1', user: user('sync'), connection: 1 });
    const other = await talk(proxy.imapPort);
    await other.hear(/^\* OK/);
    other.say('b1 AUTHENTICATE PLAIN\r\n');
    await other.hear(/^\+ /);
    other.say(`${Buffer.from(`\0${user('sasl')}\0${server.password}`).toString('base64')}\r\nb2 NOOP\r\n`);
    await other.hear(/b1 OK[\s\S]*b2 OK/);
    expect(proxy.commands.at(-1)).toMatchObject({ text: 'NOOP', connection: 2, user: user('sasl') });
    other.socket.destroy();
  });

  it('STARTTLS hands everything over', async () => {
    const { proxy } = await start();
    const client = new ImapFlow({
      host: 'localhost',
      port: proxy.imapPort,
      secure: false,
      doSTARTTLS: true,
      tls: { rejectUnauthorized: false },
      auth: { user: user('tls'), pass: server.password },
      logger: false,
    });
    await client.connect();
    await client.mailboxOpen('INBOX');
    await client.logout();
    expect(proxy.said(/LOGIN|AUTH/)).toEqual([]);
    expect(proxy.said(/STARTTLS/)).toEqual(['STARTTLS']);
  });
});

describe('a script', () => {
  it('tells of other capabilities wherever they are told of', async () => {
    const { proxy } = await start({
      capabilities: (list) => [...list.filter((each) => each !== 'IDLE'), 'X-GM-EXT-1'],
    });
    const client = await talk(proxy.imapPort);
    const greeting = await client.hear(/\n/);
    client.say('a0 CAPABILITY\r\n');
    const asked = await client.hear(/a0 OK/);
    client.say(login('caps'));
    const after = await client.hear(/a1 OK[^\n]*\n/);
    for (const said of [greeting, asked, after]) {
      expect(said).toMatch(/CAPABILITY IMAP4rev1[^\]\r]* X-GM-EXT-1/);
      expect(said).not.toMatch(/ IDLE/);
    }
    client.socket.destroy();
  });

  it('answers itself, asks something else, and changes what comes, for as many commands as it says', async () => {
    const { proxy } = await start({
      on: [
        { command: /^NOOP$/, skip: 1, times: 1, act: { reply: ['* 7 EXISTS', 'NO [INUSE] Busy'] } },
        { command: /^CREATE/, act: ({ text }) => ({ send: text.replace('Wanted', 'Given') }) },
        { command: /^LIST/, act: { tagged: (text) => text.replace(/OK .*/, 'OK Success [THROTTLED]') } },
        {
          command: /^STATUS/,
          act: ({ text }) => (text.includes('Given') ? { untagged: () => undefined } : undefined),
        },
      ],
      untagged: (line) => line.replace('Given', 'Seen'),
    });
    const client = await talk(proxy.imapPort);
    client.say(`${login('acts')}a2 NOOP\r\n`);
    await client.hear(/a2 OK/);
    client.say('a3 NOOP\r\n');
    expect(await client.hear(/a3 [^\n]*\n/)).toBe('* 7 EXISTS\r\na3 NO [INUSE] Busy\r\n');
    client.say('a4 NOOP\r\n');
    await client.hear(/a4 OK/);
    client.say('a5 CREATE Wanted\r\na6 LIST "" "*"\r\n');
    expect(await client.hear(/a6 [^\n]*\n/)).toMatch(/ Seen\r\n[\s\S]*a6 OK Success \[THROTTLED\]\r\n$/);
    client.say('a7 STATUS Given (MESSAGES)\r\n');
    expect(await client.hear(/a7 [^\n]*\n/)).toMatch(/^a7 OK/);
    client.say('a8 STATUS INBOX (MESSAGES)\r\n');
    expect(await client.hear(/a8 [^\n]*\n/)).toMatch(/^\* STATUS INBOX/);
    client.socket.destroy();
  });

  it('changes rows by their UID, and is added to and taken from while it runs', async () => {
    const { proxy, ...place } = await start();
    const name = user('rows');
    await deliver(
      server,
      name,
      [1, 2].map((n) => mail({ From: 'a@b.example', Subject: `${n}` }, '* 9 FETCH (UID 1 RFC822.SIZE 1)')),
    );
    const fetchAll = () =>
      withClient(name, (client) => client.fetchAll('1:*', { size: true, source: true }), { server: place });
    const honest = await fetchAll();
    const remove = proxy.add({
      command: /^(UID )?FETCH/,
      act: {
        untagged: (line) => {
          if (uidOf(line) === 1) return undefined;
          return changeItem(
            changeItem(line, 'RFC822.SIZE', (size) => `${Number(size) * 2}`),
            'BODY[]',
            () => 'NIL',
          );
        },
      },
    });
    const changed = await fetchAll();
    expect(changed.map(({ uid, size, source }) => ({ uid, size, source }))).toEqual([
      { uid: 2, size: 2 * (honest[1]?.size ?? 0), source: false },
    ]);
    remove();
    expect(await fetchAll()).toEqual(honest);
  });

  it('delays, and what comes after waits too', async () => {
    const { proxy } = await start({ on: [{ command: /^LOGIN/, act: { delayMs: 150 } }] });
    const client = await talk(proxy.imapPort);
    await client.hear(/^\* OK/);
    const begun = performance.now();
    client.say(`${login('delay')}a2 NOOP\r\n`);
    expect(await client.hear(/a2 OK/)).toMatch(/^a1 OK/);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(145);
    client.socket.destroy();
  });

  it('cuts at a command, at a line, in the middle of a line, or after BYE', async () => {
    const { proxy } = await start({
      on: [
        { command: /^NOOP/, act: { cut: true } },
        { command: /^CHECK/, act: { bye: 'Connection closed. 14' } },
        { command: /^LIST/, act: { untagged: () => CUT } },
        { command: /^STATUS/, act: { untagged: (line) => ({ cutAfter: line.slice(0, 8) }) } },
        { command: /^LSUB/, act: { tagged: () => CUT } },
      ],
    });
    const heardUpToTheEnd = async (command: string) => {
      const client = await talk(proxy.imapPort);
      client.say(login('cut'));
      await client.hear(/a1 OK[^\n]*\n/);
      let heard = '';
      client.socket.on('data', (text: string) => {
        heard += text;
      });
      client.say(`a2 ${command}\r\n`);
      await once(client.socket, 'close');
      return heard;
    };
    expect(await heardUpToTheEnd('NOOP')).toBe('');
    expect(await heardUpToTheEnd('CHECK')).toBe('* BYE Connection closed. 14\r\n');
    expect(await heardUpToTheEnd('LIST "" INBOX')).toBe('');
    expect(await heardUpToTheEnd('STATUS INBOX (MESSAGES)')).toBe('* STATUS');
    expect(await heardUpToTheEnd('LSUB "" Nothing')).toBe('');
    expect(proxy.connections).toEqual([]);
  });

  it('says something into an IDLE, ends it with BYE, or forgets the connection without a word', async () => {
    const { proxy } = await start({
      on: [
        { command: /^IDLE/, times: 1, act: { later: { ms: 20, say: '* 3 EXISTS' } } },
        { command: /^IDLE/, act: { later: { ms: 20, bye: 'Connection closed. 14' } } },
      ],
    });
    const idle = async () => {
      const client = await talk(proxy.imapPort);
      client.say(`${login('idle')}a2 SELECT INBOX\r\n`);
      await client.hear(/a2 OK[^\n]*\n/);
      client.say('a3 IDLE\r\n');
      return client;
    };
    const first = await idle();
    await first.hear(/\* 3 EXISTS\r\n/);
    first.say('DONE\r\n');
    await first.hear(/a3 OK/);
    const second = await idle();
    await second.hear(/\* BYE Connection closed\. 14\r\n$/);
    proxy.connections[0]?.silence();
    first.say('a4 NOOP\r\n');
    const answered = first.hear(/a4/).then(
      () => 'answered',
      () => 'cut',
    );
    expect(
      await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 100, 'nothing'))]),
    ).toBe('nothing');
    expect(proxy.connections.map(({ number, isOpen }) => [number, isOpen])).toEqual([[1, true]]);
    first.socket.destroy();
  });

  it('asks several things in place of one', async () => {
    const { proxy } = await start({
      on: [{ command: /^NOOP/, act: { send: ['CREATE Made', 'STATUS Made (MESSAGES)'] } }],
    });
    const client = await talk(proxy.imapPort);
    client.say(`${login('several')}`);
    await client.hear(/a1 OK[^\n]*\n/);
    client.say('a2 NOOP\r\na3 CHECK\r\n');
    expect(await client.hear(/a3 [^\n]*\n/)).toMatch(
      /^\* STATUS Made \(MESSAGES 0\)\r\na2 OK[^\n]*\na3 [^\n]*\n$/,
    );
    client.socket.destroy();
  });

  it('has a rule of a test before those of the script, which see what it leaves', async () => {
    const { proxy } = await start({
      on: [
        { command: /^STATUS Given/, act: { untagged: (line) => line.replace('MESSAGES', 'messages') } },
        { command: /^CHECK/, act: { reply: ['* 7 EXISTS', 'OK Checked'] } },
      ],
    });
    const client = await talk(proxy.imapPort);
    client.say(`${login('layers')}a2 CREATE Given\r\n`);
    await client.hear(/a2 [^\n]*\n/);
    const changes = {
      untagged: (line: string) => line.replace('messages', 'Messages'),
      tagged: () => 'OK Mine',
    };
    const remove = proxy.add({ command: /^STATUS/, act: { send: 'STATUS Given (MESSAGES)', ...changes } });
    proxy.add({ command: /^CHECK/, act: { tagged: (text) => `${text}, and said` } });
    client.say('a3 STATUS INBOX (MESSAGES)\r\n');
    expect(await client.hear(/a3 [^\n]*\n/)).toBe('* STATUS Given (Messages 0)\r\na3 OK Mine\r\n');
    client.say('a4 CHECK\r\n');
    expect(await client.hear(/a4 [^\n]*\n/)).toBe('* 7 EXISTS\r\na4 OK Checked, and said\r\n');
    remove();
    client.say('a5 STATUS Given (MESSAGES)\r\n');
    expect(await client.hear(/a5 OK[^\n]*\n/)).toMatch(/^\* STATUS Given \(messages 0\)\r\na5 OK S/);
    client.socket.destroy();
  });

  it('swallows a command', async () => {
    const { proxy } = await start({ on: [{ command: /^NOOP/, times: 1, act: { swallow: true } }] });
    const client = await talk(proxy.imapPort);
    client.say(`${login('swallow')}a2 NOOP\r\na3 NOOP\r\n`);
    expect(await client.hear(/a3 OK/)).not.toContain('a2');
    client.socket.destroy();
  });

  it('leaves the mailbox to the server', async () => {
    const name = user('store');
    await deliver(server, name, [mail({ From: 'a@b.example', Subject: 'x' })]);
    const { proxy, ...place } = await start({
      on: [{ command: /^UID STORE .*\(later\)/, act: { reply: 'OK STORE completed.' } }],
    });
    await withClient(
      name,
      async (client) => {
        expect(await client.messageFlagsAdd('1', ['later'], { uid: true })).toBe(true);
        await client.messageFlagsAdd('1', ['kept'], { uid: true });
      },
      { server: place },
    );
    expect(await contentOf(name)).toEqual([{ uid: 1, flags: ['kept'] }]);
    expect(proxy.said(/^UID STORE/)).toHaveLength(2);
  });
});
