import type { FaultMail, Making } from './fault-mails.ts';
import type { Chance } from './random.ts';

const FIRST_NAMES = ['Joe', 'Åsa', 'Amelia', 'José', 'Nikos', '美咲'];
const LAST_NAMES = ['Customer', 'Öberg', 'Okafor', 'García', 'van Dijk', '佐藤'];
const STATUSES = ['resolved', 'closed', 'Resolved', 'pending', 'open'];
const LABELS = ['order', 'shipping', 'invoice', 'lamps', 'returns'];
const LANGUAGES = ['en', 'ES', 'pt-BR', 'ja'];

/** How many mails share an order, on average; and how many customers there are for each of them. */
const MAILS_PER_ORDER = 4;

/** One mail in so many is large; how large, in bytes. */
const LARGE_EVERY = 100;
const LARGE_BYTES = [1_000_000, 2_000_000] as const;

interface Person {
  readonly name: string;
  readonly address: string;
  readonly customerId: string;
}

/** What a mail is written of. */
interface Draft {
  readonly fields: Readonly<Record<string, string>>;
  readonly text: string;
  readonly of: Omit<FaultMail, 'raw' | 'token' | 'subject' | 'messageId'> & { messageId?: string };
  readonly subject: string;
}

/** What the shop sends to a customer, with the support mailbox in Bcc: several mails on one order, not all to one person. */
export function fromShop(making: Making): FaultMail {
  const { luck, number } = making;
  const order = luck.between(1, Math.ceil(number / MAILS_PER_ORDER));
  const person = luck.happens(0.9) ? personOf(order) : anybody(making);
  const externalId = luck.happens(0.85) ? `ORDER-${order}` : undefined;
  const fields = {
    From: 'Lamp Shop <shop@example.com>',
    To: mailAddress(person),
    'X-Desk-Customer-Email': mailAddress(person),
    'x-desk-interaction-direction': 'out',
    'x-desk-case-status': luck.pick(STATUSES),
    'x-desk-case-labels': `${luck.pick(LABELS)}, ${luck.pick(LABELS)}`,
    ...(externalId && { 'x-desk-case-external-id': externalId }),
    ...(luck.happens(0.3) && { 'x-desk-customer-external-id': person.customerId }),
    ...(luck.happens(0.3) && { 'x-desk-case-custom-total': `${number}.00 EUR` }),
    ...(luck.happens(0.3) && { 'x-desk-customer-custom-tier': luck.pick(['gold', 'silver']) }),
    ...(luck.happens(0.2) && { 'x-desk-case-language': luck.pick(LANGUAGES) }),
    ...(luck.happens(0.2) && { 'x-desk-case-priority': String(luck.between(0, 11)) }),
  };
  const of = { customer: person.address, direction: 'out', ...(externalId && { externalId }) } as const;
  return write(making, { fields, text: `Your order ${order} is on its way.`, of, subject: `Order ${order}` });
}

/** A newsletter: one Message-ID and one external id for many customers, and to each of them a mail of its own. */
export function newsletter(making: Making): FaultMail {
  const person = anybody(making);
  const issue = Math.ceil(making.number / 100);
  const externalId = `NEWS-${issue}`;
  const fields = {
    From: 'news@example.com',
    To: mailAddress(person),
    'x-desk-customer-email': person.address,
    'x-desk-case-external-id': externalId,
    'x-desk-case-status': 'closed',
    'x-desk-interaction-direction': 'out',
    'List-Unsubscribe': '<https://example.com/unsubscribe>',
  };
  const messageId = `news-${issue}@example.com`;
  const of = { customer: person.address, direction: 'out', externalId, messageId } as const;
  return write(making, { fields, text: 'Long evenings, warm light.', of, subject: `News ${issue}` });
}

/** What a customer writes, of their own accord or as an answer, now and then without quoting what it answers. */
export function fromCustomer(making: Making, answered?: FaultMail): FaultMail {
  const { luck, user, token } = making;
  const person = anybody(making);
  const customer = answered && luck.happens(0.9) ? answered.customer : person.address;
  const from = luck.happens(0.2) ? customer.replace('customer', 'Customer') : `${person.name} <${customer}>`;
  const fields = { From: encoded(from), To: user, ...(answered && references(luck, answered)) };
  const subject = answered ? `Re: ${answered.subject}` : `A question about lamp ${token}`;
  const text = answered
    ? `Thank you.\r\n\r\n> ${answered.token}\r\n> ${answered.subject}`
    : 'Is it in stock?';
  return write(making, { fields, text, of: { customer, direction: 'in' }, subject });
}

/** The answer of an agent who has the support mailbox in Cc. */
export function fromAgent(making: Making, answered: FaultMail): FaultMail {
  const fields = {
    From: 'Ann Agent <ann@example.com>',
    To: answered.customer,
    Cc: making.user,
    ...references(making.luck, answered),
  };
  const of = { customer: answered.customer, direction: 'out' } as const;
  return write(making, { fields, text: 'We have looked into it.', of, subject: `Re: ${answered.subject}` });
}

export function outOfOffice(making: Making, answered: FaultMail): FaultMail {
  const fields = {
    From: answered.customer,
    To: making.user,
    'Auto-Submitted': 'auto-replied',
    ...references(making.luck, answered),
  };
  const of = { customer: answered.customer, direction: 'in' } as const;
  return write(making, { fields, text: 'I am back on Monday.', of, subject: `Out: ${answered.subject}` });
}

function references(luck: Chance, { messageId }: FaultMail): Record<string, string> {
  const id = `<${messageId}>`;
  return luck.happens(0.7)
    ? { 'In-Reply-To': id, References: `<elsewhere@example.org> ${id}` }
    : { References: id };
}

/** The person whose order it is. Each two addresses share a customer's id, so that one customer can have both. */
function personOf(order: number): Person {
  const name = `${FIRST_NAMES[order % 6]} ${LAST_NAMES[order % 5]}`;
  return { name, address: `customer-${order}@mail.example`, customerId: `C-${Math.ceil(order / 2)}` };
}

function anybody({ luck, number }: Making): Person {
  return personOf(luck.between(1, Math.ceil(number / MAILS_PER_ORDER) + 2));
}

function mailAddress({ name, address }: Person): string {
  return encoded(`"${name}" <${address}>`);
}

/** Names that are not ASCII as encoded words (RFC 2047). */
function encoded(field: string): string {
  return field.replace(/"?([^"<]*[^\0-\x7f][^"<]*?)"? (?=<)/, (_all, name: string) => {
    return `=?utf-8?b?${Buffer.from(name.trim()).toString('base64')}?= `;
  });
}

function write(making: Making, { fields, text, of, subject }: Draft): FaultMail {
  const { luck, number, token } = making;
  const messageId = of.messageId ?? `${token}@mail.example`;
  const date = new Date(Date.UTC(2026, 10, 9, 8, 0, number)).toUTCString().replace('GMT', '+0000');
  const head = { 'Message-ID': `<${messageId}>`, Date: date, Subject: subject, ...fields };
  const content = body(luck, number, `${token}\r\n${text}`);
  const lines = Object.entries({ ...head, ...content.fields }).map(([name, value]) => `${name}: ${value}`);
  return { token, subject, ...of, messageId, raw: `${lines.join('\r\n')}\r\n\r\n${content.body}\r\n` };
}

/** Mostly plain text; some is HTML alone, some has a file with it, and a few of those are large. */
function body(luck: Chance, number: number, text: string): { fields: Record<string, string>; body: string } {
  const isLarge = number % LARGE_EVERY === LARGE_EVERY / 2;
  if (!isLarge && luck.happens(0.8)) return { fields: {}, body: text };
  if (!isLarge && luck.happens(0.5)) {
    const html = `<p>${text.split('\r\n').join('</p>\r\n<p>')}</p>`;
    return { fields: { 'Content-Type': 'text/html; charset=utf-8' }, body: html };
  }
  const size = isLarge ? luck.between(...LARGE_BYTES) : luck.between(100, 5_000);
  const file = Buffer.alloc(Math.ceil((size * 3) / 4), `file ${number} `).toString('base64');
  const parts = [
    `Content-Type: text/plain; charset=utf-8\r\n\r\n${text}`,
    'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=file.bin\r\n' +
      `Content-Transfer-Encoding: base64\r\n\r\n${file.replace(/.{76}/g, '$&\r\n')}`,
  ];
  return {
    fields: { 'MIME-Version': '1.0', 'Content-Type': 'multipart/mixed; boundary=part' },
    body: `${parts.map((part) => `--part\r\n${part}\r\n`).join('')}--part--`,
  };
}
