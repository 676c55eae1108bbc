import SMTPConnection from 'nodemailer/lib/smtp-connection';

export interface LmtpServer {
  readonly host: string;
  readonly lmtpPort: number;
}

/** Delivers raw messages by LMTP (RFC 2033), one after the other, so that their UIDs are in this order. */
export async function deliver(
  server: LmtpServer,
  recipients: string | readonly string[],
  messages: readonly (string | Buffer)[],
  from = 'sender@example.net',
): Promise<void> {
  const connection = new SMTPConnection({
    host: server.host,
    port: server.lmtpPort,
    lmtp: true,
    ignoreTLS: true,
  });
  await new Promise<void>((resolve, reject) => {
    connection.once('error', reject);
    connection.connect(() => resolve());
  });
  try {
    for (const message of messages) {
      await new Promise<void>((resolve, reject) => {
        connection.send({ from, to: [recipients].flat() }, message, (error) =>
          error ? reject(error) : resolve(),
        );
      });
    }
  } finally {
    const ended = new Promise((resolve) => connection.once('end', resolve));
    connection.quit();
    await ended;
  }
}
