import { describe, expect, it } from 'vitest';
import { isAutomatic, KINDS, messageKind } from '../../src/message/kind.ts';
import { headersOf } from './build.ts';

const report = (type: string) => `Content-Type: multipart/report; report-type=${type}; boundary=b`;

describe('kinds', () => {
  it.each([
    ['nothing particular', ['Subject: hello'], 'mail'],
    ['no headers', [], 'mail'],
    ['auto-replied', ['Auto-Submitted: auto-replied'], 'auto_reply'],
    ['auto-replied with a parameter', ['Auto-Submitted: Auto-Replied; owner-email="a@x"'], 'auto_reply'],
    ['auto-replied with a comment', ['Auto-Submitted: auto-replied (vacation)'], 'auto_reply'],
    ['auto-generated', ['Auto-Submitted: auto-generated'], 'mail'],
    ['auto-submitted: no', ['Auto-Submitted: no'], 'mail'],
    ['X-Autoreply', ['X-Autoreply: yes'], 'auto_reply'],
    ['X-Autorespond', ['X-Autorespond: Out of office'], 'auto_reply'],
    ['precedence auto_reply', ['Precedence: auto_reply'], 'auto_reply'],
    ['X-Auto-Response-Suppress alone', ['X-Auto-Response-Suppress: All'], 'mail'],
    ['delivery report', [report('delivery-status')], 'bounce'],
    ['delivery report, quoted and in capitals', [report('"Delivery-Status"')], 'bounce'],
    [
      'delivery report that says auto-replied',
      ['Auto-Submitted: auto-replied', report('delivery-status')],
      'bounce',
    ],
    ['read receipt', [report('disposition-notification')], 'receipt'],
    ['feedback report', [report('feedback-report')], 'mail'],
    [
      'feedback report with a boundary of that name',
      [`${report('feedback-report')}-delivery-status`],
      'mail',
    ],
    ['empty return path from a mail system', ['Return-Path: <>', 'From: MAILER-DAEMON@mx.example'], 'bounce'],
    [
      'empty return path with failed recipients, auto-replied too (Exim)',
      ['Return-Path: <>', 'X-Failed-Recipients: joe@example.com', 'Auto-Submitted: auto-replied'],
      'bounce',
    ],
    ['empty return path alone', ['Return-Path: <>', 'From: joe@example.com'], 'mail'],
    [
      'empty return path of an automatic reply',
      ['Return-Path: <>', 'From: joe@example.com', 'Auto-Submitted: auto-replied'],
      'auto_reply',
    ],
    ['mail system with a return path', ['Return-Path: <a@x>', 'From: postmaster@mx.example'], 'mail'],
    ['List-Id', ['List-Id: <l.example.com>'], 'list'],
    ['precedence list', ['Precedence: List'], 'list'],
    ['precedence bulk alone', ['Precedence: bulk'], 'mail'],
    ['List-Unsubscribe alone', ['List-Unsubscribe: <https://example.com/off>'], 'mail'],
    ['automatic reply on a list', ['List-Id: <l.example.com>', 'Auto-Submitted: auto-replied'], 'auto_reply'],
  ] as const)('%s: %s', (_, lines, expected) => {
    expect(messageKind(headersOf(...lines), false)).toBe(expected);
  });

  it.each([
    ['calendar reply', [], 'calendar'],
    ['calendar reply through a list', ['List-Id: <l.example.com>'], 'calendar'],
    ['calendar reply of a machine', ['Auto-Submitted: auto-replied'], 'auto_reply'],
  ])('%s: %s', (_, lines, expected) => {
    expect(messageKind(headersOf(...lines), true)).toBe(expected);
  });

  it('a person writes mail and list only', () => {
    expect(KINDS.filter((kind) => !isAutomatic(kind))).toEqual(['mail', 'list']);
  });
});
