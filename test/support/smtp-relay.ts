import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { deliver, type LmtpServer } from './deliver.ts';

/** What was handed in by SMTP. */
export interface Submission {
  /** Who logged in; undefined where nobody did. */
  readonly user: string | undefined;
  /** The recipients of the envelope (RFC 5321), whatever the header fields say. */
  readonly to: readonly string[];
  readonly source: string;
}

export interface SmtpRelay {
  readonly port: number;
  readonly login: { readonly user: string; readonly password: string };
  /** Hands out what came since the last call, in the order in which it came. */
  take(): Submission[];
  stop(): Promise<void>;
}

const LOGIN = { user: 'shop', password: 'sesame-open' };

/**
 * A company's outgoing server: takes mail by SMTP and hands it, as it came, to every recipient of the envelope by LMTP.
 * It offers STARTTLS with Dovecot's certificate, and login to whom has started it; both are left to the client.
 */
export async function startSmtpRelay(lmtp: LmtpServer & { caFile: string }): Promise<SmtpRelay> {
  let submissions: Submission[] = [];
  const [key, cert] = await Promise.all(
    ['key.pem', 'cert.pem'].map((name) => readFile(join(dirname(lmtp.caFile), name))),
  );
  const server = new SMTPServer({
    ...(key && cert && { key, cert }),
    authOptional: true,
    disableReverseLookup: true,
    logger: false,
    onAuth: ({ username, password }, _session, done) => {
      const isRight = username === LOGIN.user && password === LOGIN.password;
      done(isRight ? null : new Error('wrong user or password'), isRight ? { user: username } : undefined);
    },
    onData: (stream, { envelope, user }, done) => {
      const accept = async () => {
        const source = await buffer(stream);
        const to = envelope.rcptTo.map(({ address }) => address);
        await deliver(lmtp, to, [source], envelope.mailFrom ? envelope.mailFrom.address : '');
        submissions.push({ user, to, source: source.toString('utf8') });
      };
      accept().then(() => done(), done);
    },
  });
  // A client that breaks off is the test's to judge, by what it says and by what has come.
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  const take = () => {
    const taken = submissions;
    submissions = [];
    return taken;
  };
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { port, login: LOGIN, take, stop };
}
