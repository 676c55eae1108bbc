// A shipping notice that mailcase files, sent with nodemailer (`npm install nodemailer`; tried with 10.6):
//   SMTP_HOST=mail.example.com MAIL_FROM=shop@example.com SUPPORT_MAILBOX=support@example.com \
//     CUSTOMER_EMAIL=asa@example.org node nodemailer.mjs
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import nodemailer from 'nodemailer';

const { SMTP_HOST = 'localhost', SMTP_PORT = '587', SMTP_USER, SMTP_PASSWORD } = process.env;
const { SIGNING_KEY, SIGNING_KEY_ID, DESK_SECRET } = process.env;
const {
  MAIL_FROM,
  SUPPORT_MAILBOX,
  CUSTOMER_EMAIL,
  CUSTOMER_NAME = 'Åsa Öberg',
  ORDER = '10423',
} = process.env;

for (const [name, value] of Object.entries({ MAIL_FROM, SUPPORT_MAILBOX, CUSTOMER_EMAIL })) {
  if (value) continue;
  process.stderr.write(`set MAIL_FROM, SUPPORT_MAILBOX and CUSTOMER_EMAIL: ${name} is empty\n`);
  process.exit(2);
}

/** The signature of a mail: of its From (the address alone) and of all its x-desk- fields, as people read them. */
function signature(from, fields, { id, secret }) {
  const time = Math.floor(Date.now() / 1000);
  const nonce = randomBytes(16).toString('base64url');
  const lines = ['mailcase-signature-v1', `k=${id}`, `t=${time}`, `n=${nonce}`, `from=${from.toLowerCase()}`];
  const named = Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]);
  for (const [name, text] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    const value = text.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '');
    if (value !== '') lines.push(`${name}:${value}`);
  }
  const mac = createHmac('sha256', secret).update(lines.map((line) => `${line}\n`).join(''));
  return `v=1; k=${id}; t=${time}; n=${nonce}; s=${mac.digest('hex')}`;
}

const transport = nodemailer.createTransport({
  host: SMTP_HOST,
  port: Number(SMTP_PORT),
  secure: SMTP_PORT === '465',
  ...(SMTP_USER && { requireTLS: true, auth: { user: SMTP_USER, pass: SMTP_PASSWORD } }),
});

const message = {
  from: MAIL_FROM,
  to: { name: CUSTOMER_NAME, address: CUSTOMER_EMAIL },
  subject: `Your order ${ORDER} is on its way`,
  text: 'Your parcel has left our house.',
  // The same in both messages where there are two: the customer's answer names it.
  messageId: `<${randomUUID()}@${MAIL_FROM.split('@')[1]}>`,
};

// nodemailer encodes what is not ASCII, and makes a space of a line break. JSON quotes as a mail does: " becomes \".
const desk = {
  'x-desk-customer-email': CUSTOMER_NAME
    ? `${JSON.stringify(CUSTOMER_NAME)} <${CUSTOMER_EMAIL}>`
    : CUSTOMER_EMAIL,
  'x-desk-interaction-direction': 'out',
  'x-desk-case-external-id': `order-${ORDER}`,
  'x-desk-case-status': 'resolved',
  'x-desk-case-labels': 'order, shipping',
  'x-desk-case-custom-depot': 'Malmö',
};

try {
  if (SIGNING_KEY && SIGNING_KEY_ID) {
    // trust: hmac. The customer reads the x-headers too, and can change none of them.
    // Signed is what people read: the name without quotes, and the address alone where there is no name.
    const customer = CUSTOMER_NAME ? `${CUSTOMER_NAME} <${CUSTOMER_EMAIL}>` : CUSTOMER_EMAIL;
    const read = { ...desk, 'x-desk-customer-email': customer };
    const signed = signature(MAIL_FROM, read, { id: SIGNING_KEY_ID, secret: SIGNING_KEY });
    const headers = { ...desk, 'x-mailcase-signature': signed };
    await transport.sendMail({ ...message, bcc: SUPPORT_MAILBOX, headers });
  } else if (DESK_SECRET === undefined) {
    // trust: all. The customer reads the x-headers too; Bcc stands in nobody's copy.
    await transport.sendMail({ ...message, bcc: SUPPORT_MAILBOX, headers: desk });
  } else {
    // trust: secret. A second message for the mailbox alone: whoever sees the secret can use it.
    await transport.sendMail(message);
    await transport.sendMail({
      ...message,
      headers: { ...desk, 'x-our-secret': DESK_SECRET },
      envelope: { from: MAIL_FROM, to: SUPPORT_MAILBOX },
    });
  }
} catch (error) {
  process.stderr.write(`not sent: ${error.message}\n`);
  process.exitCode = 1;
}
