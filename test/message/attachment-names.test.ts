import { describe, expect, it } from 'vitest';
import { readFileName } from '../../src/message/file-name.ts';
import { parseMessage } from '../../src/message/parse.ts';

/** A message with one attachment, whose header is given as bytes: a string here is latin1 unless it says UTF-8. */
function messageWith(header: Buffer): Buffer {
  const hasType = /^content-type:/im.test(header.toString('latin1'));
  return Buffer.concat([
    Buffer.from(
      'From: a@b.example\r\nContent-Type: multipart/mixed; boundary=X\r\n\r\n--X\r\n\r\nHello.\r\n--X\r\n',
    ),
    Buffer.from(hasType ? '' : 'Content-Type: application/x-thing\r\n'),
    header,
    Buffer.from('\r\n\r\nabc\r\n--X--\r\n'),
  ]);
}

async function listedName(header: string, encoding: BufferEncoding = 'utf8'): Promise<string | undefined> {
  const { attachments } = await parseMessage(messageWith(Buffer.from(header, encoding)));
  expect(attachments).toHaveLength(1);
  return attachments[0]?.fileName;
}

const disposition = (parameters: string) => `Content-Disposition: attachment; ${parameters}`;

/** The trait, the parameters of a Content-Disposition, the name. */
type Row = readonly [trait: string, parameters: string, name: string | undefined];

describe('names by the rules', () => {
  it.each<Row>([
    ['a token', 'filename=a.pdf', 'a.pdf'],
    ['a quoted string', 'filename="a b;c.pdf"; size=3', 'a b;c.pdf'],
    ['quoted pairs', String.raw`filename="a \"b\" c\\d \(1\).pdf"`, String.raw`a "b" c\d (1).pdf`],
    ['any letter case, blanks around', 'FileName = "a.pdf"', 'a.pdf'],
    ['a comment behind', 'filename="a.pdf" (yes)', 'a.pdf'],
    ['folded by a blank', 'filename="a long\r\n name.pdf"', 'a long name.pdf'],
    ['folded by a tab', 'filename="a long\r\n\tname.pdf"', 'a long name.pdf'],
    ['the first of two', 'filename="a.pdf"; filename="b.pdf"', 'a.pdf'],
    ['a name that objects have', '__proto__=x; filename="__proto__"', '__proto__'],
  ])('%s', async (_trait, parameters, name) => {
    expect(await listedName(disposition(parameters))).toBe(name);
  });
});

describe('extended parameters (RFC 2231)', () => {
  it.each<Row>([
    ['UTF-8', "filename*=UTF-8''M%C3%BCller.pdf", 'Müller.pdf'],
    ['a language', "filename*=UTF-8'de'M%C3%BCller.pdf", 'Müller.pdf'],
    ['latin1', "filename*=iso-8859-1''M%FCller.pdf", 'Müller.pdf'],
    ['windows-1252', "filename*=windows-1252''%80%20100.pdf", '€ 100.pdf'],
    ['GB 2312', "filename*=gb2312''%D6%D0%CE%C4.doc", '中文.doc'],
    ['ISO-2022-JP', "filename*=iso-2022-jp''%1B$B%46%7C%4B%5C%1B%28B.txt", '日本.txt'],
    ['Shift_JIS, second bytes not encoded', "filename*=shift_jis''%83A%83%7D.txt", 'アマ.txt'],
    ['in quotation marks', `filename*="UTF-8''M%C3%BCller.pdf"`, 'Müller.pdf'],
    ['an apostrophe in the name', "filename*=UTF-8''it's%20o'clock.pdf", "it's o'clock.pdf"],
    ['an equals sign and an underscore', "filename*=UTF-8''a=20b_c.pdf", 'a=20b_c.pdf'],
    [
      'pieces',
      'filename*0*=UTF-8\'\'Rechnung%20; filename*1*=f%C3%BCr ; filename*2=".pdf"',
      'Rechnung für.pdf',
    ],
    ['pieces in another order', 'filename*1=b.pdf; filename*0=a', 'ab.pdf'],
    ['twelve pieces', [...'abcdefghijkl'].map((c, n) => `filename*${n}=${c}`).join('; '), 'abcdefghijkl'],
    ['pieces that cut a character', "filename*0*=UTF-8''f%C3; filename*1*=%BCr.pdf", 'für.pdf'],
    ['a percent sign in a piece without star', `filename*0*=UTF-8''%C3%BC; filename*1="100%25"`, 'ü100%25'],
    [
      'an encoded word that is one',
      "filename*=utf-8''a%3D%3Futf-8%3FQ%3F%3D2Eexe%3F%3D",
      'a=?utf-8?Q?=2Eexe?=',
    ],
    ['before its stand-in', `filename="Muller.pdf"; filename*=UTF-8''M%C3%BCller.pdf`, 'Müller.pdf'],
    ['after its stand-in', `filename*=UTF-8''M%C3%BCller.pdf; filename="Muller.pdf"`, 'Müller.pdf'],
    ['pieces and a stand-in', 'filename="x.pdf"; filename*0="real "; filename*1="name.pdf"', 'real name.pdf'],
    ['whole, and in pieces too', "filename*=UTF-8''%C3%BC.pdf; filename*0=u; filename*1=.pdf", 'ü.pdf'],
  ])('%s', async (_trait, parameters, name) => {
    expect(await listedName(disposition(parameters))).toBe(name);
  });
});

describe('extended parameters that are broken', () => {
  it.each<Row>([
    ['bytes that are no UTF-8', "filename*=UTF-8''M%FCller%80.pdf", 'Müller€.pdf'],
    ['the same, in pieces', "filename*0*=UTF-8''M%FC; filename*1*=ller.pdf", 'Müller.pdf'],
    ['cut within a character', "filename*=UTF-8''f%C3%BCr%20%E2%82%AC%C3", 'für €Ã'],
    ['a character that the sender had lost', "filename*=UTF-8''M%EF%BF%BDller.pdf", 'M\uFFFDller.pdf'],
    ['an unknown charset', "filename*=x-unknown''M%C3%BCller.pdf", 'Müller.pdf'],
    ['an unknown charset, no UTF-8', "filename*=x-unknown''M%FCller.pdf", 'Müller.pdf'],
    ['an empty charset', "filename*=''M%C3%BCller.pdf", 'Müller.pdf'],
    ['no charset', 'filename*=M%C3%BCller.pdf', 'Müller.pdf'],
    ['no charset, an apostrophe', "filename*=it's%20o'clock.pdf", "it's o'clock.pdf"],
    ['no charset, in pieces', 'filename*0*=M%C3%BC; filename*1*=ller.pdf', 'Müller.pdf'],
    ['no charset, stars from the second on', 'filename*0=a; filename*1*=%C3%BC.pdf', 'aü.pdf'],
    ['one apostrophe', "filename*=UTF-8'M%C3%BCller.pdf", "UTF-8'Müller.pdf"],
    ['percent signs that encode nothing', "filename*=UTF-8''100%zz%2.pdf", '100%zz%2.pdf'],
    ['the first piece missing', 'filename*1*=f%C3%BCr; filename*2=".pdf"', 'für.pdf'],
    ['counted from one', 'filename*1*=UTF-8\'\'f%C3%BCr; filename*2=".pdf"', 'für.pdf'],
    ['a piece missing in between', "filename*0*=UTF-8''a; filename*2*=c.pdf", 'ac.pdf'],
    ['a piece twice', 'filename*0=a; filename*0=b; filename*1=c', 'ac'],
    ['a blank before the star', "filename *=UTF-8''a.pdf", 'a.pdf'],
    ['an encoded word instead', 'filename*="=?UTF-8?B?TcO8bGxlci5wZGY=?="', 'Müller.pdf'],
    ['an encoded word in pieces', 'filename*0="=?UTF-8?B?TcO8bGxl"; filename*1="ci5wZGY=?="', 'Müller.pdf'],
    ['empty, with a stand-in', `filename="Muller.pdf"; filename*=UTF-8''`, 'Muller.pdf'],
    ['with holes, with a stand-in', `filename="Zhong.doc"; filename*=gb2312''%FF%FF.doc`, 'Zhong.doc'],
  ])('%s', async (_trait, parameters, name) => {
    expect(await listedName(disposition(parameters))).toBe(name);
  });

  it('raw bytes, in the charset that is said', async () => {
    const name = disposition("filename*=iso-8859-1''M\xfcller%20%FC.pdf");
    expect(await listedName(name, 'latin1')).toBe('Müller ü.pdf');
    expect(await listedName(disposition("filename*=UTF-8''Müller.pdf"))).toBe('Müller.pdf');
  });
});

describe('encoded words, which do not belong here', () => {
  it.each<Row>([
    ['quoted', 'filename="=?UTF-8?Q?M=C3=BCller.pdf?="', 'Müller.pdf'],
    ['several, folded', 'filename="=?UTF-8?B?TcO8?=\r\n =?UTF-8?B?bGxlci5wZGY=?="', 'Müller.pdf'],
    ['that cut a character', 'filename="=?UTF-8?B?TcM=?= =?UTF-8?B?vGxsZXIucGRm?="', 'Müller.pdf'],
    ['among other text', 'filename="pre =?UTF-8?Q?=C3=BC?= post.pdf"', 'pre ü post.pdf'],
    ['with blanks inside', 'filename="=?UTF-8?Q?M=C3=BCller report.pdf?="', 'Müller report.pdf'],
    ['without quotation marks', 'filename==?UTF-8?Q?M=C3=BCller.pdf?=; size=3', 'Müller.pdf'],
    ['without them, with a semicolon', 'filename==?UTF-8?Q?a;b.pdf?=; size=3', 'a;b.pdf'],
    ['an unknown charset', 'filename="=?x-foo?Q?M=C3=BCller.pdf?="', 'Müller.pdf'],
    ['never closed', 'filename="=?UTF-8?Q?M=C3=BCller.pdf"', '=?UTF-8?Q?M=C3=BCller.pdf'],
  ])('%s', async (_trait, parameters, name) => {
    expect(await listedName(disposition(parameters))).toBe(name);
  });
});

describe('seen in practice', () => {
  it.each<Row>([
    ['blanks without quotation marks', 'filename=My report 2026.pdf; size=3', 'My report 2026.pdf'],
    ['brackets without quotation marks', 'filename=report (1).pdf', 'report (1).pdf'],
    ['a quotation mark missing', 'filename="My report.pdf', 'My report.pdf'],
    ['quotation marks inside', 'filename="a "b" c.pdf"; size=3', 'a "b" c.pdf'],
    ['a semicolon missing behind', 'filename="a.pdf" size="3"', 'a.pdf'],
    ['a semicolon missing before', 'size=3 filename="a.pdf"', 'a.pdf'],
    ['single quotes', "filename='My report.pdf'", "'My report.pdf'"],
    ['percent signs that are the name', 'filename="M%C3%BC 100%25.pdf"', 'M%C3%BC 100%25.pdf'],
    ['a path', 'filename="../../etc/passwd"', '../../etc/passwd'],
    ['a Windows path', String.raw`filename="C:\x\y.exe"`, String.raw`C:\x\y.exe`],
    ['a Windows path, escaped', String.raw`filename="C:\\x\\y.exe"`, String.raw`C:\x\y.exe`],
    ['a Windows path, no quotation marks', String.raw`filename=C:\x\y.exe`, String.raw`C:\x\y.exe`],
    ['a NUL', 'filename="a\0b.pdf"', 'a\uFFFDb.pdf'],
    ['a NUL, encoded', "filename*=UTF-8''a%00b.pdf", 'a\uFFFDb.pdf'],
    ['line ends, encoded', "filename*=UTF-8''a%0D%0Ab%C2%85c%E2%80%A8d%0Be.pdf", 'a b c d e.pdf'],
    ['line ends that are none of mail', 'filename="a\u2028b\u0085c.exe"', 'a b c.exe'],
    ['an escape sequence', 'filename="a\x1b[31mb\x07.pdf"', 'a\x1b[31mb\x07.pdf'],
    ['text that runs backwards', 'filename="a\u202egpj.exe"', 'a\u202egpj.exe'],
    ['half a character, encoded', "filename*=utf-16be''%D8%3D%00a", '\uFFFDa'],
    ['5,000 characters', `filename="${'x'.repeat(4_996)}.pdf"`, 'x'.repeat(1_000)],
    ['cut at a character of two halves', `filename="a${'😀'.repeat(2_500)}.pdf"`, `a${'😀'.repeat(499)}`],
    ['empty', 'filename=""', undefined],
    ['empty, no quotation marks', 'filename=', undefined],
    ['blanks alone', 'filename="   "', undefined],
  ])('%s', async (_trait, parameters, name) => {
    expect(await listedName(disposition(parameters))).toBe(name);
  });

  it.each([
    ['UTF-8', Buffer.from(disposition('filename="Müller – 5 €.pdf"')), 'Müller – 5 €.pdf'],
    ['UTF-8, ending in a byte like a blank', Buffer.from(disposition('filename=voilà')), 'voilà'],
    ['latin1', Buffer.from(disposition('filename="M\xfcller.pdf"'), 'latin1'), 'Müller.pdf'],
    ['windows-1252', Buffer.from(disposition('filename="5 \x80 \x93x\x94.pdf"'), 'latin1'), '5 € “x”.pdf'],
    ['latin1 in name', Buffer.from('Content-Type: a/b; name="M\xfcller.pdf"', 'latin1'), 'Müller.pdf'],
  ])('raw bytes: %s', async (_trait, header, name) => {
    expect((await parseMessage(messageWith(header))).attachments[0]?.fileName).toBe(name);
  });
});

describe('where a name stands', () => {
  const type = (parameters: string) => `Content-Type: application/pdf; ${parameters}`;

  it.each([
    ['only in Content-Type', type('name="a.pdf"'), 'a.pdf'],
    ['only in Content-Type, extended', type("name*=utf-8''%C3%BC.pdf"), 'ü.pdf'],
    ['in both, different', `${type('name="type.pdf"')}\r\n${disposition('filename="own.pdf"')}`, 'own.pdf'],
    ['in both, one empty', `${type('name="type.pdf"')}\r\n${disposition('filename=""')}`, 'type.pdf'],
    ['in both, one with holes', `${type('name="é.pdf"')}\r\n${disposition('filename="\0.pdf"')}`, 'é.pdf'],
    ['as name of the disposition', disposition('name="a.pdf"'), 'a.pdf'],
    ['as filename of the type', type('filename="a.pdf"'), 'a.pdf'],
    ['behind a disposition without semicolon', 'Content-Disposition: attachment filename="a.pdf"', 'a.pdf'],
    ['without a disposition', 'Content-Disposition: filename="a.pdf"', 'a.pdf'],
    ['in a second field', `Content-Disposition: inline\r\n${disposition('filename="b.pdf"')}`, 'b.pdf'],
    ['nowhere', `${type('x=y')}\r\nContent-Description: a.pdf`, undefined],
  ])('%s', async (_trait, header, name) => {
    expect(await listedName(header)).toBe(name);
  });
});

describe('readFileName', () => {
  it('falls back on what mailparser read, as one line that is cut', () => {
    expect(readFileName([], 'a\tb.pdf')).toBe('a b.pdf');
    expect(readFileName(['Content-Type: application/pdf'], 'x'.repeat(5_000))).toBe('x'.repeat(1_000));
    expect(readFileName([], ' ')).toBeUndefined();
    expect(readFileName(['no field at all', ': filename=x', ''], undefined)).toBeUndefined();
  });

  it.each([
    ['blanks', `name${' '.repeat(60_000)}x`],
    ['no equals sign', 'x'.repeat(60_000)],
    ['quotation marks', 'name="x"y '.repeat(6_000)],
    ['backslashes', `name="${'\\'.repeat(60_000)}`],
    ['words that never end', `name=${'=?a?q?'.repeat(10_000)}`],
    ['stars', `name*${' *'.repeat(30_000)}=`],
    ['eight megabytes', `name=${'x'.repeat(8_000_000)}`],
  ])('is done in time: %s', (_trait, parameters) => {
    const started = performance.now();
    for (let round = 0; round < 5; round += 1) {
      readFileName([`Content-Type: a/b; ${parameters}`, `Content-Disposition: a; ${parameters}`], undefined);
    }
    // Some milliseconds; were the time to grow with the square of the length, it would be many seconds.
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
