import { GOOGLE, SERVER } from './boxes.ts';
import { onTop, SHOP } from './letters.ts';

/** What `h=` lists where a mail is signed as it should be. */
export const COVERED = [
  ...['from', 'to', 'subject', 'date', 'message-id', 'x-desk-customer-email', 'x-desk-customer-company'],
  ...['x-desk-case-external-id', 'x-desk-case-status', 'x-desk-case-labels', 'x-desk-interaction-direction'],
];

/** The beginning of a signature, as results name it by `header.b`. */
export const B = 'Q2FuSSs/';

interface Tags {
  readonly d?: string;
  readonly s?: string;
  readonly h?: readonly string[];
  readonly a?: string;
  readonly b?: string;
  /** Tags of one's own, as they are to stand there. */
  readonly more?: string;
}

/**
 * A DKIM-Signature whose `b=` nobody has computed. Where a server's results count, its word is all there is: what
 * these tests put on top is what a real one would have found.
 */
export function signature(tags: Tags = {}): string {
  const { d = SHOP, s = 'k1', h = COVERED, a = 'rsa-sha256', b = `${B}c2lnbmF0dXJl`, more = '' } = tags;
  const lines = [`v=1; a=${a}; c=relaxed/relaxed; d=${d}; s=${s};${more}`, `h=${h.join(':')};`];
  return `DKIM-Signature: ${[...lines, 'bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;', `b=${b}`].join('\r\n\t')}`;
}

/** What the server says of a mail that the shop signed. */
export const PASS = `dkim=pass header.d=${SHOP} header.s=k1 header.b=${B}`;

/** What it says of one that only claims so. */
export const FAIL = `dkim=fail (bad signature) header.d=${SHOP} header.s=k1 header.b=${B}`;

export const results = (text: string, server = SERVER) => `Authentication-Results: ${server};\r\n\t${text}`;

const RECEIVED = 'Received: from out.sender.example (out.sender.example [192.0.2.7])';

/**
 * A mail as the mailbox's own server took it in: Postfix with a milter, whose results stand above its Received.
 *
 * @param found what it found; nothing where it wrote no results
 */
export function arrived(message: string, ...found: readonly string[]): string {
  return onTop(
    message,
    ...found.map((text) => results(text)),
    `${RECEIVED}\r\n\tby ${SERVER} (Postfix) with ESMTPS id 4XYZ; Mon, 09 Nov 2026 09:15:01 +0000 (UTC)`,
  );
}

/** A mail as Gmail took it in: its results stand below its Received, and the sender's own fields right below them. */
export function arrivedAtGmail(message: string, found: string): string {
  return onTop(
    message,
    'Delivered-To: support@shop.example',
    'Received: by 2002:a05:7301:1f8d:b0:1c2:abcd with SMTP id x13csp1; Mon, 9 Nov 2026 01:15:02 -0800 (PST)',
    'X-Google-Smtp-Source: AGHT+IHx',
    'X-Received: by 2002:a17:906:f59d with SMTP id cm29; Mon, 09 Nov 2026 01:15:02 -0800 (PST)',
    'ARC-Seal: i=1; a=rsa-sha256; t=1794215702; cv=none; d=google.com; s=arc-20240605; b=QUFB',
    'ARC-Message-Signature: i=1; a=rsa-sha256; c=relaxed/relaxed; d=google.com; s=arc-20240605;\r\n        h=date:subject:to:from; bh=QUFB; fh=QUFB; b=QUFB; dara=google.com',
    `ARC-Authentication-Results: i=1; ${GOOGLE};\r\n       ${found}`,
    'Return-Path: <bounces@sender.example>',
    `${RECEIVED}\r\n        by ${GOOGLE} with ESMTPS id 4fb-20020a170906si1 for <support@shop.example>;\r\n        Mon, 09 Nov 2026 01:15:02 -0800 (PST)`,
    'Received-SPF: pass (google.com: domain of bounces@sender.example designates 192.0.2.7 as permitted sender) client-ip=192.0.2.7;',
    `Authentication-Results: ${GOOGLE};\r\n       ${found}`,
  );
}
