import { describe, expect, it } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/config/units.ts';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['0s', 0],
    [' 30 s ', 30_000],
  ])('%s is %i ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each([
    ['30', 'without its unit'],
    ['', 'not a duration'],
    ['s', 'not a duration'],
    ['1.5h', 'not a duration'],
    ['-1s', 'not a duration'],
    ['10M', 'not a duration'],
    ['10m30s', 'not a duration'],
    ['1w', 'not a duration'],
    ['99999999999999999d', 'not a duration'],
  ])('%j is refused: %s', (text, message) => {
    expect(parseDuration(text)).toMatchObject({ message: expect.stringContaining(message) });
  });

  it.each([
    [900_000, '15m'],
    [90_000, '90s'],
    [86_400_000, '1d'],
    [1_500, '1500ms'],
  ])('%i ms is written %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['1000', 1000],
    ['7B', 7],
    ['500KB', 512_000],
    ['16MB', 16_777_216],
    ['16mb', 16_777_216],
    ['1 GB', 1_073_741_824],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'MB', '1.5MB', '-1', '16M', '16MiB', '1TB', '9999999999999999GB'])('%j is refused', (text) => {
    expect(parseSize(text)).toMatchObject({ message: 'not a size' });
  });

  it.each([
    [16_777_216, '16MB'],
    [1_536, '1536B'],
    [524_288_000, '500MB'],
  ])('%i bytes are written %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});
