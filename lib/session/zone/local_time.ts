/**
 * Broken-down local time without a `Date` for each file: what was found for
 * one moment holds for the whole period around it.
 *
 * @module
 */

import type { Period, Zone } from "./zone.ts";

/** All zones of today change at whole quarters of an hour. */
const QUARTER_HOUR_S = 900;
const DAY_S = 86_400;

/** The zone as JavaScript has it, which knows no TZ in POSIX's form. */
const javascriptZone: Zone = (seconds) => {
  const from = Math.floor(seconds / QUARTER_HOUR_S) * QUARTER_HOUR_S;
  const offset = new Date(from * 1000).getTimezoneOffset() * -60;
  return { offset, from, until: from + QUARTER_HOUR_S };
};

const NOTHING_YET: Period = { offset: 0, from: Infinity, until: -Infinity };

/** How many periods are kept. */
const MAX_PERIODS = 16;

let zone = javascriptZone;
let last = NOTHING_YET;
let before: Period[] = [];

/** The local date and time of a moment. */
export interface LocalTime {
  readonly year: number;
  /** 0 for January. */
  readonly month: number;
  /** From 1. */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** Sets the zone of this process, instead of JavaScript's. */
export function useZone(wanted: Zone): void {
  zone = wanted;
  last = NOTHING_YET;
  before = [];
}

/** Seconds that local time is ahead of UTC at `seconds` after 1970 (UTC). */
export function offsetAt(seconds: number): number {
  if (seconds < last.from || seconds >= last.until) last = periodAt(seconds);
  return last.offset;
}

/** Local time at `seconds` after 1970 (UTC). */
export function localTime(seconds: number): LocalTime {
  return brokenDown(seconds + offsetAt(seconds));
}

/** The date and time of a moment given in seconds of local time. */
export function brokenDown(local: number): LocalTime {
  const days = Math.floor(local / DAY_S);
  const second = local - days * DAY_S;
  return {
    ...civilDate(days),
    hour: Math.floor(second / 3600),
    minute: Math.floor((second % 3600) / 60),
    second: Math.floor(second % 60),
  };
}

function periodAt(seconds: number): Period {
  const known = before.find(({ from, until }) => seconds >= from && seconds < until);
  if (known !== undefined) return known;
  const period = zone(seconds);
  if (before.length >= MAX_PERIODS) before.shift();
  before.push(period);
  return period;
}

/** The Gregorian date of a day counted from 1970-01-01, by eras of 400 years from March 1st. */
function civilDate(days: number): Pick<LocalTime, "year" | "month" | "day"> {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra -
    (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = (monthFromMarch + 2) % 12;
  return {
    year: yearOfEra + era * 400 + (month < 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}
