let counter = 0;

/** Writes a message: header fields as given, a fresh Message-ID and Date where there are none. */
export function mail(fields: Record<string, string | readonly string[]>, body = 'Hello.'): string {
  counter += 1;
  const given = new Map(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), { name, value }]));
  const complete = [
    ...(given.has('message-id') ? [] : [`Message-ID: <test-${process.pid}-${counter}@mail.example>`]),
    ...(given.has('date') ? [] : ['Date: Mon, 09 Nov 2026 08:15:00 +0000']),
    ...[...given.values()].flatMap(({ name, value }) => [value].flat().map((each) => `${name}: ${each}`)),
  ];
  return `${complete.join('\r\n')}\r\n\r\n${body}\r\n`;
}
