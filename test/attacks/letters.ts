/** Whose history an attack is after: a customer of the lamp shop, with a case that is pending. */
export interface Victim {
  readonly number: number;
  readonly address: string;
  /** The external id of the case. */
  readonly order: string;
}

export const SHOP = 'shop.example';
export const ORDERS = 'orders@shop.example';
export const SUPPORT = 'support@shop.example';
export const MALLORY = 'mallory@evil.example';

export function victim(number: number): Victim {
  return { number, address: `joe-${number}@customer.example`, order: `order-${number}` };
}

/** Of the mail that the customer's case began with. */
export function firstMessageId({ order }: Victim): string {
  return `<first.${order}@shop.example>`;
}

/** A header field as it is to stand there, perhaps several times, or not at all. */
type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Writes a message; a name that stands in `changes` too, in the same letters, keeps its place. */
function letter(fields: Fields, changes: Fields, body: string): string {
  const lines = Object.entries({ ...fields, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each) => `${name}: ${each}\r\n`),
  );
  return `${lines.join('')}\r\n${body}\r\n`;
}

/** Header fields that the shop's own system writes. */
export function instructions({ address, order }: Victim): Record<string, string> {
  return {
    'x-desk-customer-email': `"Joe Customer" <${address}>`,
    'x-desk-case-external-id': order,
    'x-desk-case-status': 'resolved',
    'x-desk-case-labels': 'shipped',
    'x-desk-interaction-direction': 'out',
  };
}

/** What the shop sends to its customer, with the mailbox in Bcc. */
export function shopMail(
  to: Victim,
  changes: Fields = {},
  body = `Order ${to.number} is on its way.`,
): string {
  const fields = {
    From: `Lamp Shop <${ORDERS}>`,
    To: `Joe Customer <${to.address}>`,
    Subject: `Your order ${to.number}`,
    Date: 'Mon, 09 Nov 2026 08:15:00 +0000',
    'Message-ID': `<${to.number}.${serial()}@shop.example>`,
    ...instructions(to),
    'MIME-Version': '1.0',
    'Content-Type': 'text/plain; charset=utf-8',
  };
  return letter(fields, changes, body);
}

/** What a stranger writes, in his own name or another's, to have another's case. */
export function strangersMail(of: Victim, changes: Fields = {}, body = `Please close ${of.number}.`): string {
  const fields = {
    From: `Mallory <${MALLORY}>`,
    To: SUPPORT,
    Subject: `About order ${of.number}`,
    Date: 'Mon, 09 Nov 2026 09:15:00 +0000',
    'Message-ID': `<${of.number}.${serial()}@evil.example>`,
    ...demands(of),
  };
  return letter(fields, changes, body);
}

/** Header fields that would do harm. */
export function demands({ address, order }: Victim): Record<string, string> {
  return {
    'x-desk-customer-email': address,
    'x-desk-customer-company': 'Taken Over Ltd',
    'x-desk-case-external-id': order,
    'x-desk-case-status': 'closed',
    'x-desk-case-labels': 'stolen',
    'x-desk-interaction-direction': 'out',
  };
}

let serials = 0;

function serial(): number {
  serials += 1;
  return serials;
}

/** Puts lines before everything else. */
export function onTop(message: string, ...lines: readonly string[]): string {
  return `${lines.map((line) => `${line}\r\n`).join('')}${message}`;
}

/** Puts lines behind the last header field. */
export function atTheEnd(message: string, ...lines: readonly string[]): string {
  return message.replace('\r\n\r\n', () => `\r\n${lines.join('\r\n')}\r\n\r\n`);
}

/** Replaces what stands there for certain. */
export function changed(message: string, from: string | RegExp, to: string): string {
  const result = message.replace(from, () => to);
  if (result === message) throw new Error(`${from} does not stand in the message`);
  return result;
}

/** Takes a field away, with all the lines it is folded over. */
export function without(message: string, name: string): string {
  return changed(message, new RegExp(`^${name}:.*\\r\\n(?:[ \\t].*\\r\\n)*`, 'im'), '');
}

/** Bytes in which something beyond text stands, from a message in latin1. */
export function bytes(message: string): Buffer {
  return Buffer.from(message, 'latin1');
}

/** The mail in another one, as it is forwarded as an attachment. */
export function forwarded(outer: string, inner: string): string {
  const mixed = 'Content-Type: multipart/mixed; boundary=outer';
  const parts = [
    ...['--outer', 'Content-Type: text/plain', '', 'See what I got.'],
    ...['--outer', 'Content-Type: message/rfc822', '', inner.trimEnd(), '--outer--'],
  ];
  return atTheEnd(outer, 'MIME-Version: 1.0', mixed).replace(
    /\r\n\r\n[\s\S]*$/,
    () => `\r\n\r\n${parts.join('\r\n')}\r\n`,
  );
}
