/**
 * Broken-down local time without a `Date` for each file: a zone's offset
 * changes at whole quarters of an hour only, so it is asked for once a quarter.
 *
 * @module
 */

const QUARTER_HOUR = 900;
const DAY = 86_400;

const offsets = new Map<number, number>();

/** The local date and time of a moment. */
export interface LocalTime {
  readonly year: number;
  /** 0 for January. */
  readonly month: number;
  /** From 1. */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

/** Local time at `seconds` after 1970 (UTC), in the zone that the process started with. */
export function localTime(seconds: number): LocalTime {
  const local = seconds + offsetAt(seconds);
  const days = Math.floor(local / DAY);
  const second = local - days * DAY;
  return {
    ...civilDate(days),
    hour: Math.floor(second / 3600),
    minute: Math.floor((second % 3600) / 60),
  };
}

/** Seconds that local time is ahead of UTC. */
function offsetAt(seconds: number): number {
  const quarter = Math.floor(seconds / QUARTER_HOUR);
  let offset = offsets.get(quarter);
  if (offset === undefined) {
    offset = new Date(quarter * QUARTER_HOUR * 1000).getTimezoneOffset() * -60;
    if (offsets.size > 10_000) offsets.clear();
    offsets.set(quarter, offset);
  }
  return offset;
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
