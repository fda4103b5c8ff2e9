/**
 * Time zones as POSIX writes them into TZ: `IST-5:30`,
 * `CET-1CEST,M3.5.0,M10.5.0/3`, `<+03>-3`; read as glibc does.
 *
 * @module
 */

import { daysBeforeYear, isLeapYear, type Period, type Zone } from "./zone.ts";

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;
const DAYS_OF_MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The rules of the United States, where a text has summer time and no rules. */
const DEFAULT_RULES = ",M3.2.0,M11.1.0";
/** When the clocks change, where a rule does not say. */
const DEFAULT_TIME_S = 2 * HOUR_S;
/** As far from UTC as glibc lets a zone be. */
const MAX_HOURS = 24;

const NAME = /^(?:<[A-Za-z0-9+-]{3,}>|[A-Za-z]{3,})/;
const OFFSET = /^([+-]?)(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?/;
const RULE =
  /^,(?:M(\d{1,2})\.(\d)\.(\d)|J(\d{1,3})|(\d{1,3}))(?:\/([+-]?)(\d{1,3})(?::(\d{1,2})(?::(\d{1,2}))?)?)?/;

/** A day of each year, and the local time at which the clocks change on it. */
interface Rule {
  /** Days from January 1st. */
  day(year: number): number;
  /** Seconds from the start of the day, which may lie in another. */
  readonly time: number;
}

/** The zone that a text describes; undefined if it does not describe one. */
export function posixZone(text: string): Zone | undefined {
  const reader = new Reader(text);
  if (reader.take(NAME) === undefined) return undefined;
  const standard = offsetOf(reader.take(OFFSET));
  if (standard === undefined) return undefined;
  const always: Period = { offset: standard, from: -Infinity, until: Infinity };
  if (reader.take(NAME) === undefined) return () => always;
  const summer = offsetOf(reader.take(OFFSET)) ?? standard + HOUR_S;
  const rules = new Reader(reader.rest.length > 1 ? reader.rest : DEFAULT_RULES);
  const start = ruleOf(rules.take(RULE));
  const end = ruleOf(rules.take(RULE));
  if (start === undefined || end === undefined) return () => always;
  return (seconds) => {
    const year = new Date(seconds * 1000).getUTCFullYear();
    if (Number.isNaN(year)) return always;
    const starts = changeIn(year, start, standard);
    const ends = changeIn(year, end, summer);
    const isSummer = starts > ends
      ? seconds < ends || seconds >= starts
      : seconds >= starts && seconds < ends;
    const borders = [daysBeforeYear(year) * DAY_S, starts, ends, daysBeforeYear(year + 1) * DAY_S];
    return {
      offset: isSummer ? summer : standard,
      from: Math.max(...borders.filter((border) => border <= seconds)),
      until: Math.min(...borders.filter((border) => border > seconds)),
    };
  };
}

/** Takes a text apart from its start. */
class Reader {
  rest: string;

  constructor(text: string) {
    this.rest = text;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    const found = pattern.exec(this.rest) ?? undefined;
    if (found !== undefined) this.rest = this.rest.slice(found[0].length);
    return found;
  }
}

/** Seconds ahead of UTC: what POSIX writes is how far UTC is ahead. */
function offsetOf(found: RegExpExecArray | undefined): number | undefined {
  if (found === undefined) return undefined;
  const [, sign, hours, minutes = "0", seconds = "0"] = found;
  const size = Math.min(Number(hours), MAX_HOURS) * HOUR_S +
    Math.min(Number(minutes), 59) * MINUTE_S + Math.min(Number(seconds), 59);
  return sign === "-" ? size : -size;
}

function ruleOf(found: RegExpExecArray | undefined): Rule | undefined {
  if (found === undefined) return undefined;
  const [, month, week, weekday, julian, day, sign, hours, minutes = "0", seconds = "0"] = found;
  const size = Number(hours) * HOUR_S + Number(minutes) * MINUTE_S + Number(seconds);
  const time = hours === undefined ? DEFAULT_TIME_S : sign === "-" ? -size : size;
  if (julian !== undefined) {
    // February 29th is never counted.
    const count = Number(julian);
    return { day: (year) => count - 1 + (count >= 60 && isLeapYear(year) ? 1 : 0), time };
  }
  if (day !== undefined) return { day: () => Number(day), time };
  const [m, w, d] = [Number(month), Number(week), Number(weekday)];
  if (m < 1 || m > 12 || w < 1 || w > 5 || d > 6) return undefined;
  return { day: (year) => dayOfWeek(year, m - 1, w, d), time };
}

/** The day in a year that is a weekday of a week of a month, where the fifth is the last. */
function dayOfWeek(year: number, month: number, week: number, weekday: number): number {
  const days = DAYS_OF_MONTHS.map((count, index) => index === 1 && isLeapYear(year) ? 29 : count);
  const before = days.slice(0, month).reduce((sum, count) => sum + count, 0);
  // 1970 began with a Thursday.
  const first = (((daysBeforeYear(year) + before + 4) % 7) + 7) % 7;
  let day = (weekday - first + 7) % 7 + (week - 1) * 7;
  while (day >= days[month]!) day -= 7;
  return before + day;
}

/**
 * When the clocks change in a year, from `offset`, in seconds after 1970. As in glibc the rules hold
 * from 1970 on: before that it is as it is at the start of 1970.
 */
function changeIn(year: number, rule: Rule, offset: number): number {
  return (daysBeforeYear(Math.max(year, 1970)) + rule.day(year)) * DAY_S + rule.time - offset;
}
