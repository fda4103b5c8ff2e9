/** A time in which a zone is equally far from UTC. */
export interface Period {
  /** Seconds that local time is ahead of UTC. */
  readonly offset: number;
  /** The first second of it, after 1970 (UTC). */
  readonly from: number;
  /** The first second after it. */
  readonly until: number;
}

/** A time zone: the period around each second after 1970 (UTC). */
export type Zone = (seconds: number) => Period;

/** Days from 1970-01-01 to January 1st of a year. */
export function daysBeforeYear(year: number): number {
  const past = year - 1;
  return 365 * (year - 1970) + Math.floor(past / 4) - Math.floor(past / 100) +
    Math.floor(past / 400) - 477;
}

/** Whether a year has a February 29th. */
export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
